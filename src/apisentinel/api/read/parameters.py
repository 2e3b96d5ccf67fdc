"""Parameters of an endpoint, as its newest stored requests show them."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote_plus

from apisentinel.api.query.shapes import clip

REQUESTS: Final = 2_000
"""Newest requests that are looked at: enough to tell what is usual, in a tenth of a second."""
PARAMETERS: Final = 100
"""Names that are told of, the most frequent ones; attackers invent more."""
DISTINCT: Final = 1_000
"""Values of one parameter that are told apart."""
EXAMPLES: Final = 5
FLAGS: Final = frozenset({"true", "false", "yes", "no", "on", "off"})
LONGEST_INTEGER: Final = 18
"""Digits of a whole number that fits 64 bits whatever they are."""
SHORTEST_ID: Final = 8
MARK: Final = "redacted"
"""What stands in the place of a secret begins with it."""
PAIRS: Final = 200
"""Parameters of one request that are read."""


class Parameter:
    """What the values of one parameter were like."""

    def __init__(self) -> None:
        self.requests = 0
        self.kinds: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        self.lengths = [1 << 30, 0]
        self.range: list[int] | None = None

    def add(self, value: str) -> None:
        """Notes one value."""
        kind = kind_of(value)
        self.kinds[kind] += 1
        self.lengths = [min(self.lengths[0], len(value)), max(self.lengths[1], len(value))]
        if kind == "integer":
            number = int(value)
            low, high = self.range or (number, number)
            self.range = [min(low, number), max(high, number)]
        if value in self.values or len(self.values) < DISTINCT:
            self.values[value] += 1

    def row(self, name: str, requests: int) -> dict[str, Any]:
        """What is told of it."""
        return {
            "name": clip(name),
            "where": "query",
            "requests": self.requests,
            "share": round(self.requests / requests, 4),
            "kinds": dict(self.kinds.most_common()),
            "distinct": len(self.values),
            "length": {"least": self.lengths[0], "most": self.lengths[1]},
            "range": None
            if self.range is None
            else {"least": self.range[0], "most": self.range[1]},
            "examples": [clip(value) for value, _ in self.values.most_common(EXAMPLES)],
        }


def kind_of(value: str) -> str:
    """What a value looks like: `empty`, `integer`, `number`, `flag`, `id`, `redacted` or `text`.

    Example:
        >>> [kind_of(v) for v in ("", "12", "1.5", "true", "a-b c", "9f86d081884c7d65", "redacted")]
        ['empty', 'integer', 'number', 'flag', 'text', 'id', 'redacted']
    """
    if not value:
        return "empty"
    digits = value.removeprefix("-")
    whole, dot, part = digits.partition(".")
    if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_INTEGER:
        return "integer"
    if dot and (whole + part).isascii() and whole.isdigit() and part.isdigit():
        return "number"
    if value.startswith(MARK):
        return MARK
    return "flag" if value.lower() in FLAGS else "id" if _is_id(value) else "text"


def _is_id(value: str) -> bool:
    plain = value.replace("-", "").replace("_", "")
    return len(plain) >= SHORTEST_ID and plain.isalnum() and any(c.isdigit() for c in plain)


def parameters_of(queries: Iterable[str | None]) -> list[dict[str, Any]]:
    """Rows of the parameters in some query strings, the most frequent first.

    Args:
        queries: Query strings as received; None and empty ones count as requests without any.
    """
    found: dict[str, Parameter] = {}
    requests = 0
    for query in queries:
        requests += 1
        seen = set()
        for piece in (query or "").split("&", PAIRS)[:PAIRS]:
            raw_name, _, raw = piece.partition("=")
            name = unquote_plus(raw_name)
            if not name or (name not in found and len(found) >= PARAMETERS * 10):
                continue
            parameter = found.setdefault(name, Parameter())
            parameter.add(unquote_plus(raw))
            if name not in seen:
                seen.add(name)
                parameter.requests += 1
    ranked = sorted(found.items(), key=lambda item: (-item[1].requests, item[0]))
    return [parameter.row(name, requests) for name, parameter in ranked[:PARAMETERS]]
