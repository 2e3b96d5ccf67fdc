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

DISPROVEN_LLR, DISPROVEN_INSISTS_LLR = 4.5, 6.0
"""An address that the operator does not publish, or a wrong signature where right ones of that key
were seen before: people try how their pages look to a crawler, once.
"""
UNSURE_LLR, UNSURE_INSISTS_LLR = 2.5, 4.0
"""A wrong signature of a key that never was right here: a proxy may change what is signed."""

HIGHEST = 6.0
"""The claim itself is cheap, so it never says more than this."""


class FakeBot:
    """A client claims to be a search engine's crawler and does what those never do.

    The claim is compared with the known networks of the largest crawlers; an address outside of
    them is a reason for doubt, and from the tenth request on an alert. For other names an alert
    needs other evidence: payloads, guessing of passwords or paths.

    Where the operator's own list of networks is configured (`enrichment.bots.ranges`), it takes the
    place of ours. A program that signs its requests (Web Bot Auth, `enrichment.bots.keys`) is
    believed when the signature is right, and disbelieved when it is wrong, expired, somebody
    else's, or was used from another network before; when the log does not hold what was signed, or
    the key is not known, it stays a claim. Proven programs are not told of for crawling, scraping
    and automation.

    Catches: attackers that hide behind a crawler's name.
    Misses: quiet scrapers with the name of a crawler of which no networks are known; signatures of
    programs that come under a browser's name.
    Cost: a look at the first and the tenth request of a client; 200 µs for a signature.

    References: RFC 9421; draft-ietf-webbotauth-httpsig-protocol; OWASP OAT-004; CAPEC-151;
    ATT&CK T1036.
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

    def disproven(
        self, agent: str, why: str, *, is_known: bool, insists: bool = False
    ) -> Evidence | None:
        """Evidence from an address or a signature that speaks against the name.

        Args:
            agent: User agent.
            why: What was found, in words.
            is_known: It is known that right ones look different here.
            insists: The client has sent some requests under that name already.
        """
        if not self.settings.enabled:
            return None
        first, later = (
            (DISPROVEN_LLR, DISPROVEN_INSISTS_LLR) if is_known else (UNSURE_LLR, UNSURE_INSISTS_LLR)
        )
        factors = (
            Factor("claims to be a known crawler", agent[:120], "proves it"),
            Factor("proof of it", why, "published address or signature"),
        )
        llr = later if insists else first
        return Evidence(self.id, AttackType.FAKE_BOT, llr * self.settings.weight, factors)
