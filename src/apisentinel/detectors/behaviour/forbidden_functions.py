"""Forbidden functions: trying what only others may do."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class ForbiddenFunctions:
    """One function after the other that is new for this actor, and forbidden (403).

    A function of an administration area counts nearly double; functions that are allowed speak
    against it.

    Catches: users that try the functions of the staff.
    Misses: functions that let them in, see `closed_endpoint`; APIs that answer 404 or 200.
    Cost: inside the actor kernel. Alerts at the second forbidden administration function, else at
    the fourth forbidden function.

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
