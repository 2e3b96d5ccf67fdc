"""Brings judged requests to the event store, beside the judge, and shows some of them live."""

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import structlog

from apisentinel.errors import StoreError
from apisentinel.pipeline.live.bus import Bus
from apisentinel.pipeline.live.degradation import Level
from apisentinel.pipeline.live.engine import Judged, RowFinding
from apisentinel.pipeline.live.event_rows import RowMaker, Sources
from apisentinel.pipeline.live.faults import described
from apisentinel.pipeline.live.messages import event_items
from apisentinel.pipeline.prepare import joined
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.storage.base import EventRows
from apisentinel.storage.columns import Table

if TYPE_CHECKING:
    from collections.abc import Callable

QUEUE_ROWS = 50_000
"""Judged requests that may wait to become rows; with their texts below 100 MB."""

TABLE_ROWS = 4_096
"""Rows at which a table is made without waiting for more."""
GATHER_S = 0.25
"""How long rows wait for others to become one table with them."""

RETRY_S = 0.5
"""Pause after the store has refused."""

SHOWN_WITH_EVIDENCE = 100
"""Requests with evidence shown live per block at most; alerts are complete in any case."""

_log = structlog.get_logger("apisentinel.events")


def _no_sample(_rows: int) -> int:
    return 0


class Work(NamedTuple):
    """A judged block on its way, and the ways in of its requests."""

    judged: Judged
    source: Sources
    level: Level


def merged(works: list[Work]) -> Work:
    """Several blocks as one: making a table costs a millisecond, however few rows it has."""
    if len(works) == 1:
        return works[0]
    findings: dict[int, RowFinding] = {}
    begin = 0
    for work in works:
        findings |= {begin + row: found for row, found in work.judged.findings.items()}
        begin += len(work.judged.block.batch)
    block = joined([work.judged.block for work in works])
    attacks = np.concatenate([work.judged.attacks for work in works])
    source = Sources.joined([work.source for work in works])
    return Work(Judged(block, attacks, findings, [], []), source, works[0].level)


class EventWriter:
    """A thread with a queue of judged blocks before an event store.

    Attributes:
        written: Rows handed to the store.
        left_out: Rows without evidence that were left out under load.
        failed: Rows of blocks that could not be made into rows.
        problem: Why the last block was not stored at once, empty when it was.
    """

    def __init__(
        self, store: EventRows, maker: RowMaker, bus: Bus, keep_one_in: int, watch: Stopwatch
    ) -> None:
        self.store = store
        self.maker = maker
        self.bus = bus
        self.keep_one_in = keep_one_in
        self.watch = watch
        self.written = self.left_out = self.failed = 0
        self.problem = ""
        self.sample: Callable[[int], int] = _no_sample
        self._changed = threading.Condition()
        self._queue: deque[Work] = deque()
        self._rows = 0
        self._submitted = self._finished = 0
        self._wanted = self._closing = False
        self._thread = threading.Thread(target=self._run, name="event-rows", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    @property
    def share(self) -> float:
        """Used share of the queue."""
        return self._rows / QUEUE_ROWS

    def submit(self, work: Work) -> None:
        """Hands over a block; blocks while too many rows wait."""
        rows = len(work.judged.block.batch)
        with self._changed:
            self._changed.wait_for(
                lambda: self._closing or not self._rows or self._rows + rows <= QUEUE_ROWS
            )
            self._queue.append(work)
            self._submitted += 1
            self._rows += rows
            self._changed.notify_all()

    def barrier(self, timeout_s: float) -> bool:
        """Waits until everything handed over is in the store for good; False after the timeout."""
        with self._changed:
            target = self._submitted
            self._wanted = True
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._finished >= target, timeout_s):
                return False
        self.store.flush()
        return not self.problem

    def close(self, timeout_s: float = 5.0) -> None:
        """Writes what waits and ends the thread; the store stays open."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while works := self._next():
            rows = sum(len(work.judged.block.batch) for work in works)
            try:
                self._write(merged(works))
            except Exception as error:  # noqa: BLE001 (rows of one block must not end the thread)
                self.failed += rows
                self.problem = repr(error)
                _log.error("rows of a block are left out", **described(error))
            with self._changed:
                self._rows -= rows
                self._finished += len(works)
                self._changed.notify_all()

    def _next(self) -> list[Work]:
        """Blocks for one table: waits a moment for more; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._queue)
            self._changed.wait_for(
                lambda: self._closing or self._wanted or self._rows >= TABLE_ROWS, GATHER_S
            )
            works: list[Work] = []
            rows = 0
            while self._queue and (not works or rows < TABLE_ROWS):
                if works and self._queue[0].level != works[0].level:
                    break
                works.append(self._queue.popleft())
                rows += len(works[-1].judged.block.batch)
            if not self._queue:
                self._wanted = False
            return works

    def _write(self, work: Work) -> None:
        rows = None
        batch = work.judged.block.batch
        if work.level >= Level.SPARSE:
            keep = batch.numbers["seq"] % self.keep_one_in == 0
            keep[list(work.judged.findings)] = True
            rows = np.flatnonzero(keep)
            self.left_out += len(batch) - len(rows)
        with self.watch.stage("event rows", len(batch)):
            table = self.maker.table(work.judged, work.source, rows)
        if self._put(table):
            self.written += len(table)
            self._show(table, work, rows)

    def _put(self, table: Table) -> bool:
        """Stores until it works, since a row left out would be missing for ever; False when it
        never did before the end, then the rows come again with the next start.
        """
        while True:
            try:
                self.store.put(table)
            except StoreError as error:
                if not self.problem:
                    _log.error("events cannot be stored", problem=str(error))
                self.problem = str(error)
                with self._changed:
                    if self._closing:
                        return False
                    self._changed.wait(RETRY_S)
            else:
                self.problem = ""
                return True

    def _show(self, table: Table, work: Work, rows: Any) -> None:
        """Publishes requests with evidence and a few quiet ones."""
        if work.level >= Level.COARSE or not len(table):
            return
        found = np.array(sorted(work.judged.findings), np.int64)
        if rows is not None:
            found = np.searchsorted(rows, found)
        found = found[:SHOWN_WITH_EVIDENCE]
        quiet = self.sample(len(table))
        if quiet:
            found = np.union1d(found, np.linspace(0, len(table) - 1, quiet).astype(np.int64))
        if len(found):
            self.bus.publish("events", event_items(table, found.tolist()))
