"""Token abuse: stolen, forged and guessed tokens."""

from apisentinel.detectors.base import DetectorSettings
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.signal import ActorSignal, Family
from apisentinel.records.taxonomy import AttackType


class TokenAbuse:
    """A session that goes on from another network with another program, tokens whose head says that
    they are not signed, and refused tokens that change.

    An expired token is refused again and again, and stays the same: it does not count.

    Catches: sessions used beside their owners; JSON web tokens with ``alg`` none or a path as key
    id; guessing of tokens.
    Misses: a thief with the victim's program or network; opaque tokens that are guessed one per
    address.
    Cost: inside the actor kernel. Alerts at the first request of a thief, the second forged token,
    the fourth guessed one.

    References: RFC 8725; OWASP API2:2023; CWE-345, CWE-384; ATT&CK T1539, T1550.001.
    """

    id = "token_abuse"

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence when the signal is about tokens."""
        if signal.family != Family.TOKENS or not self.settings.enabled:
            return None
        facts = signal.facts
        return Evidence(
            self.id,
            AttackType.TOKEN_ABUSE,
            signal.llr * self.settings.weight,
            (
                Factor("refused or forged tokens", round(facts["tokens"]), 0.0, "tokens"),
                Factor("user agents", round(facts["agents"]), 1.0, "agents"),
            ),
        )
