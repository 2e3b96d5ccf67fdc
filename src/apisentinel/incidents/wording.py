"""The one sentence that says why, from the evidence itself."""

from collections.abc import Iterable, Sequence

from apisentinel.incidents.phrases import phrase
from apisentinel.records.case import Case
from apisentinel.records.evidence import Evidence

PHRASES = 3
"""What a reader takes in at once; the factors say the rest."""

LEARNED = frozenset({"ensemble", "profile"})
"""Detectors that say how far something is from what was learned: told after what was seen."""


def named(kind: str, ident: str) -> str:
    """Who a sentence is about: an address speaks for itself, everything else says what it is.

    Example:
        >>> named("client", "192.0.2.1"), named("user", "ann"), named("endpoint", "GET /a")
        ('192.0.2.1', 'User ann', 'Endpoint GET /a')
    """
    return ident if kind == "client" else f"{kind.capitalize()} {ident}"


def phrases(evidence: Iterable[Evidence]) -> list[str]:
    """The first phrases, one of each attack type, none twice, what was seen before what was
    learned.
    """
    said: list[str] = []
    types = set()
    for piece in sorted(evidence, key=lambda piece: piece.detector in LEARNED):
        if len(said) == PHRASES:
            break
        if piece.attack_type in types:
            continue
        words = phrase(piece)
        if words not in said:
            said.append(words)
            types.add(piece.attack_type)
    return said


def reason(
    cases: Sequence[Case],
    evidence: Sequence[Evidence],
    endpoints: Sequence[str],
    *,
    succeeded: bool | None,
) -> str:
    """One sentence: who did what, where, and whether it seems to have worked."""
    lead = cases[0]
    who = named(lead.ref.kind, lead.ref.id)
    if len(cases) > 1:
        who += f" (and {len(cases) - 1} more)"
    said = ", ".join(phrases(evidence)) or "behaved unusually"
    where = f" at {endpoints[0]}" if endpoints and lead.ref.kind != "endpoint" else ""
    ending = {
        True: ", and it seems to have succeeded",
        False: "; every such request was refused",
        None: "",
    }[succeeded]
    return f"{who} {said}{where}{ending}."
