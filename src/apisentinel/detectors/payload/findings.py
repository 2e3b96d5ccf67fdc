"""What the payload detector says about a request."""

import msgspec

from apisentinel.records.taxonomy import AttackType

FIRM = 6.9
"""Natural log likelihood ratio from which a finding is an attack by itself (1 : 1000)."""

CAP = 9.2
"""Highest `Finding.llr`; no rule knows more than 1 : 10,000."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Evidence of one attack type in one place of a request.

    Attributes:
        attack_type: Family.
        llr: Natural log of the likelihood ratio attack : normal, 0 to `CAP`; `FIRM` or more is an
            attack by itself, 3 to 6 is suspicious, below 3 weak.
        raw_llr: The same without cap, for ranking.
        rules: Ids of the patterns that matched, strongest first.
        where: Place in the request, such as ``query q`` or ``body $.user.name``.
        match: The decoded part that the strongest rule saw, printable, at most 120 characters.
        decode_layers: Encodings that were undone to see it.
    """

    attack_type: AttackType
    llr: float
    raw_llr: float
    rules: tuple[str, ...]
    where: str
    match: str
    decode_layers: int


def request_score(findings: list[Finding]) -> float:
    """One fine-grained number for a request: the strongest finding, other types and places adding
    little.

    Returns:
        At least 0; comparable to `Finding.raw_llr`.
    """
    score, share = 0.0, 1.0
    for raw in sorted((finding.raw_llr for finding in findings), reverse=True)[:4]:
        score += raw * share
        share *= 0.2
    return score
