"""The one interface of parsers."""

from enum import IntEnum
from typing import Any, Protocol

import numpy.typing as npt

from apisentinel.records.batch import Bytes, Spans


class Reason(IntEnum):
    """Why a line gave no request; 0 = it did."""

    OK = 0
    EMPTY = 1
    TOO_LONG = 2
    NO_MATCH = 3
    BAD_TIME = 4
    BAD_NUMBER = 5
    BAD_JSON = 6
    NO_REQUEST = 7
    TOO_DEEP = 8
    COMMENT = 9
    TRUNCATED = 10


REASON_TEXT = {
    Reason.EMPTY: "empty line",
    Reason.TOO_LONG: "line longer than the limit",
    Reason.NO_MATCH: "does not match the format",
    Reason.BAD_TIME: "time cannot be read",
    Reason.BAD_NUMBER: "status or size is not a number",
    Reason.BAD_JSON: "not valid JSON",
    Reason.NO_REQUEST: "valid, but holds no request",
    Reason.TOO_DEEP: "JSON nested too deeply",
    Reason.COMMENT: "comment or header line",
    Reason.TRUNCATED: "input ends inside the line",
}
"""Words of the report for each reason."""


class Parser(Protocol):
    """Turns lines of one format into columns.

    `parse` never blocks, never raises for any input bytes, and gives every line a result: columns
    filled and ``reason[i] == 0``, or a reason. It may rewrite bytes of the buffer inside the line
    (escapes are undone in place), but only of lines that it accepts; it never writes outside
    ``[begin[i], end[i])``. Results of a line do not depend on other lines (state that a format
    itself defines, such as a ``#Fields:`` line, excepted). Not thread-safe when such state exists.
    """

    name: str

    def parse(
        self,
        buffer: Bytes,
        begin: npt.NDArray[Any],
        end: npt.NDArray[Any],
        pick: npt.NDArray[Any],
        spans: Spans,
        numbers: dict[str, npt.NDArray[Any]],
        reason: npt.NDArray[Any],
    ) -> None:
        """Parses lines ``pick`` (int32 indices into begin/end, int32) and fills row i of the output
        for line i.

        Args:
            buffer: uint8 with `PADDING` spare bytes; line i is ``buffer[begin[i]:end[i]]`` without
                its line end.
            begin: int32 ``(n_lines,)``.
            end: int32 ``(n_lines,)``.
            pick: int32, lines to parse.
            spans: int32 ``(len(TEXT_COLUMNS), n_lines, 2)``, -1 where nothing is known (see
                `empty_columns`).
            numbers: arrays ``(n_lines,)`` of `NUMBER_COLUMNS`, likewise.
            reason: uint8 ``(n_lines,)``; only the rows of `pick` are written.
        """
        ...
