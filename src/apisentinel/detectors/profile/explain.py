"""What is unusual in a request and what is usual instead, in words.

Values are described, not shown: what a parameter holds may be a secret.
"""

from typing import NamedTuple

import numpy as np

from apisentinel.detectors.profile.items import NAME_BEGIN, NAME_END, Items
from apisentinel.detectors.profile.knowledge import Knowledge
from apisentinel.detectors.profile.observe import Observations
from apisentinel.detectors.profile.places import BODY, JSON, PLACE_NAMES, SEGMENT
from apisentinel.detectors.profile.profile import Details
from apisentinel.detectors.profile.properties import (
    CHILD,
    CONTEXT,
    LENGTH,
    MAGNITUDE,
    PROPERTY_WORDS,
    SIGN,
    TYPE,
    TYPE_NAMES,
    VALUE,
    WORD,
    length_of_bin,
    number_of_bin,
)
from apisentinel.records.batch import RequestBatch
from apisentinel.records.evidence import Factor

SHOWN = 3
"""Values of a request that are explained."""
LEAST = 0.7
"""Surprise below which something is not worth a word."""
NAME_SHOWN = 40
FEW_VALUES = 50
WORDS_KEPT = 10_000
"""Parameters whose habits are kept in words."""
MOST_BINS = 128
COMMON = 0.02
"""Share of the values from which on a kind of value is called usual."""


class Odd(NamedTuple):
    """One thing that is unusual: what it is called, how it is, how it usually is."""

    name: str
    actual: str
    usual: str | None
    surprise: float


def odd_things(details: Details, batch: RequestBatch, row: int) -> list[Odd]:
    """What is unusual in a request, strongest first."""
    items, seen, surprise = details.of(row)
    knowledge = details.scorer.profile.knowledge
    found: dict[int, list[int]] = {}
    for i in np.argsort(-surprise, kind="stable").tolist():
        if surprise[i] < LEAST or len(found) > SHOWN:
            break
        item = int(seen.item[i])
        found.setdefault(item if item >= 0 else -1 - int(seen.property[i]), []).append(i)
    out = []
    for item, observations in list(found.items())[:SHOWN]:
        strongest = observations[0]
        told = surprise[strongest]
        if item < 0 or int(seen.property[strongest]) in (CHILD, WORD):
            out.append(_of_request(knowledge, seen, strongest, float(told)))
        else:
            out.append(_of_value(knowledge, batch, items, seen, strongest, float(told)))
    return out


def _of_request(knowledge: Knowledge, seen: Observations, at: int, surprise: float) -> Odd:
    what = int(seen.property[at])
    n = knowledge.weight_of(int(seen.owner[at]), what)
    usual = f"another one, in {n:,.0f} requests" if n >= 1 else None
    actual = "never seen here" if surprise > 1.5 else "rarely seen here"
    return Odd(PROPERTY_WORDS[what], actual, usual, surprise)


def _of_value(
    knowledge: Knowledge,
    batch: RequestBatch,
    items: Items,
    seen: Observations,
    at: int,
    surprise: float,
) -> Odd:
    item, what = int(seen.item[at]), int(seen.property[at])
    name = f"{PLACE_NAMES[items.place[item]]} {_name(batch, items, item)}".strip()
    owner, parent = int(seen.owner[at]), int(seen.parent[at])
    if what < VALUE or what > CONTEXT:
        return Odd(name, f"{PROPERTY_WORDS[what]} never seen here", None, surprise)
    known = owner if knowledge.weight_of(owner, VALUE) >= 1 or not parent else parent
    return Odd(name, _looks(items, item, what), _habits_of(knowledge, known), surprise)


def _name(batch: RequestBatch, items: Items, item: int) -> str:
    if items.place[item] in (SEGMENT, BODY):
        return ""
    begin, end = int(items.span[item, NAME_BEGIN]), int(items.span[item, NAME_END])
    text = batch.buffer[begin : min(end, begin + NAME_SHOWN)].tobytes().decode("utf-8", "replace")
    return f"$.{text}" if items.place[item] == JSON and text else text


def _looks(items: Items, item: int, what: int) -> str:
    """A value in words."""
    begin, end = int(items.span[item, 0]), int(items.span[item, 1])
    text = items.text[begin:end].tobytes()
    size = int(items.length[item])
    said = f"{size} byte{'' if size == 1 else 's'}"
    signs = sorted({chr(c) for c in text if 32 < c < 127 and not chr(c).isalnum()})
    if any(c < 32 for c in text):
        said += " with control characters"
    elif signs:
        said += f" with {' '.join(signs[:12])}"
    elif text.isdigit():
        said += ", digits"
    elif text.isalpha():
        said += ", letters"
    return f"new {PROPERTY_WORDS[what]}: {said}" if what != VALUE else f"new value: {said}"


def _habits_of(knowledge: Knowledge, owner: int) -> str | None:
    """What a parameter usually holds, worked out once."""
    if owner not in knowledge.words:
        if len(knowledge.words) >= WORDS_KEPT:
            knowledge.words.clear()
        knowledge.words[owner] = _habits(knowledge, owner)
    return knowledge.words[owner]


def _habits(knowledge: Knowledge, owner: int) -> str | None:
    """What a parameter usually holds."""
    n = knowledge.weight_of(owner, VALUE)
    if n < 1:
        return None
    values = knowledge.values_of(owner)
    looks = max(knowledge.weight_of(owner, TYPE), 1.0)
    types = zip(knowledge.shares_of(owner, TYPE, len(TYPE_NAMES)), TYPE_NAMES, strict=True)
    common = [name for weight, name in sorted(types, reverse=True) if weight >= COMMON * looks]
    said = " or ".join(common[:3]) or "nothing in common"
    lengths = np.flatnonzero(knowledge.shares_of(owner, LENGTH, MOST_BINS)).tolist()
    numbers = np.flatnonzero(knowledge.shares_of(owner, MAGNITUDE, MOST_BINS)).tolist()
    if numbers and set(common) <= {"whole number", "number"}:
        said += f" of {number_of_bin(numbers[0])}–{number_of_bin(numbers[-1] + 1)}"
    elif lengths:
        said += f" of {length_of_bin(lengths[0])}–{length_of_bin(lengths[-1])} bytes"
    shares = knowledge.shares_of(owner, SIGN, 127)
    signs = "".join(
        chr(c) for c in range(33, 127) if not chr(c).isalnum() and shares[c] >= COMMON * looks
    )
    if signs:
        said += f" with {signs}"
    if values <= FEW_VALUES:
        said += f", {values} different"
    return f"{said}; in {n:,.0f} requests"


def factors_of(details: Details, batch: RequestBatch, row: int) -> tuple[Factor, ...]:
    """What is unusual in a request, as factors of evidence."""
    return tuple(Factor(odd.name, odd.actual, odd.usual) for odd in odd_things(details, batch, row))
