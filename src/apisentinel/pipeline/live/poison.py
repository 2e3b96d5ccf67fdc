"""Finds the requests that break the judge, so that one bad event never stops the stream."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np

from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.engine import Judged, LiveEngine
from apisentinel.pipeline.prepare import Prepared
from apisentinel.records.batch import NO_TIME, NUMBER_COLUMNS, TEXT_COLUMNS, RequestBatch

MOST = 64
"""Requests at fault that are looked for in one block. When there are more, it is not the requests:
what is left of the block is set aside as a whole, and can be replayed.
"""

TEXT_SHOWN = 64 << 10
"""Bytes of each text that are kept of a request at fault."""


class Poison(NamedTuple):
    """A request that cannot be judged.

    Attributes:
        raw: The request as a line of NDJSON.
    """

    seq: int
    raw: bytes
    reason: str


class Bisection:
    """Judges a block in halves; after each failure the engine is put back to where it was.

    Attributes:
        live: The engine.
        poisons: Requests at fault.
    """

    def __init__(self, live: LiveEngine, error: BaseException) -> None:
        self.live = live
        self.error: BaseException = error
        self._room: dict[str, Any] = {}
        self.poisons: list[Poison] = []
        self._saved = self._capture()

    def run(self, block: Prepared, first_seq: int) -> Iterator[Judged]:
        """Yields what could be judged, in order of the rows."""
        work = [(0, len(block.batch))]
        while work:
            begin, end = work.pop()
            if len(self.poisons) >= MOST:
                self._set_aside(block, range(begin, end), first_seq)
                continue
            part = block.take(np.arange(begin, end))
            try:
                judged = self.live.advance(part, first_seq + begin)
            except Exception as error:  # noqa: BLE001 (whatever it is, it belongs to these rows)
                self.error = error
                self._put_back()
                if end - begin == 1:
                    self._set_aside(block, range(begin, end), first_seq)
                    continue
                middle = (begin + end) // 2
                work += [(middle, end), (begin, middle)]
            else:
                self._saved = self._capture()
                yield from judged

    def _set_aside(self, block: Prepared, rows: range, first_seq: int) -> None:
        self.poisons += [poison_of(block.batch, row, first_seq + row, self.error) for row in rows]

    def _capture(self) -> dict[str, Any]:
        return dict(checkpoint.capture(self.live, self._room).parts())

    def _put_back(self) -> None:
        checkpoint.restore(self.live, self._saved)


def poison_of(batch: RequestBatch, row: int, seq: int, error: BaseException) -> Poison:
    """A request at fault with what it did; the text of the error may quote it."""
    reason = f"cannot be judged: {type(error).__name__}: {error}"
    return Poison(seq, request_line(batch, row), reason[:500])


def request_line(batch: RequestBatch, row: int) -> bytes:
    """A request as a line of NDJSON, so that it can be sent again."""
    fields: dict[str, Any] = {}
    for name in TEXT_COLUMNS:
        text = batch.text(name, row)
        if text is not None and name != "headers":
            fields[name] = text[:TEXT_SHOWN].decode("utf-8", "replace")
    headers = batch.headers(row)
    if headers:
        fields["headers"] = [
            [name.decode("utf-8", "replace"), value[:TEXT_SHOWN].decode("utf-8", "replace")]
            for name, value in headers
        ]
    for name in NUMBER_COLUMNS:
        value = int(batch.numbers[name][row])
        if name != "seq" and value >= 0 and value != NO_TIME:
            fields[name] = value
    return msgspec.json.encode(fields)
