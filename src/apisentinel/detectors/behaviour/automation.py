"""Automation: a program where a person is claimed."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType

HIGHEST = 3.5
"""Automation is no attack: it supports other evidence and never alerts alone."""


class Automation:
    """Gaps like a timer's, a browser that loads no assets and comes from nowhere.

    Catches: scripts behind a browser's user agent.
    Misses: driven real browsers. Pages that poll by themselves look the same, hence the low bound.
    Cost: inside the actor kernel.

    References: OWASP OAT; Suchacka et al., "Efficient on-the-fly Web bot detection", 2021.
    """

    id = "automation"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence, at most `HIGHEST`, when the signal is about machine-like use."""
        if signal.family != Family.AUTOMATION or not self.settings.enabled:
            return None
        regular = Factor(
            "spread of the gaps between pages", round(signal.facts["gap_cv"], 2), 1.0, "× mean"
        )
        return Evidence(
            self.id,
            AttackType.AUTOMATION,
            min(signal.llr, HIGHEST) * self.settings.weight,
            (regular,),
        )
