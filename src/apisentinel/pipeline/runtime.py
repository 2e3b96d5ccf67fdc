"""The consumer of the journal: takes accepted batches in order, judges them, and tells."""

import threading
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
import structlog

from apisentinel.clock import Clock
from apisentinel.errors import StateError
from apisentinel.pipeline.gate import Gate
from apisentinel.pipeline.live_engine import Judged, LiveEngine
from apisentinel.pipeline.prepare import Prepared, joined
from apisentinel.pipeline.runtime_settings import RuntimeSettings
from apisentinel.records.batch import NO_TIME, RequestBatch
from apisentinel.records.codec import decode_batch
from apisentinel.storage.base import JournalEntry, JournalStore

T = TypeVar("T")

WAIT_S = 0.2
"""How long the consumer waits for a batch before it looks whether it should stop."""

_log = structlog.get_logger("apisentinel.runtime")


class Piece(NamedTuple):
    """A batch of the journal, decoded."""

    offset: int
    first_seq: int
    received: int
    batch: RequestBatch


class Group(NamedTuple):
    """Batches that are judged in one go: rows with consecutive numbers."""

    offset: int
    first_seq: int
    block: Prepared


class Runtime:
    """Runs a `LiveEngine` over a journal in a thread of its own.

    `on_judged` is called with what was judged, `on_offset` when all rows up to a batch are judged,
    both from the consumer's thread.
    """

    def __init__(
        self,
        live: LiveEngine,
        journal: JournalStore,
        settings: RuntimeSettings,
        clock: Clock,
    ) -> None:
        self.live = live
        self.journal = journal
        self.settings = settings
        self.clock = clock
        self.gate = Gate()
        self.on_judged: Callable[[list[Judged]], None] = lambda _: None
        self.on_offset: Callable[[int], None] = lambda _: None
        self.damaged = 0
        self.failure: BaseException | None = None
        self._oldest: int | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to judge what lies behind the engine's offset."""
        self._thread = threading.Thread(target=self._run, name="judge", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the consumer runs."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self, timeout_s: float) -> bool:
        """Ends the consumer after the batch at hand; False when it takes longer than that."""
        self._stop.set()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def drain(self, timeout_s: float) -> bool:
        """Waits until everything in the journal is judged; False after the timeout."""
        deadline = self.clock.monotonic() + timeout_s
        while self.live.offset < self.journal.last_offset:
            if not self.is_alive or self.clock.monotonic() > deadline:
                return False
            self._stop.wait(0.005)
        return True

    def view(self, fn: Callable[[LiveEngine], T]) -> T:
        """Calls a function between two blocks; it must be quick and must change nothing."""
        with self.gate.reading():
            return fn(self.live)

    def lag_seconds(self) -> float:
        """Age of the oldest accepted batch that is not judged, 0 when all are."""
        if self.live.offset >= self.journal.last_offset:
            return 0.0
        oldest = self._oldest
        return max(0.0, (self.clock.now() - oldest) / 1e6) if oldest is not None else 0.0

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.step()
        except BaseException as error:
            self.failure = error
            _log.exception("the judge has ended", offset=self.live.offset)
            raise

    def step(self) -> int:
        """Judges what the journal holds, up to `read_bytes`; gives the number of batches."""
        after = self.live.offset
        entries = self.journal.read(after, self.settings.read_bytes)
        if not entries:
            self._oldest = None
            self._wait(after)
            return 0
        self._oldest = entries[0][2].received
        pieces = [piece for entry in entries if (piece := self._decode(*entry)) is not None]
        for group in self._groups(pieces):
            self._judge(group)
        if self.live.offset < entries[-1][0]:  # damaged batches at the end
            self._done(entries[-1][0])
        return len(entries)

    def _wait(self, after: int) -> None:
        wait = getattr(self.journal, "wait", None)
        if wait is None:
            self._stop.wait(0.005)
        else:
            wait(after, WAIT_S)

    def _decode(self, offset: int, first_seq: int, entry: JournalEntry) -> Piece | None:
        try:
            batch = decode_batch(entry.body)
        except StateError as error:
            self.damaged += entry.count
            _log.error("a batch of the journal is damaged", offset=offset, problem=str(error))
            return None
        ts = batch.numbers["ts"]
        ts[ts == NO_TIME] = entry.received
        return Piece(offset, first_seq, entry.received, batch)

    def _groups(self, pieces: list[Piece]) -> list[Group]:
        """Small batches together, as long as their rows have consecutive numbers."""
        out: list[Group] = []
        held: list[Piece] = []
        rows = 0
        for piece in pieces:
            is_next = held and held[-1].first_seq + len(held[-1].batch) == piece.first_seq
            if held and (not is_next or rows + len(piece.batch) > self.settings.block_rows):
                out.append(self._group(held))
                held, rows = [], 0
            held.append(piece)
            rows += len(piece.batch)
        if held:
            out.append(self._group(held))
        return out

    def _group(self, pieces: list[Piece]) -> Group:
        batch = join_batches([piece.batch for piece in pieces])
        return Group(pieces[-1].offset, pieces[0].first_seq, self.live.prepare(batch))

    def _judge(self, group: Group) -> None:
        rows, step = len(group.block.batch), self.settings.block_rows
        for begin in range(0, rows, step):
            block = group.block
            if rows > step:
                block = block.take(np.arange(begin, min(rows, begin + step)))
            is_last = begin + step >= rows
            with self.gate.writing():
                judged = self.live.advance(block, group.first_seq + begin)
                if is_last:
                    self.live.offset = group.offset
            self.on_judged(judged)
        self._done(group.offset)

    def _done(self, offset: int) -> None:
        with self.gate.writing():
            self.live.offset = offset
        self.on_offset(offset)


def join_batches(batches: list[RequestBatch]) -> RequestBatch:
    """One batch of several, in their order."""
    if len(batches) == 1:
        return batches[0]
    nothing = np.zeros(0, np.uint8)
    blocks = [Prepared(batch, nothing) for batch in batches]
    return joined(blocks).batch
