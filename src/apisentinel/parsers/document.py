"""Inputs that are one JSON document instead of lines: HAR, lists of objects, envelopes with
records, pretty-printed objects.

They become lines: a kernel finds the records by counting brackets and writes each on a line of its
own. No Python object is made for any of them, and one broken record does not spoil the others;
whether a record is valid is the line parser's matter.
"""

from typing import Any

import numpy as np

from apisentinel.errors import ParseError
from apisentinel.kernels.bytes import padded
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.parsers.json_pairs import next_item
from apisentinel.parsers.json_syntax import (
    CLOSE_LIST,
    OPEN_LIST,
    OPEN_OBJECT,
    QUOTE,
    SPACE,
    skip_space,
    skip_value,
)

MAX_DOCUMENT = 64 * 1024 * 1024
"""Bytes of a document, which has to be in memory as a whole. Browser recordings and cloud exports
are far smaller; larger collections are exported as lines by every tool."""

HEAD = 64 * 1024
"""Bytes from the start of an input that decide whether it is a document."""

ENVELOPES = (
    "entries",
    "records",
    "Records",
    "logs",
    "events",
    "requests",
    "items",
    "hits",
    "data",
    "value",
)
"""Members whose list holds the records of an envelope; ``log`` and ``hits`` may hold such an object
themselves."""

_NAMES = np.frombuffer("".join(ENVELOPES).encode() + b"loghits", np.uint8).copy()
_STARTS = np.concatenate(
    ([0], np.cumsum([len(name) for name in (*ENVELOPES, "log", "hits")]))
).astype(np.int64)
_LISTS = len(ENVELOPES)
_LINE_END = 0x0A


@inline
def _key(source, begin, end, first, last):
    """Number of the name that equals the key, -1 for none."""
    for k in range(first, last):
        size = _STARTS[k + 1] - _STARTS[k]
        if size != end - begin:
            continue
        same = True
        for j in range(size):
            if source[begin + j] != _NAMES[_STARTS[k] + j]:
                same = False
                break
        if same:
            return np.int64(k)
    return np.int64(-1)


@inline
def _holds_objects(source, at, end):
    """True for a list that is empty or begins with an object."""
    i = skip_space(source, at + 1, end)
    return i < end and (source[i] == OPEN_OBJECT or source[i] == CLOSE_LIST)


@inline
def _records(source, begin, end):
    """Index of the list of records of the envelope at `begin`, -1 when it is none."""
    i = begin + 1
    levels = 0
    while True:
        i = next_item(source, i, end)
        if i >= end or source[i] != QUOTE:
            return np.int64(-1)
        after = skip_value(source, i, end)
        first, last = i + 1, after - 1
        i = next_item(source, after, end)
        if i >= end:
            return np.int64(-1)
        if (
            source[i] == OPEN_LIST
            and _key(source, first, last, 0, _LISTS) >= 0
            and _holds_objects(source, i, end)
        ):
            return np.int64(i)
        if (
            levels == 0
            and source[i] == OPEN_OBJECT
            and _key(source, first, last, _LISTS, _LISTS + 2) >= 0
        ):
            levels = 1
            i += 1
            continue
        i = max(skip_value(source, i, end), i + 1)


@inline
def _copy(source, begin, end, out, at):
    """Writes one record as a line; line ends inside are white space between its tokens."""
    for k in range(begin, end):
        c = source[k]
        out[at] = SPACE if c == _LINE_END or c == 0x0D else c
        at += 1
    out[at] = _LINE_END
    return at + 1


@kernel("int64(uint8[::1], int64, uint8[::1])")
def split_document(source, end, out):
    """Writes the records of the documents in ``source[:end]`` as lines to `out` (twice as long).

    Returns their length.
    """
    i, at = np.int64(0), np.int64(0)
    if end >= 3 and source[0] == 0xEF and source[1] == 0xBB and source[2] == 0xBF:
        i = np.int64(3)
    listed = False
    while True:
        i = np.int64(next_item(source, i, end))
        if i >= end:
            return at
        c = source[i]
        if listed and c == CLOSE_LIST:
            listed = False
            i += 1
            continue
        if not listed and c == OPEN_LIST:
            listed = True
            i += 1
            continue
        after = np.int64(max(skip_value(source, i, end), i + 1))
        if c != OPEN_OBJECT:
            stop = i
            while stop < end and source[stop] != _LINE_END and not (listed and stop >= after):
                stop += 1
            after = max(stop, i + 1)
        elif not listed:
            inner = _records(source, i, after)
            if inner >= 0:
                k = inner + 1
                while True:
                    k = np.int64(next_item(source, k, after))
                    if k >= after or source[k] == CLOSE_LIST:
                        break
                    stop = np.int64(max(skip_value(source, k, after), k + 1))
                    at = _copy(source, k, stop, out, at)
                    k = stop
                i = after
                continue
        at = _copy(source, i, after, out, at)
        i = after


def is_document(head: bytes) -> bool:
    """True when an input that begins with these bytes (up to `HEAD`) is a document and not lines.

    Args:
        head: The first bytes; a list of objects, an indented object, a HAR recording, an envelope
            whose first member is its list, and several objects on one line count as documents.
    """
    text = head[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"["):
        rest = text[1:].lstrip()
        return rest[:1] in {b"{", b"]"}
    if not text.startswith(b"{"):
        return False
    rest = text[1:]
    inner = rest.lstrip()
    if not inner.startswith(b'"'):
        return False
    if b"\n" in rest[: len(rest) - len(inner)]:
        return True
    key, _, value = inner[1:].partition(b'"')
    value = value.lstrip().removeprefix(b":").lstrip()
    if key == b"log" and value.startswith(b"{"):
        return b'"entries"' in text or b'"creator"' in text
    if key.decode("ascii", "replace") in ENVELOPES and value.startswith(b"["):
        return value[1:].lstrip()[:1] in {b"{", b"]"}
    return _shares_line(text)


def _shares_line(text: bytes) -> bool:
    """True when a further object begins on the line on which the first one ends."""
    buffer: Any = padded(text)
    line = text.find(b"\n")
    return bool(_first_end(buffer, len(text) if line < 0 else line))


@kernel("boolean(uint8[::1], int64)")
def _first_end(source, end):
    i = skip_space(source, skip_value(source, 0, end), end)
    return i < end and source[i] == OPEN_OBJECT


def expand(data: bytes, *, limit: int = MAX_DOCUMENT) -> bytes:
    r"""The records of a document as lines, each with a line end.

    Args:
        data: One or more JSON values.
        limit: Most bytes that are accepted.

    Raises:
        ParseError: The document is larger than `limit`.

    Example:
        >>> expand(b'[{"a": 1},\n {"a": 2}]')
        b'{"a": 1}\n{"a": 2}\n'
    """
    if len(data) > limit:
        raise ParseError(
            f"a JSON document of {len(data):,} bytes is larger than the limit of {limit:,};"
            " write its records as one object a line, for example with: jq -c '.[]' (lists),"
            " jq -c '.log.entries[]' (HAR)"
        )
    source: Any = padded(data)
    out = np.empty(2 * len(data) + 64, np.uint8)
    size = split_document(source, len(data), out)
    return out[:size].tobytes()
