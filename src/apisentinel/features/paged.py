"""Records of which the quiet ones are packed: a million clients in the memory of a third.

The records stand where they always stand, in one array, row by row, so the kernels know nothing of
all this. Before a block the pages that it may touch are put into place; when more than a bound are
in place, those that were quiet for longest are packed and their memory goes back to the system.
Nothing depends on which pages are packed, so results are those of a plain array.

A `Cut` is all records as they were at one moment, without a copy: a page that is to be changed is
packed for the cut first. So saving a large state neither stops the judge nor takes twice its
memory.
"""

import mmap
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from apisentinel.errors import StateError
from apisentinel.features.page_codec import (
    CHUNK_BYTES,
    EMPTY,
    LONGEST,
    OPEN,
    OPENED,
    PAGE_BYTES,
    SHARED,
    STRIDE,
    UNCUT,
    WORDS,
    close_pages,
    cut_pages,
    drop_cut,
    fill_pages,
    open_pages,
    pages_of_keys,
    pages_of_rows,
    read_pages,
)
from apisentinel.kernels.slots import COUNT, HAND, Slots

Array = npt.NDArray[Any]

CAN_RELEASE: Final = sys.platform == "linux" and mmap.PAGESIZE <= PAGE_BYTES
"""Elsewhere memory that is given back may keep its content, or pages are larger: nothing is packed
there.
"""
NORESERVE: Final = 0x4000
"""``MAP_NORESERVE`` of Linux, which the standard library names from Python 3.13 on."""

SLICE_PAGES: Final = 4096
"""Pages of a slice of a cut: 16 MiB, of which mostly a third or less is left."""
HEAD: Final = 4
"""Bytes of the number of pages before a slice."""
STEP: Final = 8
"""A full table packs this part of its open pages at once, so that it happens seldom."""


class Paged:
    """An array of records, of which the quiet ones are packed.

    All that writes to `records` says before which rows it may touch. Thread-safe but for
    `records`.

    Attributes:
        records: Structured ``(capacity,)``; rows hold their records until the next `touch`.
        lock: Held while pages move.
    """

    def __init__(self, dtype: np.dtype[Any], capacity: int, most_open: int) -> None:
        """Makes an array of zeros that takes no memory.

        Args:
            dtype: Of a record.
            capacity: Records.
            most_open: Records that are not packed, about; those of one block come on top.
        """
        self.pages = -(-capacity * dtype.itemsize // PAGE_BYTES)
        self.most_open = max(1, most_open * dtype.itemsize // PAGE_BYTES)
        self._memory = _reserved(self.pages * PAGE_BYTES)
        self._words = np.frombuffer(self._memory, np.uint64)
        self.records: Array = np.frombuffer(self._memory, dtype, capacity)
        self._states = np.zeros(self.pages, np.uint8)
        self._stamps = np.zeros(self.pages, np.int32)
        self._firsts = np.zeros(self.pages, np.int32)
        self._sizes = np.zeros(self.pages, np.uint16)
        # every page packed badly, and once more for a cut
        chunks = 2 * self.pages * -(-LONGEST // CHUNK_BYTES)
        self._body = np.frombuffer(_reserved(chunks * CHUNK_BYTES), np.uint8)
        self._links = np.frombuffer(_reserved(chunks * 4), np.int32)
        stride = WORDS if dtype.itemsize % 8 else min(WORDS, dtype.itemsize // 8)
        self._meta = np.array([-1, 0, 0, stride], np.int64)
        self._packed = np.zeros(LONGEST + 8, np.uint8)
        self._wanted = np.empty(self.pages, np.int32)
        self._cuts = np.zeros(self.pages, np.uint8)
        self._cut_firsts = np.zeros(self.pages, np.int32)
        self._cut_sizes = np.zeros(self.pages, np.uint16)
        self._cut: Callable[[], Cut | None] = lambda: None
        self._cut_number = 0
        self._now = 0
        # a cut that nobody holds any more may go while this very thread is in here
        self.lock = threading.RLock()

    @property
    def open_pages(self) -> int:
        """Pages in place."""
        return int(self._meta[OPENED])

    @property
    def packed_bytes(self) -> int:
        """Memory of packed pages, and of what was packed before."""
        return int(self._meta[1]) * CHUNK_BYTES

    def touch(self, rows: npt.NDArray[np.int32]) -> None:
        """Puts records into place; rows below 0 are none."""
        with self.lock:
            now = self._begin()
            used = pages_of_rows(
                rows, self.records.itemsize, self._stamps, now, self._wanted
            )  # fmt: skip
            self._open(self._wanted[:used])

    def touch_keys(self, table: Slots, wanted: npt.NDArray[np.uint64]) -> None:
        """Puts all records into place that a slot table may look at for some keys."""
        with self.lock:
            now = self._begin()
            used = pages_of_keys(
                wanted, table.keys, table.rows, int(table.meta[COUNT]), int(table.meta[HAND]),
                len(self.records), self.records.itemsize, self._stamps, now, self._wanted,
            )  # fmt: skip
            self._open(self._wanted[:used])

    def _begin(self) -> int:
        """Packs the quietest pages when too many are open; gives a new stamp."""
        if self._now >= np.iinfo(np.int32).max - 1:
            self._stamps[:] = 0
            self._now = 0
        self._now += 1
        if CAN_RELEASE and self.open_pages > self.most_open:
            opened = np.flatnonzero(self._states == OPEN).astype(np.int32)
            most = len(opened) - self.most_open + self.most_open // STEP
            if most < len(opened):
                opened = opened[np.argpartition(self._stamps[opened], most)[:most]]
                opened.sort()
            self._close(opened)
        return self._now

    def _open(self, pages: npt.NDArray[np.int32]) -> None:
        open_pages(
            pages, self._words, self._states, self._firsts, self._sizes, self._cuts,
            self._cut_firsts, self._cut_sizes, self._body, self._links, self._meta, self._packed,
        )  # fmt: skip

    def _close(self, pages: npt.NDArray[np.int32]) -> None:
        """Packs pages, in rising order, and gives their memory back, neighbours together."""
        close_pages(
            pages, self._words, self._states, self._firsts, self._sizes, self._body, self._links,
            self._meta, self._packed,
        )  # fmt: skip
        ends = np.flatnonzero(np.diff(pages, append=self.pages + 1) != 1)
        begin = 0
        for end in (ends + 1).tolist():
            at, count = int(pages[begin]), end - begin
            self._memory.madvise(mmap.MADV_DONTNEED, at * PAGE_BYTES, count * PAGE_BYTES)
            begin = end

    def read(self, begin: int, end: int) -> Array:
        """A copy of some records, by row."""
        end = min(end, len(self.records))
        if end <= begin:
            return self.records[:0].copy()
        size = self.records.itemsize
        low, high = begin * size // PAGE_BYTES, -(-end * size // PAGE_BYTES)
        out = np.empty((high - low) * WORDS, np.uint64)
        with self.lock:
            read_pages(
                low, high, self._words, self._states, self._firsts, self._sizes, self._body,
                self._links, self._meta, self._packed, out,
            )  # fmt: skip
        at = begin * size - low * PAGE_BYTES
        whole = out.view(np.uint8)[at : at + (end - begin) * size]
        found: Array = whole.view(self.records.dtype)
        return found

    def cut(self, count: int) -> "Cut":
        """The first so many records as they are now."""
        with self.lock:
            former = self._cut()
            if former is not None:
                former.hold()
            pages = -(-count * self.records.itemsize // PAGE_BYTES)
            self._cuts[:pages] = SHARED
            self._cut_number += 1
            made = Cut(self, pages, self._cut_number)
            self._cut = weakref.ref(made)
            return made

    def slice_of(self, begin: int, end: int, *, is_last: bool) -> bytes:
        """Pages of the cut: their number, the length of each when packed, and the packed ones."""
        lengths = np.empty(end - begin, "<u2")
        out = np.empty((end - begin) * LONGEST, np.uint8)
        with self.lock:
            used = cut_pages(
                begin, end, self._words, self._states, self._firsts, self._sizes, self._cuts,
                self._cut_firsts, self._cut_sizes, self._body, self._links, self._meta,
                self._packed, lengths, out, int(is_last),
            )  # fmt: skip
        return b"".join(
            [(end - begin).to_bytes(HEAD, "little"), lengths.tobytes(), out[:used].tobytes()]
        )

    def drop(self, number: int, pages: int) -> None:
        """Forgets a cut, if it is still the newest."""
        with self.lock:
            if self._cut_number == number:
                drop_cut(
                    0, pages, self._cuts, self._cut_firsts, self._cut_sizes, self._links,
                    self._meta,
                )  # fmt: skip

    def restore(self, slices: Iterable[bytes]) -> None:
        """Takes over the slices of a cut; all else is empty afterwards.

        Raises:
            StateError: They are no slices, or more than there is room for.
        """
        with self.lock:
            former = self._cut()
            if former is not None:
                former.hold()
            self._words.reshape(-1, WORDS)[self._states == OPEN] = 0
            if CAN_RELEASE:
                self._memory.madvise(mmap.MADV_DONTNEED)
            self._states[:] = EMPTY
            self._stamps[:] = 0
            self._cuts[:] = UNCUT
            self._meta[:STRIDE] = [-1, 0, 0]
            begin = 0
            for piece in slices:
                begin += self._fill(begin, piece)

    def _fill(self, begin: int, piece: bytes) -> int:
        """Takes over a slice; gives its number of pages."""
        pages = int.from_bytes(piece[:HEAD], "little")
        body = HEAD + 2 * pages
        if len(piece) < body or begin + pages > self.pages:
            raise StateError("packed records are damaged or more than there is room for")
        lengths = np.frombuffer(piece, "<u2", pages, HEAD).astype(np.uint16)
        if int(lengths.sum(dtype=np.int64)) != len(piece) - body or (lengths > LONGEST).any():
            raise StateError("packed records are damaged")
        fill_pages(
            begin, lengths, np.frombuffer(piece, np.uint8, offset=body).copy(), self._states,
            self._firsts, self._sizes, self._body, self._links, self._meta,
        )  # fmt: skip
        return pages


class Cut:
    """All records of a `Paged` as they were at one moment, as slices of packed pages.

    Equal records give equal slices, whichever of them were packed. A later cut of the same records
    makes this one hold its slices, and so does `restore`. Thread-safe.
    """

    def __init__(self, paged: Paged, pages: int, number: int) -> None:
        self._paged = paged
        self._pages = pages
        self._number = number
        self._held: list[bytes] | None = None
        self._spent = 0

    def __len__(self) -> int:
        """Slices."""
        return (self._pages + SLICE_PAGES - 1) // SLICE_PAGES

    def piece(self, number: int, *, is_last: bool = False) -> bytes:
        """A slice.

        Args:
            number: From 0.
            is_last: Whether it is asked for no more, so that its memory can go. Slices then have
                to be asked for in their order.
        """
        begin = number * SLICE_PAGES
        with self._paged.lock:
            if is_last:
                self._spent = number + 1
            if self._held is not None:
                found, self._held[number] = self._held[number], b""
                if not is_last:
                    self._held[number] = found
                return found
            end = min(self._pages, begin + SLICE_PAGES)
            return self._paged.slice_of(begin, end, is_last=is_last)

    def __iter__(self) -> Iterator[bytes]:
        """All slices, in their order."""
        return (self.piece(number) for number in range(len(self)))

    def hold(self) -> None:
        """Copies what is still to be asked for, so that the records are not needed any more."""
        with self._paged.lock:
            if self._held is None:
                gone = [b""] * self._spent
                self._held = gone + [self.piece(n) for n in range(self._spent, len(self))]
                self._paged.drop(self._number, self._pages)

    def tobytes(self) -> bytes:
        """All slices in one piece."""
        return b"".join(self)

    def release(self) -> None:
        """Forgets everything; the cut is of no use any more."""
        with self._paged.lock:
            if self._held is None:
                self._paged.drop(self._number, self._pages)
            self._held = []

    def __del__(self) -> None:
        """Nobody asks for the rest any more."""
        self.release()


class PagedSlots(Slots):
    """A slot table with packed records.

    Attributes:
        paged: The records.
    """

    __slots__ = ("paged",)

    def __init__(self, dtype: np.dtype[Any], capacity: int, most_open: int) -> None:
        # records of a byte in place of the real ones: where freed memory is kept, what comes next
        # would lie in it and be cleared byte by byte instead of being fresh
        super().__init__(np.dtype(np.uint8), capacity)
        self.paged = Paged(dtype, capacity, most_open)
        self.records = self.paged.records

    @property
    def used(self) -> Array:
        """The records in use, in order of their rows, a copy of all: for small tables."""
        return self.paged.read(0, int(self.meta[COUNT]))


def _reserved(size: int) -> mmap.mmap:
    """Zeros that take memory only where they are written to."""
    if sys.platform != "linux":
        return mmap.mmap(-1, size)
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE)
