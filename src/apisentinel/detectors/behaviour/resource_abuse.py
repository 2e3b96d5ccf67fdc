"""Resource abuse: one actor takes far more of the server than it should."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class ResourceAbuse:
    """Bytes sent to one actor, or time spent for it, within ten minutes: beyond four times a
    generous bound.

    Catches: bulk downloads, loops over slow calls.
    Misses: expensive single requests; logs without sizes and durations.
    Cost: inside the actor kernel.

    References: OWASP API4:2023; CWE-770.
    """

    id = "resource_abuse"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about bytes or server time."""
        if signal.family != Family.RESOURCES or not self.settings.enabled:
            return None
        facts = signal.facts
        return Evidence(
            self.id,
            AttackType.RESOURCE_ABUSE,
            signal.llr * self.settings.weight,
            (
                Factor(
                    "megabytes sent in ten minutes", round(facts["bytes_10m"] / 1e6), None, "MB"
                ),
                Factor("server time in ten minutes", round(facts["cost_10m_us"] / 1e6), None, "s"),
            ),
        )
