"""Requests as columns: the one shape in which traffic travels through the product."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from apisentinel.errors import MissingDependencyError
from apisentinel.kernels.bytes import PADDING
from apisentinel.kernels.compiler import kernel

if TYPE_CHECKING:
    import polars as pl

TEXT_COLUMNS = (
    "event_id", "tenant", "source", "method", "scheme", "host", "path", "query", "http_version",
    "peer_ip", "client_ip",
    "user_id", "session_id", "credential_id", "user_agent", "referer", "headers", "request_body",
    "response_body", "tls_ja4",
)  # fmt: skip
"""Columns that are byte spans into the batch's buffer, in the order of `RequestBatch.spans`."""

TEXT_INDEX = {name: i for i, name in enumerate(TEXT_COLUMNS)}

NUMBER_COLUMNS = {
    "seq": np.int64, "ts": np.int64, "status": np.int16, "request_bytes": np.int64,
    "response_bytes": np.int64, "duration_us": np.int64,
}  # fmt: skip
"""Columns that are numbers, with their types."""

MISSING = -1
"""A number that the source did not give (status, sizes, duration)."""

NO_TIME = np.iinfo(np.int64).min
"""`ts` of a request whose source gave no time."""

HEADER_END, HEADER_SPLIT = 0x1E, 0x1F
"""Bytes of the `headers` text: ``name 0x1F value 0x1E name 0x1F value 0x1E``, names in lower
case.
"""

Bytes = npt.NDArray[np.uint8]
Spans = npt.NDArray[np.int32]


class RequestBatch:
    """A block of requests as arrays.

    Text columns are spans ``[begin, end)`` into one shared byte buffer (begin < 0: null), so that
    nothing is copied between reading and judging; numbers are NumPy arrays; `text` and `frame` give
    Python values for the few rows that need them.

    Attributes:
        buffer: uint8, at least `PADDING` readable bytes after the last span.
        spans: int32 ``(len(TEXT_COLUMNS), n_rows, 2)``.
        numbers: name → array ``(n_rows,)`` for each of `NUMBER_COLUMNS`; `MISSING` or `NO_TIME`
            where unknown.

    Thread safety: a batch is written by its parser, enriched by one stage at a time, and read-only
    afterwards.
    """

    __slots__ = ("buffer", "enriched", "numbers", "spans")

    def __init__(self, buffer: Bytes, spans: Spans, numbers: dict[str, npt.NDArray[Any]]) -> None:
        self.buffer = buffer
        self.spans = spans
        self.numbers = numbers
        self.enriched: dict[str, npt.NDArray[Any]] = {}
        self._check()

    def _check(self) -> None:
        """Refuses what a kernel could not survive: wrong types, missing or extra columns, spans
        outside the buffer.

        Raises:
            ValueError: The arrays do not form a batch.
        """
        if (
            self.buffer.dtype != np.uint8
            or not self.buffer.flags.c_contiguous
            or self.buffer.size < PADDING
        ):
            raise ValueError(f"buffer must be contiguous uint8 with {PADDING} spare bytes")
        if (
            self.spans.dtype != np.int32
            or self.spans.ndim != 3
            or self.spans.shape[::2] != (len(TEXT_COLUMNS), 2)
        ):
            raise ValueError(
                f"spans must be int32 ({len(TEXT_COLUMNS)}, rows, 2), not {self.spans.dtype} "
                f"{self.spans.shape}"
            )
        if self.numbers.keys() != NUMBER_COLUMNS.keys():
            raise ValueError(
                f"numbers must be exactly {', '.join(NUMBER_COLUMNS)}, not "
                f"{', '.join(self.numbers)}"
            )
        rows = self.spans.shape[1]
        for name, dtype in NUMBER_COLUMNS.items():
            column = self.numbers[name]
            if column.shape != (rows,) or column.dtype != dtype or not column.flags.c_contiguous:
                raise ValueError(
                    f"{name} must be contiguous {np.dtype(dtype)} ({rows},), not {column.dtype} "
                    f"{column.shape}"
                )
        if not _inside(np.ascontiguousarray(self.spans), self.buffer.size - PADDING):
            raise ValueError("a span points outside the buffer")

    def __len__(self) -> int:
        return int(self.spans.shape[1])

    def __getattr__(self, name: str) -> npt.NDArray[Any]:
        numbers = object.__getattribute__(self, "numbers")
        if name in numbers:
            return numbers[name]  # type: ignore[no-any-return]
        raise AttributeError(name)

    def span(self, name: str) -> Spans:
        """Spans of one text column, int32 ``(n_rows, 2)``, contiguous."""
        spans: Spans = self.spans[TEXT_INDEX[name]]
        return spans

    def text(self, name: str, row: int) -> bytes | None:
        """Raw bytes of one field, None when it is null."""
        begin, end = self.spans[TEXT_INDEX[name], row]
        return None if begin < 0 else self.buffer[begin:end].tobytes()

    def headers(self, row: int) -> list[tuple[bytes, bytes]]:
        """Header names (lower case) and values of one request, in order."""
        raw = self.text("headers", row) or b""
        pairs = (
            item.split(bytes([HEADER_SPLIT]), 1) for item in raw.split(bytes([HEADER_END])) if item
        )
        return [(pair[0], pair[1] if len(pair) > 1 else b"") for pair in pairs]

    def frame(
        self, columns: Iterable[str], rows: Sequence[int] | npt.NDArray[np.integer[Any]]
    ) -> "pl.DataFrame":
        """Polars view of some rows: numbers as they are, text as String with undecodable bytes
        replaced.

        Raises:
            MissingDependencyError: Polars is not installed; it comes with the extra ``frame``.
        """
        try:
            import polars as pl  # noqa: PLC0415 (0.3 s of start-up that most runs do not need)
        except ModuleNotFoundError as error:
            raise MissingDependencyError("frame", "a batch as a Polars frame") from error

        index = np.asarray(rows, np.int64)
        out: dict[str, Any] = {}
        for name in columns:
            if name in self.numbers:
                out[name] = self.numbers[name][index]
            else:
                values = (self.text(name, int(row)) for row in index)
                out[name] = pl.Series(
                    name,
                    [None if v is None else v.decode("utf-8", "replace") for v in values],
                    pl.String,
                )
        return pl.DataFrame(out)

    def take(self, rows: npt.NDArray[np.integer[Any]]) -> "RequestBatch":
        """The batch of these rows, sharing the buffer."""
        picked = {name: np.ascontiguousarray(column[rows]) for name, column in self.numbers.items()}
        batch = RequestBatch(self.buffer, np.ascontiguousarray(self.spans[:, rows]), picked)
        batch.enriched = {
            name: np.ascontiguousarray(column[rows]) for name, column in self.enriched.items()
        }
        return batch


@kernel("boolean(int32[:,:,::1], int64)")
def _inside(spans, limit):
    for c in range(spans.shape[0]):
        for i in range(spans.shape[1]):
            begin, end = spans[c, i, 0], spans[c, i, 1]
            if begin >= 0 and (end < begin or end > limit):
                return False
    return True


def empty_columns(rows: int) -> tuple[Spans, dict[str, npt.NDArray[Any]]]:
    """Spans and numbers of `rows` requests with every field missing, for a parser to fill."""
    spans = np.full((len(TEXT_COLUMNS), rows, 2), -1, np.int32)
    numbers: dict[str, npt.NDArray[Any]] = {
        name: np.full(rows, MISSING, dtype) for name, dtype in NUMBER_COLUMNS.items()
    }
    numbers["ts"].fill(NO_TIME)
    return spans, numbers
