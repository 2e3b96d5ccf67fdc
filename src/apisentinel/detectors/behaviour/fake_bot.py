"""Fake bot: attacks under the name of a well-known crawler."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.behaviour.crawler_ranges import contradicts
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.taxonomy import AttackType

NEEDED = 3.0
"""Evidence of attack (nats) from which on the claim is disbelieved."""


FOREIGN_LLR, INSISTS_LLR = 3.0, 5.3
"""The name of a crawler from a network in which its operator does not crawl. The networks are kept
by hand and may lag behind what operators publish, so one request alone never alerts: people try how
their pages look to a crawler. Who goes on under that name does.
"""

HIGHEST = 6.0
"""The claim itself is cheap, so it never says more than this."""


class FakeBot:
    """A client claims to be a search engine's crawler and does what those never do.

    The claim is compared with the known networks of the largest crawlers; an address outside of
    them is a reason for doubt, and from the tenth request on an alert. For other names an alert
    needs other evidence: payloads, guessing of passwords or paths.

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

    def by_address(self, agent: str, address: str, *, insists: bool = False) -> Evidence | None:
        """Evidence from an address that is none of the claimed crawler's.

        Args:
            agent: User agent.
            address: Canonical text of the client's address.
            insists: The client has sent some requests under that name already.
        """
        if not self.settings.enabled or contradicts(agent, address) is None:
            return None
        factor = Factor("claims to be a known crawler", agent[:120], "comes from its networks")
        llr = INSISTS_LLR if insists else FOREIGN_LLR
        return Evidence(self.id, AttackType.FAKE_BOT, llr * self.settings.weight, (factor,))
