"""The journal: accepted batches, acknowledged when they are on disk.

Threads that hand over batches compress them; one writer thread commits all that waits in one
transaction, so many senders share one fsync.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.storage.base import (
    Committed,
    Damage,
    DiskFullError,
    JournalEntry,
    QueueFullError,
)
from apisentinel.storage.chain import Chain
from apisentinel.storage.checkpoints import Checkpoints
from apisentinel.storage.disk import DiskGuard, DiskState
from apisentinel.storage.folder import DiskFolder, Folder
from apisentinel.storage.packing import Packed, pack
from apisentinel.storage.settings import StorageSettings

TAIL_BATCHES = 10_000
"""Batches kept in memory at most: small ones cost more than their bodies."""

_Waiting = tuple[Packed, Future[Committed]]


class Journal:
    """Accepted batches in order, in SQLite files of one folder.

    Attributes:
        on_commit: Called from the writer thread with the seconds that each commit took.

    Example:
        >>> import tempfile
        >>> from apisentinel.clock import ManualClock
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     journal = Journal(Path(folder), StorageSettings(), ManualClock())
        ...     entry = JournalEntry("http", 0, 2, bytes(16), b"two rows")
        ...     print(journal.append(entry).result())
        ...     print(journal.read(0, 1 << 20)[0][2].body)
        ...     journal.close()
        Committed(offset=1, first_seq=1)
        b'two rows'
    """

    def __init__(
        self,
        path: Path,
        settings: StorageSettings,
        clock: Clock,
        *,
        folder: Folder | None = None,
        guard: DiskGuard | None = None,
    ) -> None:
        """Opens the journal, or begins one.

        Args:
            path: Folder, made when it is missing.
            settings: Of all stores.
            clock: Tells how old files are.
            folder: Where the files are; tests put a failing disk here.
            guard: Watches the space left; tests put a full disk here.

        Raises:
            NewerVersionError: A later version of the product has written it.
            StoreError: The folder cannot be used.
        """
        self._settings = settings.journal
        self._clock = clock
        try:
            self._folder: Folder = folder or DiskFolder(path)
            self._guard = guard or DiskGuard(path, settings.disk, clock)
        except OSError as error:
            raise StoreError(f"{path} cannot be used: {error.strerror or error}") from error
        self._folder.lock()
        try:
            self._open()
        except BaseException:
            self._folder.unlock()
            raise
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()
        for digest, answer in self._chain.answers():
            self._remember(digest, answer)
        self._tail: OrderedDict[int, JournalEntry] = OrderedDict()
        self._tail_bytes = 0
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        self.on_commit: Callable[[float], None] = lambda _: None
        self._failure: StoreError | None = None
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._write, name="journal-writer", daemon=True)
        self._thread.start()

    def _open(self) -> None:
        settings = self._settings
        self._chain = Chain(self._folder, settings, self._clock)
        self._checkpoints = Checkpoints(
            self._folder, settings.checkpoints, settings.compression_level, self._clock
        )
        newest = self._checkpoints.newest
        if newest is not None:
            self._chain.skip_to(newest.offset, newest.last_seq)

    # ------------------------------------------------------------------------------------- figures

    @property
    def first_offset(self) -> int:
        """Oldest batch that is still kept; ``last_offset + 1`` when there is none."""
        return self._chain.first_offset

    @property
    def last_offset(self) -> int:
        """Newest batch on disk, 0 before the first one."""
        return self._chain.last_offset

    @property
    def last_seq(self) -> int:
        """Number of the newest row on disk, 0 before the first one."""
        return self._chain.last_seq

    @property
    def bytes_used(self) -> int:
        """Size on disk, checkpoints included."""
        return self._chain.bytes_used + self._checkpoints.bytes_used

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What was acknowledged and cannot be read any more."""
        return (*self._chain.damage, *self._checkpoints.damage)

    @property
    def disk(self) -> DiskGuard:
        """How full the disk is."""
        return self._guard

    def health(self) -> tuple[bool, str]:
        """Whether batches are taken in, and why not."""
        if self._closed:
            return False, "the journal is closed"
        if self._guard.state() is DiskState.FULL:
            return False, _disk_full(self._guard)
        if self._failure is not None:
            return False, str(self._failure)
        if not self._thread.is_alive():
            return False, "the writer has ended"
        return True, "batches are taken in"

    # ------------------------------------------------------------------------------------- writing

    def append(self, entry: JournalEntry) -> Future[Committed]:
        """Hands over a batch; the future is done when it is on disk.

        Args:
            entry: Not changed afterwards by the caller.

        Returns:
            A future that gives where the batch is. It fails with DiskFullError, QueueFullError or
            another StoreError when the batch cannot be taken in; nothing of it is then kept.
        """
        future: Future[Committed] = Future()
        future.set_running_or_notify_cancel()
        problem = self._refusal()
        if problem is None:
            try:
                packed = pack(entry, self._settings.compression_level)
            except ValueError as error:
                problem = StoreError(f"the batch cannot be kept: {error}")
            else:
                problem = self._enqueue(packed, future)
        if problem is not None:
            future.set_exception(problem)
        return future

    def _refusal(self) -> StoreError | None:
        if self._closed:
            return StoreError("the journal is closed")
        if self._guard.state() is DiskState.FULL:
            return DiskFullError(_disk_full(self._guard))
        failure = self._failure
        if failure is not None and self._clock.monotonic() < self._retry_at:
            return type(failure)(str(failure))
        return None

    def _enqueue(self, packed: Packed, future: Future[Committed]) -> StoreError | None:
        with self._changed:
            if self._closed:
                return StoreError("the journal is closed")
            size = packed.stored_bytes
            if self._queue and self._queued_bytes + size > self._settings.queue_bytes:
                return QueueFullError(
                    f"{self._queued_bytes:,} bytes wait for the disk; try again in a moment"
                )
            self._queue.append((packed, future))
            self._queued_bytes += size
            self._changed.notify_all()
        return None

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                if not self._queue:
                    return
                if self._settings.group_window_ms and not self._closed:
                    self._changed.wait(self._settings.group_window_ms / 1000)
                group = self._take()
            self._commit(group)

    def _take(self) -> list[_Waiting]:
        group = [self._queue.popleft()]
        size = group[0][0].stored_bytes
        while self._queue and size + self._queue[0][0].stored_bytes <= self._settings.group_bytes:
            group.append(self._queue.popleft())
            size += group[-1][0].stored_bytes
        self._queued_bytes -= size
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        begin = self._clock.monotonic()
        try:
            places = self._chain.commit([packed for packed, _ in group])
        except Exception as error:  # noqa: BLE001 (whatever it is, nobody may wait for ever)
            failure = error if isinstance(error, StoreError) else StoreError(repr(error))
            self._retry_at = self._clock.monotonic() + self._settings.retry_seconds
            self._failure = failure
            with suppress(OSError):
                self._guard.check()
            for _, future in group:
                future.set_exception(type(failure)(str(failure)))
            return
        self._failure = None
        self.on_commit(self._clock.monotonic() - begin)
        with self._changed:
            for (packed, _), place in zip(group, places, strict=True):
                packed.entry.first_seq = place.first_seq
                self._hold(place.offset, packed.entry)
                if packed.entry.idempotency is not None:
                    self._remember(packed.entry.idempotency, packed.entry.answer)
            self._changed.notify_all()
        for (_, future), place in zip(group, places, strict=True):
            future.set_result(place)

    def _remember(self, digest: bytes, answer: bytes) -> None:
        self._answers[digest] = answer
        while len(self._answers) > self._settings.idempotency_keys:
            self._answers.popitem(last=False)

    def _hold(self, offset: int, entry: JournalEntry) -> None:
        """Keeps a batch for the reader, who takes the oldest first: what has no room is read back
        from the file, and what was read is let go by `_let_go`.
        """
        size = len(entry.body)
        is_full = self._tail_bytes + size > self._settings.tail_bytes
        if is_full or len(self._tail) >= TAIL_BATCHES:
            return
        self._tail[offset] = entry
        self._tail_bytes += size

    def _let_go(self, up_to: int) -> None:
        """Forgets what the reader is done with."""
        with self._changed:
            while self._tail and next(iter(self._tail)) <= up_to:
                self._tail_bytes -= len(self._tail.popitem(last=False)[1].body)

    # ------------------------------------------------------------------------------------- reading

    def read(self, after_offset: int, limit_bytes: int) -> list[tuple[int, int, JournalEntry]]:
        """Batches after an offset in order; those that were never read come from memory as far as
        they have room there, and those up to the offset are not kept there any longer.

        Args:
            after_offset: 0 for all.
            limit_bytes: Size of the bodies at which to stop; one batch is given in any case.

        Returns:
            ``(offset, first_seq, entry)`` each. Offsets leave out what is damaged, see `damage`.
        """
        self._let_go(after_offset)
        found: list[tuple[int, int, JournalEntry]] = []
        held = 0
        last = self.last_offset
        at = after_offset
        while at < last and (not found or held < limit_bytes):
            following = self._chain.next_offset(at)
            if following is None or following > last:
                break
            at = following
            entry = self._recent(at) or self._chain.entry(at)
            if entry is None:
                continue
            held += len(entry.body)
            if found and held > limit_bytes:
                break
            found.append((at, entry.first_seq, entry))
        return found

    def _recent(self, offset: int) -> JournalEntry | None:
        with self._changed:
            return self._tail.get(offset)

    def wait(self, after_offset: int, timeout: float) -> bool:
        """Waits until there is a batch after an offset.

        Args:
            after_offset: Last batch that the caller knows.
            timeout: Seconds to wait at most.

        Returns:
            Whether there is one.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._chain.last_offset > after_offset, timeout
            )
            return self._chain.last_offset > after_offset

    def seen_idempotency(self, digest: bytes) -> bytes | None:
        """The answer that was given to a key, None when the key is new or forgotten."""
        with self._changed:
            return self._answers.get(digest)

    def recent_event_ids(self, window: int) -> Iterator[npt.NDArray[np.uint64]]:
        """Hashes of the newest event ids, oldest first, some batches at a time.

        Gives at least `window` when the journal holds so many, and then up to a file more.
        """
        yield from self._chain.event_ids(window)

    def sizes(self, after_offset: int) -> Iterator[tuple[int, int]]:
        """Offsets of the batches after one, each with the size of its body; bodies are not read."""
        return self._chain.sizes(after_offset)

    # --------------------------------------------------------------------------------- checkpoints

    def save_checkpoint(self, offset: int, parts: Mapping[str, bytes]) -> None:
        """Keeps the state as it was after a batch; a crash leaves the old one or the new one.

        Args:
            offset: Last batch that the state has seen.
            parts: The state, by name; asked for one after the other, each once.

        Raises:
            StoreError: The disk refuses; the earlier checkpoints are as they were.
        """
        self._checkpoints.save(offset, self.last_seq, parts)

    def load_checkpoint(self) -> tuple[int, Mapping[str, bytes]] | None:
        """The newest checkpoint that is whole, None when there is none.

        Damaged ones are set aside and reported in `damage`.
        """
        return self._checkpoints.load()

    def trim(self, keep_after_offset: int) -> int:
        """Removes files that no checkpoint needs and that are old, or too many.

        Args:
            keep_after_offset: Last batch whose effects are kept elsewhere.

        Returns:
            Bytes that became free.
        """
        up_to = min(keep_after_offset, self._checkpoints.oldest_offset)
        full = self._guard.state() is DiskState.FULL
        freed = self._chain.trim(
            up_to,
            keep_hours=0 if full else self._settings.keep_hours,
            keep_bytes=0 if full else self._settings.keep_bytes,
        )
        if freed:
            self._guard.check()
        return freed

    def close(self) -> None:
        """Writes what was handed over and closes the files."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self._chain.close()
        self._folder.unlock()


def _disk_full(guard: DiskGuard) -> str:
    return f"disk full: {guard.described()}; free some space, taking in goes on by itself"
