"""Gives every line of a file to the parsers that can read it, so that files may mix formats.

In ``auto`` the shape of a line (its first bytes) selects a fixed list of formats, and the first one
that accepts the line wins. With a chosen format that one comes first and the list is for the lines
it refuses. Either way the result of a line depends on the line alone, so chunk size, thread count
and file split cannot show; the exceptions are ``#Fields:`` lines, which hold for the rest of their
file.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import PADDING
from apisentinel.parsers.base import REASON_TEXT, Parser, Reason
from apisentinel.parsers.lines import Lines, find_shapes
from apisentinel.parsers.registry import Format, Shape, automatic
from apisentinel.parsers.text import NO_ROOM
from apisentinel.parsers.w3c import DIRECTIVE, fields_parser
from apisentinel.records.batch import Bytes, RequestBatch, Spans, empty_columns

EXAMPLE_BYTES = 200
"""Bytes of a refused line that are kept as an example."""

BLOCK_LINES = 1 << 16
"""Lines for which columns are held at once (200 bytes each); a chunk of endless one-byte lines must
not fill the memory.
"""

SHORTEST_LINE = 16
"""Bytes of the shortest request line of any known format; shorter lines are refused without columns
in ``auto``.
"""

TEXT_SHAPES = (Shape.BRACKET, Shape.SLASH_DATE, Shape.DASH_DATE, Shape.TEXT)
"""Shapes of lines that are no JSON."""

UNWRAPPED = 254
"""Reason that a JSON parser gives when the line was the envelope of a text line, whose bounds it
has set (`json_lines`).
"""

Array = npt.NDArray[Any]


@runtime_checkable
class _Filling(Protocol):
    """A parser that names the format of each line and may need spare bytes behind the chunk."""

    name: str
    variants: tuple[str, ...]

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
    ) -> int: ...


@dataclass
class ParsedChunk:
    """What the lines of a chunk gave.

    Attributes:
        batch: Requests in the order of their lines. `seq` is for the caller to set.
        lines: Number of lines.
        rejected: Reason in words → number of lines, beginning of the first of them.
        line_numbers: int64 ``(n_rows,)``, line of each request, counted from 0 within the file.
        formats: Format name → number of requests.
    """

    batch: RequestBatch
    lines: int
    rejected: dict[str, tuple[int, bytes]]
    line_numbers: npt.NDArray[np.int64]
    formats: Counter[str] = field(default_factory=Counter)


@dataclass
class _Block:
    """Columns and results of up to `BLOCK_LINES` lines."""

    begin: Array
    end: Array
    spans: Spans
    numbers: dict[str, Array]
    reason: Array
    variant: Array

    @classmethod
    def of(cls, begin: Array, end: Array) -> "_Block":
        n = begin.size
        spans, numbers = empty_columns(n)
        return cls(
            begin, end, spans, numbers, np.full(n, Reason.NO_MATCH, np.uint8), np.zeros(n, np.uint8)
        )


class LineRouter:
    """Parses the chunks of one file, in order.

    Args:
        primary: Parser of a chosen format, None for ``auto``.
        name: Name for the report when the file gives no request.

    Thread safety: one call at a time; a file's chunks in their order.
    """

    def __init__(self, primary: Parser | None = None, name: str = "auto") -> None:
        self.primary = primary
        self.name = name
        self._fields: Parser | None = None
        self._line = 0
        self._made: dict[str, Parser] = {}
        self._lists: dict[int, list[Format]] = {int(shape): automatic(shape) for shape in Shape}
        self._buffer: Bytes = np.zeros(PADDING, np.uint8)
        self._room = np.zeros(2, np.int64)

    def copy(self) -> "LineRouter":
        """A router of the same choice that has seen nothing yet."""
        return LineRouter(self.primary, self.name)

    def parse_chunk(self, buffer: Bytes, size: int, *, final: bool = False) -> ParsedChunk:
        """Parses whole lines.

        Args:
            buffer: uint8; owned by the result afterwards, which may rewrite it or hold a longer
                copy.
            size: Valid bytes; bytes up to `PADDING` before the end of the buffer are used for
                composed headers.
            final: True when the input ends here: a last line without a line end that cannot be read
                is then counted as cut off.
        """
        lines = Lines(buffer, size)
        self._buffer = buffer
        self._room[:] = size, buffer.size - PADDING
        formats: Counter[str] = Counter()
        rejected: dict[str, tuple[int, bytes]] = {}
        reasons = self._first_reasons(lines)
        parts: list[tuple[Array, Spans, dict[str, Array]]] = []
        for part in self._sections(lines, reasons):
            block = _Block.of(
                np.ascontiguousarray(lines.bodies[part]), np.ascontiguousarray(lines.ends[part])
            )
            self._parse(block, lines.shapes[part], formats)
            reasons[part] = block.reason
            good = np.flatnonzero(block.reason == Reason.OK)
            if good.size == part.size:
                parts.append((part, block.spans, block.numbers))
            elif good.size:
                picked = {name: column[good] for name, column in block.numbers.items()}
                parts.append((part[good], np.ascontiguousarray(block.spans[:, good]), picked))
        if (
            final
            and len(lines)
            and size
            and buffer[size - 1] != 0x0A
            and reasons[-1] not in {Reason.OK, Reason.EMPTY, Reason.COMMENT}
        ):
            reasons[-1] = Reason.TRUNCATED
        self._count(lines, reasons, rejected)
        chunk = ParsedChunk(*self._join(parts, len(lines), rejected), formats)
        self._line += len(lines)
        self._buffer = np.zeros(PADDING, np.uint8)
        return chunk

    def _first_reasons(self, lines: Lines) -> Array:
        """Reasons of the lines that no parser needs to see; 0 for the others."""
        reasons = np.zeros(len(lines), np.uint8)
        reasons[lines.shapes == Shape.BLANK] = Reason.EMPTY
        reasons[lines.shapes == Shape.COMMENT] = Reason.COMMENT
        if self.primary is None:
            reasons[(lines.ends - lines.bodies < SHORTEST_LINE) & (reasons == 0)] = Reason.NO_MATCH
        return reasons

    def _sections(self, lines: Lines, reasons: Array) -> "list[Array] | _Sections":
        """Indices of the lines to parse, in blocks; a ``#Fields:`` line starts a new one."""
        todo = np.flatnonzero(reasons == Reason.OK).astype(np.int64)
        marks = [
            int(i)
            for i in np.flatnonzero(reasons == Reason.COMMENT)
            if self._is_directive(lines, int(i))
        ]
        if not marks:
            return [todo[k : k + BLOCK_LINES] for k in range(0, todo.size, BLOCK_LINES)]
        return _Sections(self, lines, todo, marks)

    def _is_directive(self, lines: Lines, i: int) -> bool:
        begin = int(lines.bodies[i])
        return self._buffer[begin : begin + len(DIRECTIVE)].tobytes().lower() == DIRECTIVE

    def apply_directive(self, lines: Lines, i: int) -> None:
        """Takes over the field list of a ``#Fields:`` line for the lines behind it."""
        self._fields = fields_parser(
            self._buffer[int(lines.bodies[i]) : int(lines.ends[i])].tobytes()
        )

    def _parse(self, block: _Block, shapes: Array, formats: Counter[str]) -> None:
        """Runs the parsers over a block until every line is accepted or all have refused it."""
        self._run_chosen(block, None, formats)
        present = np.bincount(shapes, minlength=len(Shape))
        if present[Shape.JSON]:
            self._run_shape(Shape.JSON, block, shapes, formats)
            unwrapped = np.flatnonzero(block.reason == UNWRAPPED).astype(np.int32)
            if unwrapped.size:
                block.reason[unwrapped] = Reason.NO_MATCH
                shapes = shapes.copy()
                find_shapes(self._buffer, block.begin, block.end, unwrapped, shapes)
                self._run_chosen(block, unwrapped, formats)
                present = np.bincount(shapes, minlength=len(Shape))
        for shape in TEXT_SHAPES:
            if present[shape]:
                self._run_shape(shape, block, shapes, formats)

    def _run_chosen(self, block: _Block, rows: Array | None, formats: Counter[str]) -> None:
        """Runs the parsers that go before the list: the chosen one and that of a ``#Fields:``
        line.
        """
        for chosen in (self.primary, self._fields):
            if chosen is not None:
                rows = np.arange(block.begin.size, dtype=np.int32) if rows is None else rows
                rows = rows[block.reason[rows] != Reason.OK]
                self._run(chosen, block, rows, formats)

    def _run_shape(self, shape: Shape, block: _Block, shapes: Array, formats: Counter[str]) -> None:
        """Runs the formats of one shape over its lines, in their order."""
        rows = np.flatnonzero(shapes == shape).astype(np.int32)
        for entry in self._lists[shape]:
            rows = rows[block.reason[rows] != Reason.OK]
            if not rows.size:
                return
            if entry.name not in self._made:
                self._made[entry.name] = entry.make()
            self._run(self._made[entry.name], block, rows, formats)

    def _run(self, parser: Parser, block: _Block, rows: Array, formats: Counter[str]) -> None:
        """Runs one parser over rows; the first telling reason of a line is kept when all refuse
        it.
        """
        if not rows.size:
            return
        before = block.reason[rows]
        names: tuple[str, ...] = getattr(parser, "variants", (parser.name,))
        if isinstance(parser, _Filling):
            self._fill(parser, block, rows)
        else:
            parser.parse(
                self._buffer, block.begin, block.end, rows, block.spans, block.numbers, block.reason
            )
        after = block.reason[rows]
        good = rows[after == Reason.OK]
        if len(names) > 1:
            counts = np.bincount(block.variant[good], minlength=len(names))
        else:
            counts = np.array([good.size])
        formats.update({names[k]: int(counts[k]) for k in np.flatnonzero(counts)})
        if good.size < rows.size:
            vague = (after == Reason.NO_MATCH) & (before != Reason.NO_MATCH)
            block.reason[rows[vague]] = before[vague]

    def _fill(self, parser: _Filling, block: _Block, rows: Array) -> None:
        """Runs a parser that writes headers behind the chunk, making room whenever it asks for
        it.
        """
        done = 0
        while True:
            done = parser.parse_into(
                self._buffer,
                block.begin,
                block.end,
                rows,
                done,
                block.spans,
                block.numbers,
                block.reason,
                block.variant,
                self._room,
            )
            if done >= rows.size or block.reason[rows[done]] != NO_ROOM:
                return
            longer = np.empty(self._buffer.size + self._buffer.size // 2 + (1 << 16), np.uint8)
            longer[: self._room[0]] = self._buffer[: self._room[0]]
            longer[-PADDING:] = 0
            self._buffer = longer
            self._room[1] = longer.size - PADDING

    def _count(self, lines: Lines, reasons: Array, rejected: dict[str, tuple[int, bytes]]) -> None:
        """Counts refused lines by reason, with the beginning of the first."""
        counts = np.bincount(reasons, minlength=1)
        for code in np.flatnonzero(counts):
            if code == Reason.OK:
                continue
            first = int(np.argmax(reasons == code))
            begin = int(lines.starts[first])
            end = min(int(lines.ends[first]), begin + EXAMPLE_BYTES)
            rejected[REASON_TEXT[Reason(int(code))]] = (
                int(counts[code]),
                self._buffer[begin:end].tobytes(),
            )

    def _join(
        self,
        parts: list[tuple[Array, Spans, dict[str, Array]]],
        lines: int,
        rejected: dict[str, tuple[int, bytes]],
    ) -> tuple[RequestBatch, int, dict[str, tuple[int, bytes]], npt.NDArray[np.int64]]:
        """One batch of all blocks."""
        if not parts:
            spans, numbers = empty_columns(0)
            return (
                RequestBatch(self._buffer, spans, numbers),
                lines,
                rejected,
                np.zeros(0, np.int64),
            )
        if len(parts) == 1:
            rows, spans, numbers = parts[0]
        else:
            rows = np.concatenate([part[0] for part in parts])
            spans = np.ascontiguousarray(np.concatenate([part[1] for part in parts], axis=1))
            numbers = {
                name: np.concatenate([part[2][name] for part in parts]) for name in parts[0][2]
            }
        return (
            RequestBatch(self._buffer, spans, numbers),
            lines,
            rejected,
            (rows + self._line).astype(np.int64),
        )


class _Sections:
    """Blocks of line indices between ``#Fields:`` lines; each such line takes effect before the
    lines behind it.
    """

    def __init__(self, router: LineRouter, lines: Lines, todo: Array, marks: list[int]) -> None:
        self.router, self.lines, self.todo, self.marks = router, lines, todo, marks

    def __iter__(self) -> Any:
        at = 0
        for mark in [*self.marks, len(self.lines)]:
            stop = int(np.searchsorted(self.todo, mark))
            for k in range(at, stop, BLOCK_LINES):
                yield self.todo[k : min(k + BLOCK_LINES, stop)]
            at = stop
            if mark < len(self.lines):
                self.router.apply_directive(self.lines, mark)
