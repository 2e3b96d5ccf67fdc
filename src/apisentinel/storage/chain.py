"""The files of the journal as one sequence of batches. One thread writes, any may read.

A commit that fails is never tried again on the same file: after a failed fsync the kernel may say
that pages are clean which never reached the disk. The file is closed as it is, and the sequence
goes on in a new one, whose head says where it begins; what the old file may hold beyond that point
was never acknowledged and does not count.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.storage.base import (
    Committed,
    Damage,
    DamagedError,
    JournalEntry,
    NewerVersionError,
)
from apisentinel.storage.folder import Folder, database_bytes, remove_database, sweep
from apisentinel.storage.packing import Packed
from apisentinel.storage.segment import Head, Segment, SegmentReader
from apisentinel.storage.settings import JournalSettings

PREFIX, SUFFIX = "segment-", ".db"
SET_ASIDE = ".damaged"

OPEN_READERS = 4
"""Files kept open for reading; one is enough unless somebody reads far behind."""

SKIPPED_OFFSETS = 1 << 20
SKIPPED_SEQS = 1 << 40
"""Numbers left out after the newest file was lost: more than it can have held, so that none is
given twice.
"""

HOUR_US = 3_600_000_000

T = TypeVar("T")


class Link(msgspec.Struct):
    """A file in the sequence; `last_offset` and `last_seq` count only what was acknowledged."""

    name: str
    first_offset: int
    first_seq: int
    created: int
    last_offset: int
    last_seq: int
    bytes: int = 0


class Chain:
    """Consecutive batches over consecutive files.

    Attributes:
        damage: What could not be read when it was opened or since.
        links: Files, oldest first.
    """

    def __init__(self, folder: Folder, settings: JournalSettings, clock: Clock) -> None:
        """Opens the files; those that cannot be read are set aside and reported in `damage`.

        Raises:
            NewerVersionError: A later version of the product has written them.
            StoreError: The folder cannot be read.
        """
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._lock = threading.RLock()
        self._readers: OrderedDict[str, SegmentReader] = OrderedDict()
        self._active: Segment | None = None
        self.damage: list[Damage] = []
        self.links: list[Link] = []
        self._ordinal = 0
        self._next_offset = 1
        self._next_seq = 1
        self._open()

    # ------------------------------------------------------------------------------------- opening

    def _open(self) -> None:
        sweep(self._folder, PREFIX, SUFFIX)
        names = [n for n in self._folder.names() if n.startswith(PREFIX)]
        self._ordinal = max((_ordinal(name) for name in names), default=0)
        lost: str | None = None
        for name in (n for n in names if n.endswith(SUFFIX)):
            try:
                head = self._head(name)
            except NewerVersionError:
                self.close()
                raise
            except DamagedError as problem:
                self._set_aside(name)
                lost = f"{name}: {problem}"
                continue
            if head is None:  # the program ended while it made the file: nothing was in it
                remove_database(self._folder, name)
                continue
            self._join(name, head, lost)
            lost = None
        if lost is not None:
            self._skip(SKIPPED_OFFSETS, SKIPPED_SEQS, lost)
        elif self.links:
            self._resume()

    def _head(self, name: str) -> Head | None:
        reader = SegmentReader(self._folder, name)
        try:
            return reader.head()
        finally:
            reader.close()

    def _join(self, name: str, head: Head, lost: str | None) -> None:
        if self.links:
            previous = self.links[-1]
            if previous.last_offset >= head.first_offset:  # the rest of it was not acknowledged
                with self._reading(previous.name) as reader:
                    seq = reader.last_seq(head.first_offset - 1)
                previous.last_offset = head.first_offset - 1
                previous.last_seq = previous.first_seq - 1 if seq is None else seq
        if (self.links or lost) and head.first_offset > self._next_offset:
            self._report(
                name,
                self._next_offset,
                head.first_offset - 1,
                head.first_seq - self._next_seq,
                lost or "batches before this file are missing",
            )
        self.links.append(
            Link(
                name,
                head.first_offset,
                head.first_seq,
                head.created,
                head.last_offset,
                head.last_seq,
                database_bytes(self._folder, name),
            )
        )
        self._next_offset = head.last_offset + 1
        self._next_seq = head.last_seq + 1

    def _resume(self) -> None:
        """Goes on writing in the newest file, or leaves it alone when it is not sound."""
        segment: Segment | None = None
        try:
            segment = Segment(self._folder, self.links[-1].name)
            segment.verify()
        except StoreError as problem:
            if segment is not None:
                segment.abandon()
            self._report(self.links[-1].name, 0, 0, 0, str(problem))
            return
        self._active = segment

    def _set_aside(self, name: str) -> None:
        for ending in ("-wal", "-shm", "-journal"):
            self._folder.remove(name + ending)
        self._folder.rename(name, name + SET_ASIDE)

    def _report(self, file: str, first: int, last: int, rows: int, reason: str) -> None:
        self.damage.append(Damage(file, first, last, max(rows, 0), reason))

    def _skip(self, offsets: int, seqs: int, reason: str) -> None:
        first = self._next_offset
        self._next_offset += offsets
        self._next_seq += seqs
        self._report("", first, self._next_offset - 1, 0, reason)

    def skip_to(self, offset: int, seq: int) -> None:
        """Makes sure that numbers up to these are not given again.

        Used when a checkpoint is newer than the files: they were lost, what they held was judged.
        """
        if offset < self._next_offset and seq < self._next_seq:
            return
        with self._lock:
            self._retire()
            self._skip(
                max(offset + 1 - self._next_offset, 0),
                max(seq + 1 - self._next_seq, 0),
                "the journal ends before the checkpoint",
            )

    # ------------------------------------------------------------------------------------- writing

    @property
    def last_offset(self) -> int:
        """Newest batch on disk."""
        return self._next_offset - 1

    @property
    def last_seq(self) -> int:
        """Newest row on disk."""
        return self._next_seq - 1

    @property
    def first_offset(self) -> int:
        """Oldest batch that is kept."""
        with self._lock:
            held = (link.first_offset for link in self.links if link.last_seq >= link.first_seq)
            return next(held, self._next_offset)

    def commit(self, batches: Sequence[Packed]) -> list[Committed]:
        """Writes batches; returns when they are on disk.

        Raises:
            StoreError: Nothing of it counts. The next call goes on in a new file.
        """
        if self._active is None or self._is_over():
            self._begin()
        segment = self._active
        if segment is None:
            raise StoreError("the journal has no file to write to")
        try:
            segment.write(batches, self._next_offset, self._next_seq)
        except BaseException:
            self._abandon(segment)
            raise
        answers = []
        offset, seq = self._next_offset, self._next_seq
        for packed in batches:
            answers.append(Committed(offset, seq))
            offset += 1
            seq += packed.entry.count
        with self._lock:
            self._next_offset, self._next_seq = offset, seq
            link = self.links[-1]
            link.last_offset, link.last_seq = offset - 1, seq - 1
            link.bytes += sum(packed.stored_bytes for packed in batches)
        return answers

    def _is_over(self) -> bool:
        link = self.links[-1]
        age = self._clock.now() - link.created
        return link.bytes >= self._settings.segment_bytes or (
            age >= self._settings.segment_hours * HOUR_US and link.last_offset >= link.first_offset
        )

    def _begin(self) -> None:
        self._retire()
        self._ordinal += 1
        name = f"{PREFIX}{self._ordinal:010d}{SUFFIX}"
        created = self._clock.now()
        segment: Segment | None = None
        try:
            segment = Segment(self._folder, name)
            segment.begin(self._next_offset, self._next_seq, created)
        except BaseException:
            if segment is not None:
                segment.abandon()
            self._discard(name)
            raise
        link = Link(
            name,
            self._next_offset,
            self._next_seq,
            created,
            self._next_offset - 1,
            self._next_seq - 1,
            database_bytes(self._folder, name),
        )
        with self._lock:
            self.links.append(link)
            self._active = segment

    def _discard(self, name: str) -> None:
        try:
            remove_database(self._folder, name)
        except OSError:  # it has no head, so the next start removes it
            return

    def _retire(self) -> None:
        """Ends the file that is written to."""
        segment, self._active = self._active, None
        if segment is not None:
            self._close_reader(segment.name)
            segment.finish()
            self.links[-1].bytes = database_bytes(self._folder, segment.name)

    def _abandon(self, segment: Segment) -> None:
        self._active = None
        self._close_reader(segment.name)
        segment.abandon()

    # ------------------------------------------------------------------------------------- reading

    def entry(self, offset: int) -> JournalEntry | None:
        """A batch that was acknowledged, None when it is gone or damaged.

        Damage is reported once in `damage`.
        """
        link = self._link(offset)
        if link is None:
            return None
        try:
            with self._reading(link.name) as reader:
                entry = reader.entry(offset)
            reason = "the batch is missing"
        except DamagedError as problem:
            entry, reason = None, str(problem)
        if entry is None and all(known.first_offset != offset for known in self.damage):
            self._report(link.name, offset, offset, 0, reason)
        return entry

    def next_offset(self, after: int) -> int | None:
        """First offset after another one that some file holds, None at the end."""
        with self._lock:
            for link in self.links:
                if link.last_offset > after and link.last_offset >= link.first_offset:
                    return max(after + 1, link.first_offset)
        return None

    def answers(self) -> Iterator[tuple[bytes, bytes]]:
        """All idempotency digests with their answers, oldest first."""
        for link in tuple(self.links):
            work = partial(SegmentReader.answers, last_offset=link.last_offset)
            yield from self._tried(link, work)

    def event_ids(self, window: int) -> Iterator[npt.NDArray[np.uint64]]:
        """Hashes of the newest event ids, oldest first; at least `window`, if there are so many."""
        with self._lock:
            links = list(self.links)
        begin = len(links)
        held = 0
        while begin and held < window:
            begin -= 1
            held += links[begin].last_seq - links[begin].first_seq + 1
        for link in links[begin:]:
            first, last = link.first_offset, link.last_offset
            work = partial(SegmentReader.event_ids, first_offset=first, last_offset=last)
            yield from self._tried(link, work)

    def sizes(self, after: int) -> Iterator[tuple[int, int]]:
        """Offsets of the batches after one, each with the size of its body."""
        with self._lock:
            links = [link for link in self.links if link.last_offset > after]
        for link in links:
            first, last = max(link.first_offset, after + 1), link.last_offset
            work = partial(SegmentReader.sizes, first_offset=first, last_offset=last)
            yield from self._tried(link, work)

    def _tried(self, link: Link, work: Callable[[SegmentReader], Iterator[T]]) -> list[T]:
        try:
            with self._reading(link.name) as reader:
                return list(work(reader))
        except DamagedError as problem:
            self._report(link.name, link.first_offset, link.last_offset, 0, str(problem))
            return []

    def _link(self, offset: int) -> Link | None:
        with self._lock:
            for link in reversed(self.links):
                if link.first_offset <= offset <= link.last_offset:
                    return link
        return None

    def _reading(self, name: str) -> "_Lease":
        return _Lease(self, name)

    def lease(self, name: str) -> SegmentReader:
        """A reader of a file; the caller holds the lock of the sequence."""
        reader = self._readers.pop(name, None)
        if reader is None:
            active = self._active
            shared = active if active and active.name == name and self._folder.exclusive else None
            reader = SegmentReader(self._folder, name, shared)
        self._readers[name] = reader
        while len(self._readers) > OPEN_READERS:
            self._readers.popitem(last=False)[1].close()
        return reader

    @property
    def lock(self) -> threading.RLock:
        """Guards the list of files and their readers."""
        return self._lock

    def _close_reader(self, name: str) -> None:
        with self._lock:
            reader = self._readers.pop(name, None)
            if reader is not None:
                reader.close()

    # ------------------------------------------------------------------------------- space and end

    @property
    def bytes_used(self) -> int:
        """Size on disk."""
        with self._lock:
            return sum(link.bytes for link in self.links)

    def trim(self, up_to: int, *, keep_hours: float, keep_bytes: int) -> int:
        """Removes the oldest files whose batches are all at or before an offset.

        Args:
            up_to: Last batch that is not needed any more.
            keep_hours: Younger files stay, unless they are too many.
            keep_bytes: Size that the files which could be removed may take up.

        Returns:
            Bytes that became free.
        """
        freed = 0
        now = self._clock.now()
        with self._lock:
            idle = [link for link in self.links[:-1] if link.last_offset <= up_to]
            held = sum(link.bytes for link in idle)
            for link in idle:
                if held <= keep_bytes and now - link.created < keep_hours * HOUR_US:
                    break
                self._close_reader(link.name)
                freed += remove_database(self._folder, link.name)
                held -= link.bytes
                self.links.remove(link)
        return freed

    def close(self) -> None:
        """Closes all files."""
        with self._lock:
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()
            segment, self._active = self._active, None
        if segment is not None:
            segment.finish()


class _Lease:
    """A reader that nobody closes meanwhile."""

    def __init__(self, chain: Chain, name: str) -> None:
        self._chain = chain
        self._name = name

    def __enter__(self) -> SegmentReader:
        self._chain.lock.acquire()
        try:
            return self._chain.lease(self._name)
        except BaseException:
            self._chain.lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._chain.lock.release()


def _ordinal(name: str) -> int:
    digits = name.removeprefix(PREFIX)[:10]
    return int(digits) if digits.isdigit() else 0
