"""The parsers of JSON lines: one format by its mapping, or whichever known one each line has."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.parsers.base import Reason
from apisentinel.parsers.json_choice import MAPPINGS, WRAPPED, choose, mark_tables
from apisentinel.parsers.json_formats_records import WRAPPER
from apisentinel.parsers.json_kernel import parse_json_lines, work_space
from apisentinel.parsers.json_samples import SAMPLES, TITLES
from apisentinel.parsers.mapping import JsonMapping, Tables, compile_mapping
from apisentinel.parsers.registry import Format, Shape, register
from apisentinel.records.batch import TEXT_INDEX, Bytes, Spans, empty_columns

UNWRAPPED = 254
"""Internal reason: the line was the envelope of another one; `begin` and `end` of this row are now
those of the inner line, which is no JSON and goes to the text formats."""

MAX_WRAPS = 3
"""Envelopes around one line that are taken off; a shipper behind a container runtime makes two."""

INNER = TEXT_INDEX["request_body"]
LINE_ENDS = (0x0A, 0x0D)
OPEN_OBJECT = 0x7B
Array = npt.NDArray[Any]


@dataclass
class _Lines:
    """The lines of a call and where their columns go; see `Parser.parse`."""

    buffer: Bytes
    begin: Array
    end: Array
    spans: Spans
    numbers: dict[str, Array]
    reason: Array
    variant: Array

    def run(self, tables: Tables, rows: Array) -> Array:
        """Runs the kernel over rows; returns the marks of all lines (see `parse_json_lines`)."""
        marks = np.zeros(self.begin.size, np.int64)
        numbers = self.numbers
        longest = int((self.end[rows] - self.begin[rows]).max()) if rows.size else 0
        parse_json_lines(
            self.buffer,
            self.begin,
            self.end,
            rows,
            tables.keys,
            tables.codes,
            tables.rows,
            tables.literals,
            tables.required,
            tables.flags,
            self.spans,
            numbers["ts"],
            numbers["status"],
            numbers["request_bytes"],
            numbers["response_bytes"],
            numbers["duration_us"],
            self.reason,
            marks,
            *work_space(longest),
        )
        return marks


class _JsonParser:
    """What both parsers share: the two ways to be called. Thread-safe, no state between calls.

    Attributes:
        name: Format name.
        variants: Names of the formats that `parse_into` tells apart.
        has_headers: False; headers stay inside their line, no spare bytes are needed.
    """

    has_headers = False
    name = "json"
    variants: tuple[str, ...] = ()

    def parse(
        self,
        buffer: Bytes,
        begin: Array,
        end: Array,
        pick: Array,
        spans: Spans,
        numbers: dict[str, Array],
        reason: Array,
    ) -> None:
        """Parses the picked lines; see `Parser.parse`. Envelopes of text lines are refused."""
        variant = np.zeros(begin.size, np.uint8)
        lines = _Lines(buffer, begin.copy(), end.copy(), spans, numbers, reason, variant)
        self.read(lines, np.ascontiguousarray(pick), keep_text=False)

    def parse_into(
        self,
        buffer: Bytes,
        begin: Array,
        end: Array,
        pick: Array,
        start: int,
        spans: Spans,
        numbers: dict[str, Array],
        reason: Array,
        variant: Array,
        room: Array,
    ) -> int:
        """Like `parse` for ``pick[start:]``, and always finishes.

        The format of each accepted line, an index into `variants`, goes to `variant`. The envelope
        of a text line gets the reason `UNWRAPPED` and the bounds of the inner line.
        """
        del room
        lines = _Lines(buffer, begin, end, spans, numbers, reason, variant)
        self.read(lines, np.ascontiguousarray(pick[start:]), keep_text=True)
        return int(pick.size)

    def read(self, lines: _Lines, rows: Array, *, keep_text: bool) -> None:
        """Gives every one of the rows its columns or a reason."""
        raise NotImplementedError


class JsonLinesParser(_JsonParser):
    """A `Parser` for JSON objects, one a line, by one mapping."""

    def __init__(self, mapping: JsonMapping) -> None:
        self.name = mapping.name
        self.variants = (mapping.name,)
        self.tables = compile_mapping(mapping)

    def read(self, lines: _Lines, rows: Array, *, keep_text: bool) -> None:
        """Parses rows by the mapping."""
        del keep_text
        lines.run(self.tables, rows)
        lines.variant[rows] = 0


class AnyJsonParser(_JsonParser):
    """A `Parser` that tells the format of each line from its keys, and takes off envelopes.

    The format is a function of the line alone, so files may mix formats, and results do not depend
    on neighbours. An envelope of a JSON line is parsed here; one of a text line is handed back.
    """

    def __init__(self) -> None:
        self.variants = tuple(mapping.name for mapping in MAPPINGS)
        self._marks = mark_tables()
        self._wrapper = compile_mapping(WRAPPER)
        self._tables: dict[int, Tables] = {}

    def read(self, lines: _Lines, rows: Array, *, keep_text: bool) -> None:
        """Parses rows and, envelope after envelope, what they carry.

        Lines that are refused in the end get their bytes and bounds back.
        """
        wrapped = self._round(lines, rows)
        if not wrapped.size:
            return
        before = lines.buffer.copy()
        first, last = lines.begin[wrapped], lines.end[wrapped]
        inner = wrapped
        for _ in range(MAX_WRAPS):
            inner = self._round(lines, self._unwrap(lines, inner))
        reason = lines.reason
        reason[inner] = Reason.TOO_DEEP
        if not keep_text:
            reason[wrapped[reason[wrapped] == UNWRAPPED]] = Reason.NO_REQUEST
        refused = (reason[wrapped] != Reason.OK) & (reason[wrapped] != UNWRAPPED)
        lines.begin[wrapped[refused]] = first[refused]
        lines.end[wrapped[refused]] = last[refused]
        for a, b in zip(first[refused].tolist(), last[refused].tolist(), strict=True):
            lines.buffer[a:b] = before[a:b]

    def _round(self, lines: _Lines, rows: Array) -> Array:
        """Parses rows by the format of each; returns those that are envelopes of other lines."""
        bits = lines.run(self._marks, rows)[rows]
        valid = lines.reason[rows] == Reason.OK
        rows, bits = rows[valid], bits[valid]
        distinct, which = np.unique(bits, return_inverse=True)
        codes = np.array([choose(int(found)) for found in distinct], np.int64)[which]
        for code in np.unique(codes).tolist():
            if code == WRAPPED:
                continue
            if code not in self._tables:
                self._tables[code] = compile_mapping(MAPPINGS[code])
            picked = np.ascontiguousarray(rows[codes == code])
            lines.run(self._tables[code], picked)
            lines.variant[picked] = code
        return np.ascontiguousarray(rows[codes == WRAPPED])

    def _unwrap(self, lines: _Lines, rows: Array) -> Array:
        """Sets the bounds of rows to their inner lines; returns those with JSON inside."""
        spans, numbers = empty_columns(lines.begin.size)
        replace(lines, spans=spans, numbers=numbers).run(self._wrapper, rows)
        rows = rows[lines.reason[rows] == Reason.OK]
        first, last = spans[INNER, rows, 0], spans[INNER, rows, 1].copy()
        for _ in LINE_ENDS:
            last -= (last > first) & np.isin(lines.buffer[last - 1], LINE_ENDS)
        lines.begin[rows], lines.end[rows] = first, last
        lines.reason[rows] = UNWRAPPED
        return np.ascontiguousarray(rows[lines.buffer[first] == OPEN_OBJECT])


def json_parser(mapping: JsonMapping) -> JsonLinesParser:
    """A parser of one known format."""
    return JsonLinesParser(mapping)


register(
    Format(
        name="json",
        title=(
            "any of the JSON formats below, told apart line by line, also inside the envelopes of"
            " docker, Kubernetes and log shippers"
        ),
        sample=SAMPLES["ndjson"],
        make=AnyJsonParser,
        shapes=(Shape.JSON,),
        rank=10,
        family="json",
    )
)
for _mapping in MAPPINGS:
    register(
        Format(
            name=_mapping.name,
            title=TITLES[_mapping.name],
            sample=SAMPLES[_mapping.name],
            make=partial(json_parser, _mapping),
            family="json",
        )
    )
