"""Which event ids have been seen lately, in a fixed amount of memory."""

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.storage.dedup_kernel import add_ids, remove_ids

FIRST_CELLS = 1 << 16
"""Cells of a new table, half a megabyte; doubled as ids come, since most services see few."""


class DedupTable:
    """A window over keyed hashes of event ids. Safe for several threads.

    Two generations of `window` ids each: new ids go into the young one; when that is full, the old
    one is forgotten and the young one takes its place. So at least the newest `window` ids are
    recognised, and at most twice as many. Memory grows with what is in it, up to 48 bytes per id of
    the window.

    Hash 0 means "no id" and is always new. Two different ids have the same 64-bit hash once in
    4 · 10¹² pairs of a window of 4 million; the hashes are keyed, so nobody can look for such ids.

    Example:
        >>> table = DedupTable(1024)
        >>> table.add(np.array([7, 8, 7], np.uint64))
        array([ True,  True, False])
    """

    def __init__(self, window: int) -> None:
        """Makes an empty table.

        Args:
            window: Newest ids that are recognised for certain.

        Raises:
            ValueError: The window is empty.
        """
        if window < 1:
            raise ValueError(f"a window of {window} ids recognises nothing")
        self.window = window
        self._most_cells = 1 << (window * 3 // 2).bit_length()
        cells = min(FIRST_CELLS, self._most_cells)
        self._lock = threading.Lock()
        self._young: npt.NDArray[np.uint64] = np.zeros(cells, np.uint64)
        self._old: npt.NDArray[np.uint64] = np.zeros(cells, np.uint64)
        self._held = 0
        self._held_old = 0

    def __len__(self) -> int:
        """Ids that are recognised."""
        return self._held + self._held_old

    def add(self, ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Takes in ids and tells which were new.

        Args:
            ids: ``(n,)``, keyed hashes; 0 = the event has no id.

        Returns:
            Boolean ``(n,)``; the second of two equal ids is not new.
        """
        ids = np.ascontiguousarray(ids, np.uint64)
        new: Any = np.zeros(ids.shape[0], np.uint8)
        with self._lock:
            at = 0
            while at < ids.shape[0]:
                if self._held >= self.window:
                    self._turn()
                elif self._held >= self._room:
                    self._grow()
                before = at
                at = int(add_ids(self._young, self._old, ids, at, self._room - self._held, new))
                self._held += int(np.count_nonzero(new[before:at] & (ids[before:at] != 0)))
        return new.view(np.bool_)  # type: ignore[no-any-return]  # NumPy gives Any

    def forget(self, ids: npt.NDArray[np.uint64]) -> None:
        """Takes ids out again: their events could not be kept, and may be sent again.

        Args:
            ids: ``(n,)``, exactly those that `add` called new.
        """
        ids = np.ascontiguousarray(ids, np.uint64)
        with self._lock:
            self._held -= int(remove_ids(self._young, ids))
            self._held_old -= int(remove_ids(self._old, ids))

    @property
    def _room(self) -> int:
        """Ids that the young generation takes before it has to grow or to turn."""
        return min(self.window, self._young.size // 2) if self._grows else self.window

    @property
    def _grows(self) -> bool:
        return self._young.size < self._most_cells

    def _grow(self) -> None:
        """Twice the cells; before the first turn only, so there is no old generation to move."""
        held = self._young[self._young != 0]
        self._old = np.zeros(2 * self._young.size, np.uint64)
        self._young = np.zeros(2 * self._young.size, np.uint64)
        moved: Any = np.empty(held.size, np.uint8)
        add_ids(self._young, self._old, held, 0, held.size, moved)

    def _turn(self) -> None:
        # new pages come one by one when needed; clearing the old ones would be a long pause
        self._old, self._young = self._young, np.zeros_like(self._young)
        self._held, self._held_old = 0, self._held
