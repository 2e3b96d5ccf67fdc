"""Token forgery: JSON web tokens that their issuer would not write."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class TokenForgery:
    """The head or the life of a JSON web token is none of its issuer's.

    Unsigned tokens (``alg`` none in any spelling) and key ids that are a path or a query are odd by
    themselves. Compared with what was accepted of the issuer before (twenty tokens): a symmetric
    algorithm where it signs with a private key, a key that the token brings along (``jwk``,
    ``jku``, ``x5u``), and a life of four times the longest and more than a day.

    Catches: forged tokens at the first, key confusion, injected keys; when it was accepted it says
    so.
    Misses: forged tokens that look like the issuer's; encrypted tokens; tokens that the way in
    replaced (`door.redact`), except those that are odd by themselves.
    Cost: 10 µs for each different token; nothing for the next requests with it.

    References: RFC 8725, sections 2.1 and 3.1; OWASP API2:2023; CWE-345, CWE-347; CAPEC-196.
    """

    id = "token_forgery"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the client that sent it."""
        if sign.what != "forged" or not self.settings.enabled:
            return None
        factors = [Factor("a token that", sign.note, "its issuer's")]
        if sign.usual:
            factors.append(
                Factor("life of the token", round(sign.actual), round(sign.usual, 1), "h")
            )
        return Evidence(
            self.id, sign.kind, sign.llr * self.settings.weight, tuple(factors), (),
            sign.succeeded,
        )  # fmt: skip
