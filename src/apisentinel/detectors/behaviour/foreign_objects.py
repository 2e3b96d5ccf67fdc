"""Foreign objects: what belongs to somebody else."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType


class ForeignObjects:
    """A user asks for objects that another user got first, at an endpoint whose objects almost
    always stay with one user.

    What is shared is learned: where more than 2.5 % of the requests are for objects of others,
    nothing is said. Nobody makes sharing usual alone.

    Catches: reading objects of others by their ids, from the third one on, let in or refused.
    Misses: objects that their owners never asked for here; traffic without user ids.
    Cost: inside the endpoint kernel; 8 bytes an object.

    References: OWASP API1:2023; CWE-639; CAPEC-122.
    """

    id = "foreign_objects"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the user that asks."""
        if signal.what != "foreign" or not self.settings.enabled:
            return None
        factor = Factor("requests for objects of others", round(signal.actual), 0.0, "requests")
        return Evidence(self.id, AttackType.BOLA, signal.strength * self.settings.weight, (factor,))
