"""The named values of a query or body: JSON at any depth, forms, lists."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

import msgspec

MOST_BYTES = 65_536
"""Longer bodies are not decoded a second time; fields that matter stand in short ones."""
MOST_FIELDS, DEEPEST = 200, 6
"""Fields and levels that are read of one request."""
MOST_TEXT = 4_096
"""Characters of one value."""


class Named(NamedTuple):
    """A value with its name in small letters without separators."""

    name: str
    value: Any
    where: str


def _name(text: str) -> str:
    return text.lower().replace("_", "").replace("-", "")


def _walk(value: Any, where: str, depth: int) -> Iterator[Named]:
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            place = f"{where}.{key}"[:120]
            yield Named(_name(str(key)), inner, place)
            if isinstance(inner, dict | list):
                yield from _walk(inner, place, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict | list):
                yield from _walk(inner, where, depth + 1)


def _pairs(text: str, where: str) -> Iterator[Named]:
    for part in text.split("&", MOST_FIELDS):
        key, equals, value = part.partition("=")
        if equals:
            name = unquote_plus(key[:100])
            yield Named(_name(name), unquote_plus(value[:MOST_TEXT]), f"{where} {name}")


def fields_of(query: bytes | None, body: bytes | None) -> list[Named]:
    """The named values of a request, at most `MOST_FIELDS`; never raises.

    Example:
        >>> found = fields_of(b"per_page=5", b'{"a":{"is_admin":1}}')
        >>> [(field.name, field.value) for field in found]
        [('perpage', '5'), ('a', {'is_admin': 1}), ('isadmin', 1)]
    """
    out: list[Named] = []
    if query:
        out += _pairs(query[:MOST_BYTES].decode("utf-8", "replace"), "query")
    if body and len(body) <= MOST_BYTES:
        start = body.lstrip()[:1]
        if start in (b"{", b"["):
            try:
                decoded = msgspec.json.decode(body)
            except (msgspec.DecodeError, RecursionError, ValueError):
                decoded = None
            for field in _walk(decoded, "body $", 0):
                out.append(field)
                if len(out) >= MOST_FIELDS:
                    break
        else:
            out += _pairs(body.decode("utf-8", "replace"), "body")
    return out[:MOST_FIELDS]
