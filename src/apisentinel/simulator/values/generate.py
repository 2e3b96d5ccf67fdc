"""Draws hostile and honest values.

Everything here was written for this purpose, from the references of the languages; nothing was
taken from a collection of payloads or from recorded traffic. Equal seeds give equal values.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from apisentinel.simulator.values.dice import Dice
from apisentinel.simulator.values.grammar import MAX_TEXT, load_grammar
from apisentinel.simulator.values.mutate import MUTATIONS, written

DOCUMENTS = {
    "attacks_query": ("sqli", "nosqli", "ldapi"),
    "attacks_markup": ("xss", "ssti", "xxe"),
    "attacks_system": (
        "cmdi", "traversal", "ssrf", "rfi", "log4shell", "crlf", "deserialization",
        "graphql_abuse", "prompt_injection",
    ),
}  # fmt: skip
FAMILIES = {family: name for name, families in DOCUMENTS.items() for family in families}
"""Attack types that have a grammar, and its document."""

BENIGN = tuple(load_grammar("benign").families)
"""Kinds of honest values."""

WEIGHTS = {"sqli": 4.0, "xss": 3.0, "cmdi": 4.0, "traversal": 1.5, "ssti": 1.5}
"""How often a family is drawn; 1 where nothing is said. Languages with more words need more."""

MUTATED = 0.45
"""Share of attacks that are written otherwise than the grammar says."""


MOST_CHANGES = 4
"""Each may make a text several times as long."""
RECASED = 0.1
"""Share of honest values in capitals, or without any."""


class Sample(NamedTuple):
    """A value.

    Attributes:
        kind: Attack type, or kind of honest value.
        text: As it is sent.
        hostile: Whether it is an attack.
        form: Number of the sentence of the grammar that it was made from.
    """

    kind: str
    text: bytes
    hostile: bool
    form: int


def attack(family: str, dice: Dice) -> Sample:
    """A hostile value of a family."""
    grammar = load_grammar(FAMILIES[family])
    form = dice.below(len(grammar.families[family]))
    text = grammar.text(family, form, dice)
    changes = 0
    while changes < MOST_CHANGES and dice.chance(MUTATED):
        text = dice.pick(MUTATIONS)(text, dice)[:MAX_TEXT]
        changes += 1
    return Sample(family, _bytes(text, dice), hostile=True, form=form)


def benign(kind: str, dice: Dice) -> Sample:
    """An honest value of a kind."""
    grammar = load_grammar("benign")
    form = dice.below(len(grammar.families[kind]))
    text = grammar.text(kind, form, dice)
    if dice.chance(RECASED):
        text = text.upper() if dice.chance(0.5) else text.lower()
    return Sample(kind, _bytes(text, dice), hostile=False, form=form)


def _bytes(text: str, dice: Dice) -> bytes:
    return written(text, dice).encode("utf-8", "replace")


def samples(
    seed: int, attacks: int, honest: int, families: Sequence[str] = tuple(FAMILIES)
) -> Iterator[Sample]:
    """Distinct values: attacks of all families by their weights, then honest ones of all kinds."""
    dice = Dice(seed, "values")
    ends = list(accumulate(WEIGHTS.get(family, 1.0) for family in families))
    seen: set[bytes] = set()
    for at in range(attacks + honest):
        if at < attacks:
            place = bisect(ends, dice.share() * ends[-1])
            made = attack(families[min(place, len(families) - 1)], dice)
        else:
            made = benign(dice.pick(BENIGN), dice)
        if made.text and made.text not in seen:
            seen.add(made.text)
            yield made
