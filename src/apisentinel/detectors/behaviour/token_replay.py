"""Token replay: a refresh token in two hands."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.detectors.identity.signs import IdentitySign
from apisentinel.records.evidence import Evidence, Factor


class TokenReplay:
    """A refresh token that worked once comes again with another program from another network.

    The owner's program repeats itself from its own network or takes its program along; a copy does
    neither. Where tokens rotate, the second use is refused, which is the same sign.

    Catches: stolen refresh tokens, from the first use beside their owner.
    Misses: bodies that are not logged; a thief with the victim's program or network.
    Cost: a microsecond a refresh; 50,000 tokens are remembered.

    References: RFC 9700, section 4.14.2; RFC 6819, section 5.2.2.3; CWE-294; ATT&CK T1550.001.
    """

    id = "token_replay"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, sign: IdentitySign) -> Evidence | None:
        """Evidence about the client that comes second."""
        if sign.what != "replay" or not self.settings.enabled:
            return None
        factor = Factor("uses of one refresh token by different programs", 2, 1, "programs")
        return Evidence(
            self.id, sign.kind, sign.llr * self.settings.weight, (factor,), (),
            sign.succeeded or None,
        )  # fmt: skip
