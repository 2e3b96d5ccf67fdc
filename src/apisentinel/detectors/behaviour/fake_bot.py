"""Fake bot: attacks under the name of a well-known crawler."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

NEEDED = 3.0
"""Evidence of attack (nats) from which on the claim is disbelieved."""


HIGHEST = 6.0
"""The claim itself is cheap, so it never says more than this."""


class FakeBot:
    """A client claims to be a search engine's crawler and does what those never do.

    Without DNS at hand the claim itself cannot be checked, so other evidence is needed: payloads,
    guessing of passwords or paths, or a browser's agent from the same client.

    Catches: attackers that hide behind a crawler's name.
    Misses: quiet scrapers with such a name.
    """

    id = "fake_bot"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, agent: str, other_llr: float) -> Evidence | None:
        """Evidence from the claimed name and the strongest other evidence about the client."""
        if other_llr < NEEDED or not self.settings.enabled:
            return None
        factor = Factor("claims to be a known crawler", agent[:120], "a crawler sends no attacks")
        return Evidence(
            self.id, AttackType.FAKE_BOT, min(HIGHEST, other_llr) * self.settings.weight, (factor,)
        )
