"""Requests in our own format from memory: what ``score`` and notebooks hand in."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import padded
from apisentinel.parsers.base import REASON_TEXT, Parser, Reason
from apisentinel.parsers.json_formats import NDJSON
from apisentinel.parsers.json_lines import JsonLinesParser
from apisentinel.records.batch import RequestBatch, empty_columns

MAX_LINE = 4 * 1024 * 1024
"""Bytes of one request; two bodies of the size that is kept, base64-encoded, take far less."""

REQUEST_ERRORS = {
    Reason.NO_REQUEST: "method and url (or path) are required",
    Reason.BAD_TIME: "ts is no RFC 3339 time and no epoch number",
    Reason.BAD_NUMBER: "status, request_bytes, response_bytes or duration_us is no number",
    Reason.BAD_JSON: "not a valid JSON object",
}
"""Words for a broken request where they can be more exact than those of any log line."""


@dataclass(frozen=True)
class Requests:
    """Parsed lines.

    Attributes:
        batch: The requests, in input order; ``seq`` is the index of the line.
        reason: uint8 per line, 0 = it is in the batch.
        row: int32 per line, its row in the batch, -1 = none.
    """

    batch: RequestBatch
    reason: npt.NDArray[np.uint8]
    row: npt.NDArray[np.int32]

    def error(self, line: int) -> str:
        """What is wrong with a line that has no row."""
        reason = Reason(int(self.reason[line]))
        return REQUEST_ERRORS.get(reason) or REASON_TEXT.get(reason, "")


def split_lines(data: bytes) -> tuple[Any, Any]:
    """Begin and end (without the line end) of the lines of `data`.

    A line end at the very end opens no further line.
    """
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A)
    if data and not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    begins = np.concatenate(([0], ends[:-1] + 1)) if ends.size else ends
    return begins.astype(np.int32), ends.astype(np.int32)


def parse_lines(lines: bytes, parser: Parser) -> Requests:
    """Parses lines of any format; never raises for any bytes, and every line has a result.

    Args:
        lines: Less than 2 GiB of lines.
        parser: Of their format.
    """
    begin, end = split_lines(lines)
    buffer = padded(lines)
    spans, numbers = empty_columns(begin.size)
    reason = np.full(begin.size, Reason.TOO_LONG, np.uint8)
    pick = np.flatnonzero(end - begin <= MAX_LINE).astype(np.int32)
    parser.parse(buffer, begin, end, pick, spans, numbers, reason)
    rows = np.flatnonzero(reason == Reason.OK)
    row = np.full(begin.size, -1, np.int32)
    row[rows] = np.arange(rows.size, dtype=np.int32)
    numbers["seq"][:] = np.arange(begin.size)
    batch = RequestBatch(
        buffer,
        np.ascontiguousarray(spans[:, rows]),
        {name: column[rows] for name, column in numbers.items()},
    )
    return Requests(batch, reason, row)


_parser = JsonLinesParser(NDJSON)


def parse_requests(lines: bytes) -> Requests:
    r"""Parses requests in our own format; see `parse_lines`.

    Example:
        >>> got = parse_requests(b'{"method":"GET","url":"/a?b=1"}\nnonsense')
        >>> got.batch.text("query", 0), got.row.tolist(), got.error(1)
        (b'b=1', [0, -1], 'not a valid JSON object')
    """
    return parse_lines(lines, _parser)
