"""Lines of any known format as a batch, and every line that gave no request with its reason.

For sources that take lines as they come. Files that are read as a whole go through `router` alone,
which counts refused lines but does not keep them.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import padded
from apisentinel.parsers.base import REASON_TEXT, Reason
from apisentinel.parsers.json_requests import split_lines
from apisentinel.parsers.router import LineRouter
from apisentinel.records.batch import RequestBatch

NOTHING = frozenset({REASON_TEXT[Reason.EMPTY], REASON_TEXT[Reason.COMMENT]})
"""Reasons of lines that hold nothing and are not missed."""

MAX_EXPLAINED = 1000
"""Lines of one call whose reasons are told apart by reading each alone; further ones are said to
match no format."""


class DeadLine(NamedTuple):
    """A line that gave no request.

    Attributes:
        number: Its number within the call, from 0.
        begin: Its first byte within the call.
        raw: Its bytes without line end.
        reason: Why, in words.
    """

    number: int
    begin: int
    raw: bytes
    reason: str


class LineBatch(NamedTuple):
    """What lines gave.

    Attributes:
        batch: Requests in order.
        lines: int64, the number of each request's line within the call, from 0.
        dead: Lines without a request; empty lines and comments are none.
    """

    batch: RequestBatch
    lines: npt.NDArray[np.int64]
    dead: list[DeadLine]


class LineReader:
    r"""Parses the lines of one source, call after call.

    Args:
        router: Of the source; None tells the format of each line from the line.

    Thread safety: one call at a time.

    Example:
        >>> got = LineReader().read(b'nonsense of no format\n{"method":"GET","url":"/a"}\n')
        >>> got.lines.tolist(), got.dead[0].reason
        ([1], 'does not match the format')
    """

    def __init__(self, router: LineRouter | None = None) -> None:
        self._router = router if router is not None else LineRouter()
        self._seen = 0

    def read(self, data: bytes) -> LineBatch:
        """Parses whole lines; never raises for any bytes.

        Args:
            data: Lines; the last one may lack its line end.
        """
        begin, end = split_lines(data)
        parsed = self._router.parse_chunk(padded(data), len(data))
        rows = parsed.line_numbers - self._seen
        self._seen += parsed.lines
        refused = {reason: count for reason, (count, _) in parsed.rejected.items()}
        dead: list[DeadLine] = []
        if refused.keys() - NOTHING:
            only = next(iter(refused)) if len(refused) == 1 else None
            missing = np.ones(begin.size, np.bool_)
            missing[rows] = False
            for line in np.flatnonzero(missing).tolist():
                raw = data[begin[line] : end[line]].rstrip(b"\r")
                reason = only or _reason(self._router, raw, exact=len(dead) < MAX_EXPLAINED)
                if reason not in NOTHING:
                    dead.append(DeadLine(line, int(begin[line]), raw, reason))
        return LineBatch(parsed.batch, rows, dead)


def _reason(router: LineRouter, raw: bytes, *, exact: bool) -> str:
    """Why a line gave no request."""
    if not raw:
        return REASON_TEXT[Reason.EMPTY]
    if not exact:
        return REASON_TEXT[Reason.NO_MATCH]
    alone = router.copy().parse_chunk(padded(raw + b"\n"), len(raw) + 1)
    return next(iter(alone.rejected), REASON_TEXT[Reason.NO_MATCH])
