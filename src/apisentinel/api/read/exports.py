"""Lists as files: CSV that no spreadsheet runs, and NDJSON; streamed, with a cap of rows."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from apisentinel.api.http.answers import dumps
from apisentinel.api.query.paging import Asked
from apisentinel.storage.query import LARGEST_LIMIT, Listing, Page

ROWS: Final = 1_000_000
"""Rows of one export at most; more is a job for the Parquet files."""
BLOCK: Final = 64 << 10
"""Bytes sent in one piece."""

FORMULA: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""First characters that make spreadsheets run a cell, full-width forms included."""

Row = dict[str, Any]


def cell(value: Any) -> str:
    r"""A value as a cell: lists joined, control and bidirectional characters visible, and an
    apostrophe before what a spreadsheet would run.

    Example:
        >>> cell("=1+1"), cell(-5), cell(None), cell(["a", "b"]), cell("a\tb")
        ("'=1+1", "'-5", '', 'a b', 'a\\x09b')
    """
    if isinstance(value, str):
        return _safe(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        value = " ".join(
            str(each.get("id", "")) if isinstance(each, dict) else str(each) for each in value
        )
    elif isinstance(value, dict):
        value = str(value["id"]) if "id" in value else dumps(value).decode()
    return _safe(str(value))


def _safe(text: str) -> str:
    text = visible(text)
    return f"'{text}" if text.lstrip(" \u00a0\u3000")[:1] in FORMULA and text.strip() else text


def visible(text: str) -> str:
    r"""A text with everything that is not seen written as an escape.

    Example:
        >>> visible("a\x1b[2J\u202e")
        'a\\x1b[2J\\u202e'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def csv_blocks(rows: Iterable[Row], columns: Sequence[str]) -> Iterator[bytes]:
    """A CSV document (RFC 4180) with a line of names; every cell is quoted."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row.get(name)) for name in columns])
        if buffer.tell() >= BLOCK:
            yield buffer.getvalue().encode("utf-8", "replace")
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode("utf-8", "replace")


def ndjson_blocks(rows: Iterable[Row], columns: Sequence[str] = ()) -> Iterator[bytes]:
    """A document with one JSON object a line."""
    block = bytearray()
    for row in rows:
        shown = {name: row.get(name) for name in columns} if columns else row
        block += dumps(shown) + b"\n"
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)


def paged(read: Callable[[Page], Listing], asked: Asked, most: int) -> Iterator[Row]:
    """The rows of a list, page after page, up to a number."""
    page = msgspec.structs.replace(asked.page, limit=min(LARGEST_LIMIT, most))
    left = most
    while True:
        found = read(page)
        yield from found.items[:left]
        left -= len(found.items)
        if found.next is None or left <= 0:
            return
        page = msgspec.structs.replace(page, cursor=found.next)
