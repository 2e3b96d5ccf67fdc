"""Fields, amounts, queries and texts of marked requests against what others sent to the same
endpoint.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from apisentinel.detectors.content import (
    Amounts,
    Exposure,
    GraphQL,
    Instructions,
    Named,
    Privileges,
    Shape,
    Totals,
    fields_of,
    shape_of,
)
from apisentinel.features.body_marks import (
    AMOUNT,
    AMOUNTS,
    GRAPHQL,
    INSTRUCTION,
    PAGING,
    PRIVILEGE,
    PRIVILEGES,
)
from apisentinel.features.reply_marks import SECRETS
from apisentinel.pipeline.content_memory import (
    ContentMemory,
    KnownAmount,
    KnownField,
    KnownQueries,
    KnownReplies,
)
from apisentinel.pipeline.content_totals import KnownTotals
from apisentinel.records.evidence import Evidence

FIELDS_KEPT, AMOUNTS_KEPT, QUERIES_KEPT, REPLIES_KEPT = 5_000, 5_000, 500, 2_000
"""Fields, numbers and endpoints remembered; the oldest gives way."""
YOUNG = 30
"""Requests of an endpoint during which whoever sends a field makes it part of the form."""
EARLY_ENOUGH, ENOUGH = 3, 12
"""Principals that make a field part of the form, and secrets part of the replies: while the
endpoint is young, and later, when three may all be thieves.
"""
VOICES_EACH, PRINCIPALS_KEPT = 8, 64
"""Numbers of one principal that shape what is usual, and principals remembered for a number."""
TOLD = 3.0
"""Evidence from which on a value is not learned from."""
SIGNED = frozenset(
    ("lat", "lon", "lng", "latitude", "longitude", "x", "y", "z", "delta", "diff", "timezone", "tz",
     "utcoffset", "temperature", "change", "adjustment", "score", "vote", "rssi", "altitude")
)  # fmt: skip
"""Names of numbers that are below nothing by nature."""
BELOW, NOTHING = -1000, -999
"""Bins of what is negative, and of zero."""
TOLERANCE = 6
"""Half octaves that a value may be beyond the usual: a factor of eight."""
MOST_TEXTS = 20
_PRIVILEGES, _AMOUNTS = frozenset(PRIVILEGES), frozenset(AMOUNTS)


class Asked(NamedTuple):
    """The request whose content is judged.

    Attributes:
        principal: Hash of who stands behind it.
        requests: Which request of its endpoint it is, from 1.
        stated: Prices that it states for products whose price is known, rows of `STATED`.
    """

    endpoint: int
    principal: int
    requests: int
    path: str
    query: bytes | None
    body: bytes | None
    stated: tuple[Any, ...] = ()


class Contents:
    """Judges marked requests and learns from them. Deterministic in their order."""

    def __init__(
        self,
        privileges: Privileges,
        amounts: Amounts,
        graphql: GraphQL,
        instructions: Instructions,
        exposure: Exposure,
        totals: Totals,
    ) -> None:
        self._totals = KnownTotals(totals)
        self._exposure = exposure
        self._replies: dict[int, KnownReplies] = {}
        self._privileges, self._amounts = privileges, amounts
        self._graphql, self._instructions = graphql, instructions
        self._fields: dict[tuple[int, str], KnownField] = {}
        self._numbers: dict[tuple[int, str], KnownAmount] = {}
        self._queries: dict[int, KnownQueries] = {}

    def judge(self, asked: Asked, marks: int) -> Iterator[tuple[str, Evidence]]:
        """Signature and evidence of each sign in a request."""
        named = fields_of(asked.query, asked.body)
        if marks & PRIVILEGE:
            yield from self._privilege(asked, named)
        if marks & AMOUNT:
            yield from self._amount(asked, named)
            yield from self._totals.judge(asked.endpoint, asked.principal, asked.body, asked.stated)
        if marks & GRAPHQL:
            yield from self._asks(asked, named)
        if marks & INSTRUCTION:
            yield from self._orders(asked, named)

    def _privilege(self, asked: Asked, named: list[Named]) -> Iterator[tuple[str, Evidence]]:
        done = set()
        # fields of earlier requests: those of one request are one form
        earlier = self._tried(asked)
        for field in named:
            name = field.name.strip("$")
            if name not in _PRIVILEGES or not field.where.startswith("body") or name in done:
                continue
            done.add(name)
            key = (asked.endpoint, name)
            known = self._fields.get(key)
            if known is None:
                _make_room(self._fields, FIELDS_KEPT)
                known = self._fields[key] = KnownField(asked.endpoint, name, 0, [])
            others = len(known.principals) - (asked.principal in known.principals)
            is_part = known.early >= EARLY_ENOUGH or others >= ENOUGH
            if asked.principal not in known.principals and len(known.principals) <= ENOUGH:
                known.principals.append(asked.principal)
                known.early += asked.requests <= YOUNG
            if is_part:
                continue
            tried = 1 if name in earlier else 1 + len(earlier)
            evidence = self._privileges.evidence(name, field.where, asked.requests, others, tried)
            if evidence is not None:
                yield f"{name}|{asked.endpoint}", evidence

    def _tried(self, asked: Asked) -> set[str]:
        """Fields that this principal sent to the endpoint before and that are no part of its
        form.
        """
        return {
            known.name
            for known in self._fields.values()
            if known.endpoint == asked.endpoint
            and asked.principal in known.principals
            and known.early < EARLY_ENOUGH
            and len(known.principals) <= ENOUGH
        }

    def _amount(self, asked: Asked, named: list[Named]) -> Iterator[tuple[str, Evidence]]:
        for field in named:
            value = _number(field.value) if field.name not in SIGNED else None
            if value is None:
                continue
            if field.name not in _AMOUNTS and (value >= 0 or isinstance(field.value, str)):
                continue
            key = (asked.endpoint, field.name)
            known = self._numbers.get(key)
            if known is None:
                _make_room(self._numbers, AMOUNTS_KEPT)
                known = self._numbers[key] = KnownAmount(asked.endpoint, field.name, {}, {})
            evidence = self._compare(known, field, value, asked.requests)
            if evidence is not None:
                # the same number at the next step of a flow is one number
                yield f"{field.name}|{value:.6g}", evidence
            if evidence is None or evidence.llr < TOLD or field.name not in _AMOUNTS:
                _learn(known, asked.principal, _bin(value))

    def _compare(
        self, known: KnownAmount, field: Named, value: float, requests: int
    ) -> Evidence | None:
        place = _bin(value)
        values, principals = sum(known.bins.values()), len(known.voices)
        if field.where.startswith("query") or field.name not in _AMOUNTS:
            # what is not marked is not looked at: requests without a large or negative one count
            values, principals = max(values, requests - 1), max(principals, requests // 10)
        edge: float | None = None
        if place <= NOTHING:
            beyond = known.bins.get(place, 0)
        else:
            ordinary = [other for other in known.bins if other > NOTHING]
            above = sum(known.bins[other] for other in ordinary if other >= place - TOLERANCE)
            below = sum(known.bins[other] for other in ordinary if other <= place + TOLERANCE)
            beyond = min(above, below)
            if ordinary and beyond == 0:
                edge = _value_of(max(ordinary) if above == 0 else min(ordinary))
        return self._amounts.evidence(
            field.where, value, values=values, principals=principals, beyond=beyond,
            edge=edge, is_paging=field.name in PAGING,
        )  # fmt: skip

    def _asks(self, asked: Asked, named: list[Named]) -> Iterator[tuple[str, Evidence]]:
        texts = [f.value for f in named if f.name in {"query", "mutation"} and _is_query(f.value)]
        if not texts:
            return
        shapes = [shape_of(text, len(texts)) for text in texts[:MOST_TEXTS]]
        shape = Shape(*(max(values) for values in zip(*shapes, strict=True)))
        known = self._queries.get(asked.endpoint)
        if known is None:
            _make_room(self._queries, QUERIES_KEPT)
            known = self._queries[asked.endpoint] = KnownQueries(asked.endpoint, principals=[])
        found = self._graphql.evidence(shape, Shape(known.depth, known.aliases, known.batch, 0))
        for name, evidence in found:
            yield f"{name}|{asked.endpoint}", evidence
        if not found:
            known.depth = max(known.depth, shape.depth)
            known.aliases = max(known.aliases, shape.aliases)
            known.batch = max(known.batch, shape.batch)

    def _orders(self, asked: Asked, named: list[Named]) -> Iterator[tuple[str, Evidence]]:
        texts = [field for field in named if isinstance(field.value, str)][:MOST_TEXTS]
        for field in texts:
            evidence = self._instructions.evidence(field.value, field.where, asked.path)
            if evidence is not None:
                yield f"orders|{evidence.factors[0].actual}"[:80], evidence

    def reply(self, asked: Asked, mails: int) -> tuple[str, Evidence] | None:
        """Signature and evidence of a reply with many mail addresses, or with secrets."""
        known = self._replies.get(asked.endpoint)
        if known is None:
            _make_room(self._replies, REPLIES_KEPT)
            known = self._replies[asked.endpoint] = KnownReplies(asked.endpoint)
        others = [count for who, count in known.most.items() if who != asked.principal]
        if mails == SECRETS:
            is_habit = known.early >= EARLY_ENOUGH or len(known.secrets) >= ENOUGH
            evidence = None if is_habit else self._exposure.secrets()
            if asked.principal not in known.secrets and not is_habit:
                # a few who always get secrets are told; then it is the endpoint's habit
                known.secrets.append(asked.principal)
                known.early += asked.requests <= YOUNG
            return None if evidence is None else ("secrets", evidence)
        # three others make it usual, so that nobody does alone
        usual = sorted(others)[-EARLY_ENOUGH] if len(others) >= EARLY_ENOUGH else 0
        if asked.requests <= YOUNG and others:
            usual = max(others)
        evidence = self._exposure.mails(mails, usual, asked.requests)
        if asked.principal in known.most or len(known.most) < PRINCIPALS_KEPT:
            known.most[asked.principal] = max(known.most.get(asked.principal, 0), mails)
        return None if evidence is None else (f"mails|{mails}", evidence)

    def memory(self) -> ContentMemory:
        """What a successor has to know."""
        return ContentMemory(
            list(self._fields.values()), list(self._numbers.values()),
            list(self._queries.values()), list(self._replies.values()), self._totals.memory(),
        )  # fmt: skip

    def recall(self, memory: ContentMemory) -> None:
        """Takes over what an earlier one remembered."""
        self._fields = {(known.endpoint, known.name): known for known in memory.fields}
        self._numbers = {(known.endpoint, known.name): known for known in memory.amounts}
        self._queries = {known.endpoint: known for known in memory.queries}
        self._replies = {known.endpoint: known for known in memory.replies}
        self._totals.recall(memory.totals)


def _make_room(kept: dict, most: int) -> None:  # type: ignore[type-arg]  # dicts of any kind
    if len(kept) >= most:
        del kept[next(iter(kept))]


def _is_query(value: object) -> bool:
    return isinstance(value, str) and "{" in value


def _number(value: object) -> float | None:
    """The number that a value is, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (not value or len(value) > 24 or value[-1] not in "0123456789."):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _bin(value: float) -> int:
    """Half octave of a positive number."""
    if value < 0:
        return BELOW
    return NOTHING if value == 0 else math.floor(2 * math.log2(value))


def _value_of(place: int) -> float:
    return round(math.pow(2.0, place / 2), 2)


def _learn(known: KnownAmount, principal: int, place: int) -> None:
    voices = known.voices.get(principal, 0)
    if voices >= VOICES_EACH or (voices == 0 and len(known.voices) >= PRINCIPALS_KEPT):
        return
    known.voices[principal] = voices + 1
    known.bins[place] = known.bins.get(place, 0) + 1
