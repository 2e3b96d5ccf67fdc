"""The consumer of the journal: takes accepted batches in order, judges them, and tells."""

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import structlog

from apisentinel.errors import StateError
from apisentinel.pipeline.live.degradation import Level
from apisentinel.pipeline.live.engine import Judged, LiveEngine
from apisentinel.pipeline.live.event_rows import Sources
from apisentinel.pipeline.live.faults import described
from apisentinel.pipeline.live.gate import Gate
from apisentinel.pipeline.live.poison import Bisection, Poison, poison_of
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.prepare import Prepared, joined
from apisentinel.records.batch import NO_TIME, RequestBatch
from apisentinel.records.codec import decode_batch
from apisentinel.storage.base import JournalEntry, JournalStore

if TYPE_CHECKING:
    from apisentinel.pipeline.live.crash_guard import CrashGuard

T = TypeVar("T")

WAIT_S = 0.2
"""How long the consumer waits for a batch before it looks whether it should stop."""

POLL_S = 0.005
"""Pause between looks at a journal that cannot wait itself."""

_log = structlog.get_logger("apisentinel.runtime")


class Piece(NamedTuple):
    """Rows of one batch of the journal with consecutive numbers, decoded.

    Attributes:
        offset: Last batch that is complete with these rows.
        received: When the batch was accepted, µs.
    """

    offset: int
    first_seq: int
    source: str
    received: int
    batch: RequestBatch


class Group(NamedTuple):
    """Pieces that are judged in one go: rows with consecutive numbers.

    Attributes:
        source: Name of the way in of each row.
        received: When the oldest of them was accepted, µs.
    """

    offset: int
    first_seq: int
    source: Sources
    received: int
    block: Prepared


class Told(NamedTuple):
    """What became of some rows, for those who store and show it.

    Attributes:
        is_news: False when all of it was told already, before a recovery.
    """

    judged: Judged
    source: Sources
    received: int
    is_news: bool


class Runtime:
    """Runs a `LiveEngine` over a journal in a thread of its own.

    The callbacks are called from that thread: `on_told` with what was judged, `on_offset` when all
    rows up to a batch are judged, `on_poison` with rows that cannot be judged, `on_replaced` when
    another engine took the place of one that failed.

    Attributes:
        live: The engine; look at it through `view`.
        recover: Gives an engine as of some earlier batch, for the time after a failure.
        guard: Marks what is judged, and knows the rows that ended the process; None trusts all.
        damaged: Rows of batches that could not be read.
        poisoned: Rows that could not be judged.
        uninspected: Marked requests that were not inspected under load.
        failure: What ended the consumer, None while it runs.
    """

    def __init__(
        self,
        live: LiveEngine,
        journal: JournalStore,
        settings: RuntimeSettings,
        recover: Callable[[], LiveEngine],
    ) -> None:
        self.live = live
        self.journal = journal
        self.settings = settings
        self.recover = recover
        self.gate = Gate()
        self.level: Callable[[], Level] = lambda: Level.NORMAL
        self.on_told: Callable[[list[Told]], None] = lambda _: None
        self.on_offset: Callable[[int], None] = lambda _: None
        self.on_poison: Callable[[list[Poison]], None] = lambda _: None
        self.on_replaced: Callable[[LiveEngine], None] = lambda _: None
        self.damaged = self.poisoned = self.uninspected = self.recoveries = 0
        self.failure: BaseException | None = None
        self.guard: CrashGuard | None = None
        self._replay_until = journal.last_offset
        self._told_seq = live.seq
        self._skip = set(live.poisoned)
        self._last_skip = max(self._skip, default=0)
        self._stop = threading.Event()
        self._moved = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to judge what lies behind the engine's offset."""
        self._thread = threading.Thread(target=self._run, name="judge", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the consumer runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_replaying(self) -> bool:
        """Whether batches are judged that were accepted before this life began."""
        return self.live.offset < self._replay_until

    def stop(self, timeout_s: float) -> bool:
        """Ends the consumer after the batch at hand; False when it takes longer than that."""
        self._stop.set()
        self._tell_moved()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def drain(self, timeout_s: float) -> bool:
        """Waits until everything in the journal is judged; False after the timeout."""
        with self._moved:
            self._moved.wait_for(lambda: self._is_drained or self._has_ended, timeout_s)
        return self._is_drained

    @property
    def _has_ended(self) -> bool:
        return self._stop.is_set() or self.failure is not None or not self.is_alive

    @property
    def _is_drained(self) -> bool:
        return self.live.offset >= self.journal.last_offset

    def view(self, fn: Callable[[LiveEngine], T]) -> T:
        """Calls a function between two blocks; it must be quick and must change nothing."""
        with self.gate.held():
            return fn(self.live)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.step()
        except BaseException as error:  # noqa: BLE001 (health tells; a thread has nobody else)
            self.failure = error
            _log.error("the judge has ended", offset=self.live.offset, **described(error))
        finally:
            self._tell_moved()

    def _tell_moved(self) -> None:
        with self._moved:
            self._moved.notify_all()

    def step(self) -> int:
        """Judges what the journal holds, up to `read_bytes`; gives the number of batches."""
        after = self.live.offset
        entries = self.journal.read(after, self.settings.read_bytes)
        if not entries:
            self._wait(after)
            return 0
        for group in self._groups(entries):
            if not self._may_judge(group.block.batch):  # the rest stays in the journal
                return len(entries)
            self._judge(group)
        if self.live.offset < entries[-1][0]:  # the last ones are damaged
            self._done(entries[-1][0])
        return len(entries)

    def _wait(self, after: int) -> None:
        wait = getattr(self.journal, "wait", None)
        if wait is None:
            self._stop.wait(POLL_S)
        else:
            wait(after, WAIT_S)

    # -------------------------------------------------------------------------------- from bytes

    def _groups(self, entries: list[tuple[int, int, JournalEntry]]) -> Iterator[Group]:
        """Prepared rows in order: small batches together, as long as their numbers follow."""
        held: list[Piece] = []
        rows = 0
        for piece in (piece for entry in entries for piece in self._decode(*entry)):
            is_next = held and held[-1].first_seq + len(held[-1].batch) == piece.first_seq
            is_full = rows + len(piece.batch) > self.settings.block_rows
            if held and (not is_next or is_full or self._is_apart(held[0], piece)):
                yield from self._prepared(held)
                held, rows = [], 0
            held.append(piece)
            rows += len(piece.batch)
        if held:
            yield from self._prepared(held)

    def _is_apart(self, held: Piece, piece: Piece) -> bool:
        """Whether one of two pieces is a row that has to be judged alone."""
        if self.guard is None:
            return False
        last = piece.first_seq + len(piece.batch) - 1
        return self.guard.is_single(held.first_seq, held.first_seq) or self.guard.is_single(
            piece.first_seq, last
        )

    def _decode(self, offset: int, first_seq: int, entry: JournalEntry) -> list[Piece]:
        """The rows of an entry, in several pieces when some are left out."""
        try:
            batch = decode_batch(entry.body)
        except StateError as error:
            self.damaged += entry.count
            _log.error("a batch of the journal is damaged", offset=offset, problem=str(error))
            return []
        ts = batch.numbers["ts"]
        ts[ts == NO_TIME] = entry.received
        end = first_seq + len(batch)
        out: list[int] = []
        if first_seq <= self._last_skip:
            out = sorted(seq for seq in self._skip if first_seq <= seq < end)
        out = self._with_those_left_out(batch, first_seq, out)
        if self.guard is not None and self.guard.is_single(first_seq, end - 1):
            return self._one_by_one(
                Piece(offset, first_seq, entry.source, entry.received, batch), set(out)
            )
        if not out:
            return [Piece(offset, first_seq, entry.source, entry.received, batch)]
        pieces = []
        begin = first_seq
        for seq in [*out, end]:
            if seq > begin:
                part = batch.take(np.arange(begin - first_seq, seq - first_seq))
                done = offset if seq == end else offset - 1
                pieces.append(Piece(done, begin, entry.source, entry.received, part))
            begin = seq + 1
        return pieces

    def _with_those_left_out(
        self, batch: RequestBatch, first_seq: int, known: list[int]
    ) -> list[int]:
        """Numbers of rows to leave out, with those that end the process, which are buried."""
        if self.guard is None or not self.guard.aside:
            return known
        rows = range(first_seq, first_seq + len(batch))
        found = sorted(row for row in self.guard.aside if row in rows and row not in self._skip)
        if not found:
            return known
        error = RuntimeError("the process ends while it is judged")
        self._bury([poison_of(batch, row - first_seq, row, error) for row in found])
        return sorted([*known, *found])

    def _one_by_one(self, piece: Piece, out: set[int]) -> list[Piece]:
        """The rows of a piece as pieces of one row."""
        end = piece.first_seq + len(piece.batch)
        return [
            piece._replace(
                offset=piece.offset if seq == end - 1 else piece.offset - 1,
                first_seq=seq,
                batch=piece.batch.take(np.arange(seq - piece.first_seq, seq - piece.first_seq + 1)),
            )
            for seq in range(piece.first_seq, end)
            if seq not in out
        ]

    def _prepared(self, pieces: list[Piece]) -> Iterator[Group]:
        """The pieces as one group; when that fails, each one alone without the rows at fault."""
        self._mark(pieces[0].first_seq, pieces[-1].first_seq + len(pieces[-1].batch) - 1)
        try:
            yield self._group(pieces)
        except Exception as error:  # noqa: BLE001 (hostile rows must not stop the stream)
            if len(pieces) > 1:
                for piece in pieces:
                    yield from self._prepared([piece])
                return
            (piece,) = pieces
            rows = len(piece.batch)
            if rows == 1:
                self._bury([poison_of(piece.batch, 0, piece.first_seq, error)])
                return
            half = rows // 2
            first = piece.batch.take(np.arange(half))
            yield from self._prepared([piece._replace(offset=piece.offset - 1, batch=first)])
            rest = piece.batch.take(np.arange(half, rows))
            after = piece.first_seq + half
            yield from self._prepared([piece._replace(first_seq=after, batch=rest)])

    def _mark(self, first: int, last: int) -> None:
        """Says on disk which rows are judged now."""
        if self.guard is not None:
            self.guard.enter(first, last)

    def _group(self, pieces: list[Piece]) -> Group:
        block = self.live.prepare(join_batches([piece.batch for piece in pieces]))
        first_seq = pieces[0].first_seq
        if self.level() >= Level.SAMPLED and pieces[0].offset > self._replay_until:
            block = self._sampled(block, first_seq)
        counts = [len(piece.batch) for piece in pieces]
        source = Sources(
            [piece.source for piece in pieces], np.repeat(np.arange(len(pieces)), counts)
        )
        received = min(piece.received for piece in pieces)
        return Group(pieces[-1].offset, first_seq, source, received, block)

    def _sampled(self, block: Prepared, first_seq: int) -> Prepared:
        """The block with most marks taken off, so that less is inspected."""
        numbers = np.arange(first_seq, first_seq + len(block.fields))
        one_in = self.settings.degradation.inspect_one_in
        fields = np.where(numbers % one_in == 0, block.fields, np.uint8(0))
        self.uninspected += int(np.count_nonzero(block.fields) - np.count_nonzero(fields))
        return Prepared(block.batch, fields)

    # ----------------------------------------------------------------------------------- judging

    def _may_judge(self, batch: RequestBatch) -> bool:
        """Waits for a profile that these requests need, and holds up no reader of the state
        meanwhile; False at a stop.
        """
        online = self.live.engine.online
        until = int(batch.numbers["ts"].max(initial=0))
        if online is not None and online.is_wanted(len(batch), until):
            while not self._stop.is_set() and not online.is_learned(WAIT_S):
                pass
        return not self._stop.is_set()

    def _judge(self, group: Group) -> None:
        rows, step = len(group.block.batch), self.settings.block_rows
        for begin in range(0, rows, step):
            end = min(rows, begin + step)
            block = group.block
            if rows > step:
                block = block.take(np.arange(begin, end))
            try:
                with self.gate.held():
                    judged = self.live.advance(block, group.first_seq + begin)
            except Exception as error:  # noqa: BLE001 (whatever it is, the stream goes on)
                _log.error("requests cannot be judged, looking for those", **described(error))
                self._judge_again(group, error)
                return
            self._tell(judged, group, begin)
        self._done(group.offset)

    def _judge_again(self, group: Group, error: Exception) -> None:
        """Judges a group that failed with a fresh engine, and leaves out the rows at fault."""
        self.recoveries += 1
        live = self._rebuilt(group.first_seq)
        self.on_replaced(live)
        self._mark(group.first_seq, group.first_seq + len(group.block.batch) - 1)
        bisection = Bisection(live, error)
        for judged in bisection.run(group.block, group.first_seq):
            at = int(judged.block.batch.numbers["seq"][0]) - group.first_seq
            self._tell([judged], group, at)
        with self.gate.held():
            self.live = live
        self._bury(bisection.poisons)
        self._done(group.offset)

    def _rebuilt(self, before_seq: int) -> LiveEngine:
        """An engine as it was before a row: from its last checkpoint and the journal."""
        live = self.recover()
        live.incidents, live.poisoned = self.live.incidents, self.live.poisoned
        while live.seq < before_seq - 1:
            entries = self.journal.read(live.offset, self.settings.read_bytes)
            if not entries:
                break
            for group in self._groups(entries):
                rows = min(len(group.block.batch), before_seq - group.first_seq)
                if rows > 0:
                    live.advance(group.block.take(np.arange(rows)), group.first_seq)
                if rows < len(group.block.batch):
                    return live
                live.offset = group.offset
        return live

    def _tell(self, judged: list[Judged], group: Group, begin: int) -> None:
        told = []
        for part in judged:
            rows = len(part.block.batch)
            source = group.source.part(begin, rows)
            begin += rows
            last = int(part.block.batch.numbers["seq"][-1])
            told.append(Told(part, source, group.received, last > self._told_seq))
            self._told_seq = max(self._told_seq, last)
        if told:
            self.on_told(told)

    def _bury(self, poisons: list[Poison]) -> None:
        if not poisons:
            return
        self.poisoned += len(poisons)
        self._skip.update(poison.seq for poison in poisons)
        self._last_skip = max(self._last_skip, poisons[-1].seq)
        self.live.remember_poison([poison.seq for poison in poisons])
        self.on_poison(poisons)

    def _done(self, offset: int) -> None:
        with self.gate.held():
            self.live.offset = offset
        self._tell_moved()
        if self.guard is not None:
            self.guard.leave()
        self.on_offset(offset)


def join_batches(batches: list[RequestBatch]) -> RequestBatch:
    """One batch of several, in their order."""
    if len(batches) == 1:
        return batches[0]
    nothing = np.zeros(0, np.uint8)
    blocks = [Prepared(batch, nothing) for batch in batches]
    return joined(blocks).batch
