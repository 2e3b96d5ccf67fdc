"""Token sharing: an access token in two hands."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.detectors.identity.tokens import BESIDE_LLR
from apisentinel.records.evidence import Evidence, Factor


class TokenSharing:
    """An access token comes with another program from another network than the one that had it
    first.

    Within ten minutes of its owner's use it is an alert, and more when the owner goes on beside it;
    later it is a hint, because people move to new devices. A program that comes with three
    people's tokens passes them on (a gateway, a renderer) and says nothing. Keys of programs are
    left alone: only tokens that expire, or that a user's browser or app brought first, count.

    Catches: stolen access tokens used beside their owners, without a session id.
    Misses: a thief with the victim's program or network; tokens that only thieves use.
    Cost: below 0.2 µs a request with a token; 400 bytes a token, 50,000 at most.

    References: RFC 9449 (sender-constrained tokens); RFC 6750, section 5; OWASP API2:2023;
    CWE-294, CWE-384; ATT&CK T1550.001.
    """

    id = "token_sharing"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the client that came second."""
        if sign.what != "shared" or not self.settings.enabled:
            return None
        beside = "within ten minutes" if sign.llr >= BESIDE_LLR else "later"
        return Evidence(
            self.id, sign.kind, sign.llr * self.settings.weight,
            (
                Factor("programs in different networks with one token", 2, 1, "programs"),
                Factor("used after its owner", beside, "not at all"),
            ),
            (), True,
        )  # fmt: skip
