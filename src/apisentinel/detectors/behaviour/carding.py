"""Carding: stolen or guessed cards tried out with small payments."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class Carding:
    """Payments of one client, session or user are declined one after the other.

    Wald's test over declined and accepted payments (people 15 %, lists of cards 80 %), with
    forgetting over ten minutes to a week. A reply that says so in words and status 402 count in
    full, 422 in part, since it may be about the form; the same request again hardly counts. A
    source that pays a lot has credit: a till, a partner that pays for its customers.

    Catches: lists of cards, guessing of expiry and security codes, fast or slow, by one address,
    session or user.
    Misses: one try per address and account; declines that neither status nor logged reply tells;
    endpoints whose path does not speak of paying.
    Cost: a few microseconds a payment. Alerts at the seventh declined within minutes.

    References: OWASP OAT-001, OAT-010, API6:2023; CWE-799; CAPEC-112.
    """

    id = "carding"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the client, session or user."""
        if sign.what != "cards" or not self.settings.enabled:
            return None
        factor = Factor("payments declined in a day", round(sign.actual, 1), sign.usual, "payments")
        return Evidence(self.id, sign.kind, sign.llr * self.settings.weight, (factor,))
