"""Enumeration: walking through identifiers to see which exist."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class Enumeration:
    """Identifiers in steady steps, mostly refused or missing.

    Catches: loops over user, order or document numbers.
    Misses: random identifiers and walks in random order.
    Cost: inside the actor kernel. Alerts after about fifteen steps.

    References: OWASP API1:2023; CWE-204; CAPEC-575.
    """

    id = "enumeration"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about a walk that mostly misses."""
        if signal.family != Family.ENUMERATION or not self.settings.enabled:
            return None
        facts = signal.facts
        return Evidence(
            self.id,
            AttackType.ENUMERATION,
            signal.llr * self.settings.weight,
            (
                Factor(
                    "identifiers asked for in steady steps", round(facts["walk"]), 2.0, "requests"
                ),
                Factor("different objects", round(facts["objects"]), None, "objects"),
            ),
        )
