"""Closed endpoint: what the staff uses from its offices, used from elsewhere."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import EndpointSignal
from apisentinel.records.taxonomy import AttackType


class ClosedEndpoint:
    """A user comes to an endpoint from a network that is none of the few (at most four) from which
    all of its users come, once at least five users and forty requests are known, and colleagues
    share those networks.

    A user who was seen inside before is an insider at an unusual place, another one uses a
    function of others. An endpoint that a quarter of its requests reach from elsewhere is not
    closed.

    Catches: functions of the staff used by customers, though they are let in; staff accounts used
    from homes.
    Misses: staff that works from everywhere; traffic without user ids.
    Cost: inside the endpoint kernel. Alerts at the first request.

    References: OWASP API5:2023; CWE-862; ATT&CK T1078.
    """

    id = "closed_endpoint"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: EndpointSignal) -> Evidence | None:
        """Evidence about the user that comes from outside."""
        if signal.what != "outside" or not self.settings.enabled:
            return None
        kind = AttackType.INSIDER_MISUSE if signal.sources > 0 else AttackType.BFLA
        factor = Factor("requests from another network", round(signal.actual), 0.0, "requests")
        usual = Factor("networks that use it", round(signal.usual), None, "networks")
        return Evidence(self.id, kind, signal.strength * self.settings.weight, (factor, usual))
