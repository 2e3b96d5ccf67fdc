"""The door: the one way in. What it acknowledges is on disk; what it cannot take, it refuses.

Bytes become a batch, secrets are replaced, repeated events are left out, and the rest is committed
to the journal. A row without an ``event_id`` is never taken for a repeated one; when it is judged
it gets the id that `derived_event_id` makes from its sequence number.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.clock import Clock
from apisentinel.errors import RefusedError, StoreError
from apisentinel.kernels.hashing import DEFAULT_KEY, HashKey
from apisentinel.pipeline.door.backlog import Backlog
from apisentinel.pipeline.door.counters import Counters
from apisentinel.pipeline.door.dedup import Deduplicator, Ids, IdTable, event_ids
from apisentinel.pipeline.door.idempotency import (
    Answer,
    Hold,
    Idempotency,
    body_digest,
    encode_answer,
    key_digest,
)
from apisentinel.pipeline.door.parse import ParsedBody, Rejected, parse_body
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.records.batch import NO_TIME, RequestBatch
from apisentinel.records.codec import encode_batch, text_bytes
from apisentinel.storage.base import (
    Committed,
    DiskFullError,
    JournalEntry,
    JournalStore,
    QueueFullError,
)

DISK_RETRY = 30
"""Seconds after which a sender is asked to try again when the disk is full or refuses: somebody or
the retention has to free space first.
"""

STOP_RETRY = 5
"""Seconds a restart takes."""


class Dead(NamedTuple):
    """A line that gave no request and whose sender cannot be told.

    Attributes:
        raw: Its bytes, without line end.
        reason: Why.
        offset: Where it stood in its input, -1 when that means nothing.
    """

    raw: bytes
    reason: str
    offset: int = -1


class Receipt(msgspec.Struct, frozen=True):
    """What became of a submission.

    Attributes:
        accepted: Rows on disk.
        deduplicated: Rows that were known before.
        rejected: Broken records, at most as many as the settings list.
        offset: Offset of the batch in the journal, None when nothing was written or the answer is
            that of an earlier submission.
        broken: Number of all broken records.
        deadlettered: Lines that went to the dead letters.
        clamped: Rows whose time lay too far in the future and was replaced by that of arrival.
    """

    accepted: int
    deduplicated: int
    rejected: tuple[Rejected, ...]
    offset: int | None
    broken: int = 0
    deadlettered: int = 0
    clamped: int = 0


class BatchRedactor(Protocol):
    """Replaces secrets in a batch. Thread-safe."""

    def apply(self, batch: RequestBatch) -> int:
        """Changes the batch; gives the number of changed rows."""
        ...

    def lines(self, texts: Sequence[bytes]) -> list[bytes]:
        """Texts of any kind without their secrets."""
        ...


class DeadLetterBox(Protocol):
    """Keeps lines that gave no request. Thread-safe."""

    def put(self, source: str, lines: list[Dead]) -> range:
        """Keeps lines and gives their numbers; they are on disk when it returns. Raises
        StoreError.
        """
        ...

    def take_back(self, numbers: range) -> None:
        """Removes lines again. Raises StoreError."""
        ...


def derived_event_id(seq: int) -> str:
    """The id of an event that came without one.

    Example:
        >>> derived_event_id(42)
        'seq-42'
    """
    return f"seq-{seq}"


class Door:
    """Takes submissions from any number of threads.

    Args:
        settings: Limits.
        journal: Where accepted batches go.
        dedup: Window of event ids; the door is its only user.
        counters: The books.
        redactor: Replaces secrets before anything is written; None leaves them.
        dead_letters: For lines whose sender cannot be told; None refuses such lines.
        clock: Arrival times.
        key: Key of the hashes of event ids.
    """

    def __init__(  # noqa: PLR0913, PLR0917 (one argument per collaborator)
        self,
        settings: DoorSettings,
        journal: JournalStore,
        dedup: IdTable,
        counters: Counters,
        redactor: BatchRedactor | None,
        dead_letters: DeadLetterBox | None,
        clock: Clock,
        *,
        key: HashKey = DEFAULT_KEY,
    ) -> None:
        self.settings = settings
        self.journal = journal
        self.counters = counters
        self.dead_letters = dead_letters
        self.backlog = Backlog(settings.backlog_bytes, clock)
        self._dedup = Deduplicator(dedup)
        self._redactor = redactor
        self._clock = clock
        self._key = key
        self._idempotency = Idempotency(journal.seen_idempotency)
        self._changed = threading.Condition()
        self._stopping = False
        self._inside = 0

    def remember(self) -> None:
        """Fills the window of event ids from the journal; once, before the first submission."""
        for ids in self.journal.recent_event_ids(self.settings.dedup_ids):
            self._dedup.remember(ids)

    def submit_requests(
        self, body: bytes, *, source: str, idempotency: str | None = None, sender: str = ""
    ) -> Receipt:
        """Takes a body of requests; returns when all that it accepts is on disk.

        Args:
            body: NDJSON, a JSON array, concatenated JSON or an envelope; decompressed.
            source: Name of the way in, such as ``http``.
            idempotency: Key of the sender; the same key and body get the same answer again.
            sender: Who sends, such as the id of an API key: keys of two senders have nothing to do
                with each other.

        Raises:
            RefusedError: 400 unusable key, 413 too large, 422 key used with another body, 429 too
                much waits to be judged, 503 stopping or the disk refuses. Nothing was accepted.
        """
        with _Inside(self, len(body)):
            if idempotency is None:
                return self._take(parse_body(body, self.settings), source)
            digest = key_digest(source, sender, idempotency)
            content = body_digest(body)
            with self._idempotency.hold(digest, self.settings.commit_timeout_seconds) as hold:
                known = self._idempotency.answered(digest, content)
                if known is not None:
                    return self._again(known, source)
                parsed = parse_body(body, self.settings)
                return self._take(parsed, source, key=_Key(digest, content, hold))

    def submit_batch(
        self,
        batch: RequestBatch,
        *,
        source: str,
        rejected: tuple[Rejected, ...] = (),
        broken: int | None = None,
        dead: list[Dead] | None = None,
    ) -> Receipt:
        """Takes parsed requests; returns when all that it accepts is on disk.

        Args:
            batch: Is changed.
            source: Name of the way in.
            rejected: Broken records of which the sender will be told.
            broken: Number of all broken records; that of `rejected` when not given.
            dead: Lines for the dead letters.

        Raises:
            RefusedError: 413, 429, 503 as in `submit_requests`.
        """
        if len(batch) > self.settings.max_records:
            raise RefusedError(
                413,
                f"{len(batch):,} records in one submission, at most"
                f" {self.settings.max_records:,} are accepted: send smaller batches",
            )
        body = ParsedBody(batch, rejected, len(rejected) if broken is None else broken)
        with _Inside(self, text_bytes(batch)):
            return self._take(body, source, dead=dead or [])

    def shed(self, source: str, rows: int) -> None:
        """Counts rows that a rule allows to be dropped before they were read."""
        self.counters.count(source, shed=rows)

    def judged(self, offset: int) -> None:
        """Tells the door that all batches up to `offset` are judged."""
        self.backlog.judged(offset)

    def check(self, size: int) -> None:
        """Refuses a submission before any work is done for it; costs a microsecond.

        Args:
            size: Bytes that it has at least.

        Raises:
            RefusedError: 429 or 503, as `submit_requests` would.
        """
        try:
            if self._stopping:
                raise _stopping()
            self.backlog.check(size)
        except RefusedError:
            self.counters.note(refused=1)
            raise

    def stop(self, timeout: float = 10.0) -> bool:
        """Refuses what comes from now on and waits for the submissions inside.

        Returns:
            False when some were still inside after `timeout` seconds.
        """
        with self._changed:
            self._stopping = True
            return self._changed.wait_for(lambda: self._inside == 0, timeout)

    @property
    def stopping(self) -> bool:
        """True after `stop`."""
        return self._stopping

    def enter(self, size: int) -> None:
        """Lets a submission in. Raises RefusedError 429 or 503."""
        with self._changed:
            if self._stopping:
                raise _stopping()
            self._inside += 1
        try:
            self.backlog.reserve(size)
        except RefusedError:
            self.leave(0)
            raise

    def leave(self, size: int) -> None:
        """Lets a submission out."""
        self.backlog.release(size)
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def _again(self, known: Answer, source: str) -> Receipt:
        """The answer to a repeated submission."""
        total = known.accepted + known.deduplicated
        self.counters.count(source, deduplicated=total, rejected=known.broken)
        return Receipt(known.accepted, known.deduplicated, known.rejected, None, known.broken)

    def _take(
        self,
        body: ParsedBody,
        source: str,
        *,
        key: "_Key | None" = None,
        dead: list[Dead] | None = None,
    ) -> Receipt:
        """Stamps, redacts, deduplicates, writes and counts."""
        batch = body.batch
        clamped, undated = self._stamp(batch)
        redacted = self._redactor.apply(batch) if self._redactor is not None else 0
        buried = self._bury(source, dead) if dead else None
        claimed = self._dedup.claim(event_ids(batch, self._key), lambda: self._stopping)
        if claimed is None:
            self._take_back(buried)
            raise RefusedError(503, "the service is stopping", retry_after=STOP_RETRY)
        ticket, claim = claimed
        accepted = int(np.count_nonzero(claim.new))
        receipt = Receipt(
            accepted,
            len(batch) - accepted,
            body.rejected,
            None,
            body.broken,
            len(dead or ()),
            clamped,
        )
        answer = Answer(
            key.content if key is not None else "",
            receipt.accepted,
            receipt.deduplicated,
            receipt.rejected,
            receipt.broken,
        )
        work = _Work(self, ticket, source, receipt, key, buried)
        if accepted:
            try:
                entry = self._entry(batch, claim.new, source, key, answer)
                work.size = len(entry.body)
                future = self.journal.append(entry)
            except BaseException as problem:
                work.failed()
                raise self._refusal(problem) from problem
            receipt = self._wait(future, work)
        else:
            work.written(None)
            if key is not None:
                self._idempotency.remember(key.digest, answer)
        self.counters.note(clamped=clamped, undated=undated, redacted=redacted)
        return receipt

    def _stamp(self, batch: RequestBatch) -> tuple[int, int]:
        """Gives rows without a time that of arrival, and rows from the future, too.

        Returns:
            Number of rows from the future, and without a time.
        """
        now = self._clock.now()
        ts = batch.numbers["ts"]
        missing = ts == NO_TIME
        future = ts > now + int(self.settings.max_future_seconds * 1e6)
        clamped, undated = int(np.count_nonzero(future)), int(np.count_nonzero(missing))
        if clamped or undated:
            ts[missing | future] = now
        return clamped, undated

    def _bury(self, source: str, dead: list[Dead]) -> range:
        """Writes lines to the dead letters, before anything else of their submission."""
        if self.dead_letters is None:
            raise RefusedError(503, "there is no place for lines that cannot be read")
        if self._redactor is not None:
            texts = self._redactor.lines([line.raw for line in dead])
            dead = [
                line if text == line.raw else line._replace(raw=text)
                for line, text in zip(dead, texts, strict=True)
            ]
        try:
            return self.dead_letters.put(source, dead)
        except StoreError as problem:
            raise self._refusal(problem) from problem

    def _take_back(self, buried: range | None) -> None:
        """Removes the dead letters of a submission that is refused: they come again with it."""
        if buried is None or self.dead_letters is None:
            return
        with suppress(StoreError):  # they stay, and are there twice when they have come again
            self.dead_letters.take_back(buried)

    def _entry(
        self,
        batch: RequestBatch,
        new: npt.NDArray[np.bool_],
        source: str,
        key: "_Key | None",
        answer: Answer,
    ) -> JournalEntry:
        """The new rows as an entry of the journal."""
        if not new.all():
            batch = batch.take(np.flatnonzero(new))
        ids: Ids = event_ids(batch, self._key)
        return JournalEntry(
            source=source,
            received=self._clock.now(),
            count=len(batch),
            event_ids=ids.astype("<u8").tobytes(),
            body=encode_batch(batch),
            idempotency=key.digest if key is not None else None,
            answer=encode_answer(answer) if key is not None else b"",
        )

    def _wait(self, future: "Future[Committed]", work: "_Work") -> Receipt:
        """Waits for the commit; what takes too long settles itself later."""
        try:
            committed = future.result(self.settings.commit_timeout_seconds)
        except FutureTimeoutError as problem:
            if not future.done():
                if work.key is not None:
                    work.key.hold.kept = True
                work.take_back()
                future.add_done_callback(work.late)
                raise RefusedError(
                    503,
                    f"the disk did not confirm within {self.settings.commit_timeout_seconds:g} s",
                    retry_after=DISK_RETRY,
                ) from problem
            work.failed()
            raise self._refusal(problem) from problem
        except BaseException as problem:
            work.failed()
            raise self._refusal(problem) from problem
        work.written(committed)
        return msgspec.structs.replace(work.receipt, offset=committed.offset)

    @staticmethod
    def _refusal(problem: BaseException) -> BaseException:
        """The refusal that tells the sender about a problem; others as they are."""
        if not isinstance(problem, StoreError):
            return problem
        if isinstance(problem, QueueFullError):
            return RefusedError(429, str(problem), retry_after=1)
        if isinstance(problem, DiskFullError):
            return RefusedError(503, str(problem), retry_after=DISK_RETRY)
        return RefusedError(
            503, f"the journal cannot be written: {problem}", retry_after=DISK_RETRY
        )


def _stopping() -> RefusedError:
    return RefusedError(503, "the service is stopping", retry_after=STOP_RETRY)


class _Key(NamedTuple):
    """The Idempotency-Key of a submission."""

    digest: bytes
    content: str
    hold: Hold


class _Work:
    """The books of one submission that is being written."""

    __slots__ = ("buried", "door", "key", "receipt", "size", "source", "ticket")

    def __init__(
        self,
        door: Door,
        ticket: int,
        source: str,
        receipt: Receipt,
        key: _Key | None,
        buried: range | None,
    ) -> None:
        self.buried = buried
        self.door = door
        self.key = key
        self.ticket = ticket
        self.source = source
        self.receipt = receipt
        self.size = 0

    def written(self, committed: Committed | None) -> None:
        """On disk, or there was nothing to write."""
        door, receipt = self.door, self.receipt
        door._dedup.settle(self.ticket, written=True)  # noqa: SLF001 (two halves of one thing)
        if committed is not None:
            door.backlog.committed(committed.offset, self.size)
        door.counters.count(
            self.source,
            accepted=receipt.accepted,
            deduplicated=receipt.deduplicated,
            rejected=receipt.broken,
            deadlettered=receipt.deadlettered,
        )

    def failed(self) -> None:
        """Not on disk: the ids are free again, and the rows were never received."""
        self.door._dedup.settle(self.ticket, written=False)  # noqa: SLF001 (same)
        self.take_back()

    def take_back(self) -> None:
        """Forgets the dead letters: the sender is refused and sends them again."""
        self.door._take_back(self.buried)  # noqa: SLF001 (same)
        self.buried = None
        self.receipt = msgspec.structs.replace(self.receipt, deadlettered=0)

    def late(self, future: "Future[Committed]") -> None:
        """Settles a commit that nobody waits for any more."""
        if future.cancelled() or future.exception() is not None:
            self.failed()
        else:
            self.written(future.result())
        if self.key is not None:
            self.key.hold.release()


class _Inside:
    """A submission inside the door, with its bytes reserved."""

    __slots__ = ("door", "size")

    def __init__(self, door: Door, size: int) -> None:
        self.door = door
        self.size = size

    def __enter__(self) -> None:
        try:
            self.door.enter(self.size)
        except RefusedError:
            self.door.counters.note(refused=1)
            raise

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if isinstance(problem, RefusedError):
            self.door.counters.note(refused=1)
        self.door.leave(self.size)
