"""Forbidden functions: trying what only others may do."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class ForbiddenFunctions:
    """One function after the other that is new for this actor, and forbidden (403).

    A function of an administration area counts nearly double; functions that are allowed speak
    against it. Where few clients come and the path says that it is the staff's, every refusal of a
    user counts, of the same function, too: whoever works there is let in.

    Catches: users that try the functions of the staff, those that let them in now and then, too.
    Misses: functions that let them in, see `closed_endpoint`; APIs that answer 404 or 200.
    Cost: inside the actor kernel; a microsecond for a request in a place of the staff. Alerts at
    the second forbidden administration function, else at the fourth forbidden function.

    References: OWASP API5:2023; CWE-285, CWE-862; CAPEC-122.
    """

    id = "forbidden_functions"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about forbidden functions."""
        if signal.family != Family.FORBIDDEN or not self.settings.enabled:
            return None
        facts = signal.facts
        return Evidence(
            self.id,
            AttackType.BFLA,
            signal.llr * self.settings.weight,
            (
                Factor("refused in ten minutes", round(facts["denied_10m"], 1), 0.0, "requests"),
                Factor("different endpoints", round(facts["endpoints"]), None),
            ),
        )

    def among_staff(self, llr: float, refused: int, asked: int) -> Evidence | None:
        """Evidence about a user that is refused where the staff works.

        Args:
            llr: Nats.
            refused, asked: Its requests there.
        """
        if not self.settings.enabled:
            return None
        factor = Factor("requests refused where the staff works", refused, 0, "requests", n=asked)
        return Evidence(self.id, AttackType.BFLA, llr * self.settings.weight, (factor,))
