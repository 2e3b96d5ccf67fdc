"""Skipped steps: a business flow entered in the middle."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class SkippedSteps:
    """A user calls an endpoint without having called what almost everybody calls before it within
    the last half hour.

    Needed steps are mined: an endpoint that came before at least 97 % of forty first calls or more.
    When a quarter of the calls lack a step, the flow has changed and is learned anew.

    Catches: payments without a checkout, orders without a basket, scripts that call one function
    only.
    Misses: scripts that walk the whole flow; steps that are taken on another host without user ids.
    Cost: inside the actor kernel; 256 bytes an endpoint.

    References: OWASP API6:2023; CWE-841; CAPEC-140.
    """

    id = "skipped_steps"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about steps left out."""
        if signal.family != Family.SEQUENCE or not self.settings.enabled:
            return None
        factor = Factor(
            "calls without the steps before", round(signal.facts["skipped"]), 0.0, "requests"
        )
        return Evidence(
            self.id, AttackType.SEQUENCE_ABUSE, signal.llr * self.settings.weight, (factor,)
        )
