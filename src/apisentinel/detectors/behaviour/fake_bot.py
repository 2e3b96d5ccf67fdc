"""Fake bot: attacks under the name of a well-known crawler."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.behaviour.crawler_ranges import contradicts
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

NEEDED = 3.0
"""Evidence of attack (nats) from which on the claim is disbelieved."""


FOREIGN_LLR = 3.0
"""The name of a crawler from a network in which its operator does not crawl. The networks are kept
by hand and may lag behind what operators publish, so this alone never alerts.
"""

HIGHEST = 6.0
"""The claim itself is cheap, so it never says more than this."""


class FakeBot:
    """A client claims to be a search engine's crawler and does what those never do.

    The claim is compared with the known networks of the two largest crawlers; an address outside
    of them is a reason for doubt. For an alert, other evidence is needed: payloads, guessing of
    passwords or paths.

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

    def by_address(self, agent: str, address: str) -> Evidence | None:
        """Evidence from an address that is none of the claimed crawler's."""
        if not self.settings.enabled or contradicts(agent, address) is None:
            return None
        factor = Factor("claims to be a known crawler", agent[:120], "comes from its networks")
        return Evidence(self.id, AttackType.FAKE_BOT, FOREIGN_LLR * self.settings.weight, (factor,))
