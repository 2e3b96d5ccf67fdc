"""Requests of principals to endpoints in one window, counted by a kernel that stops where somebody
has to look; and the edge of what is normal for all endpoints of a closed window in one go.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.features.events import EVENT
from apisentinel.features.window_outliers import EPS, MIN_POINTS
from apisentinel.kernels.bytes import prefetch
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.kernels.slots import home
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT, PATH_ASSET, PATH_HEALTH

PAIRS_KEPT = 200_000
"""Principals on endpoints counted in one window; further ones are only counted as uncounted."""
CELLS = 1 << 19
"""Cells of the table that finds a pair: more than twice as many as there are pairs."""
NEVER = 1 << 62
"""Count at which nobody has to look."""
WINDOW, PAIRS, UNCOUNTED, PAIR = range(4)
"""Places of the kernel's numbers: running window, pairs in it, requests of pairs that found no
room, and the pair at which the kernel stopped, -1 where a new window begins.
"""
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_ASIDE = PATH_ASSET | PATH_HEALTH
_TOO_MANY, _FAILED = 429, 500
_AHEAD = 8
"""Events between asking for a cell and using it."""


@inline
def _is_counted(event):
    """Requests of keys, crawlers and probes, for static files, and refused or failed ones do not
    count.
    """
    if event.endpoint == 0 or event.client == 0:
        return False
    if event.credential != 0 and event.user == 0 and event.session_given == 0:
        return False
    if event.path_flags & _ASIDE or event.agent_flags & AGENT_CLAIMS_GOOD_BOT:
        return False
    return event.status != _TOO_MANY and event.status < _FAILED


@inline
def _principal(event):
    return event.user if event.user != 0 else event.client * _A ^ event.agent


@inline
def _first_cell(endpoint, who):
    return home(endpoint * _B ^ who, CELLS - 1)


@kernel(
    "int64(EVENT[::1], int64, int64, int64, int64[::1], int32[::1], uint64[:,::1], int64[:,::1])",
    EVENT=EVENT,
)
def _count(events, begin, width, floor, numbers, cells, pairs, counts):
    """Counts events from `begin` on; the event at which it stopped, which is counted already unless
    a new window begins with it. Cost: 10-20 ns an event.
    """
    n = events.shape[0]
    for i in range(begin, n):
        if i + _AHEAD < n:
            later = events[i + _AHEAD]
            prefetch(cells, _first_cell(later.endpoint, _principal(later)) * 4)
        event = events[i]
        if event.ts // width > numbers[WINDOW]:
            numbers[PAIR] = -1
            return np.int64(i)
        if not _is_counted(event):
            continue
        who = _principal(event)
        cell = _first_cell(event.endpoint, who)
        while cells[cell] != 0:
            at = np.int64(cells[cell]) - 1
            if pairs[0, at] == event.endpoint and pairs[1, at] == who:
                break
            cell = (cell + 1) & (CELLS - 1)
        if cells[cell] == 0:
            at = numbers[PAIRS]
            if at >= PAIRS_KEPT:
                numbers[UNCOUNTED] += 1
                continue
            numbers[PAIRS] = at + 1
            cells[cell] = np.int32(at + 1)
            pairs[0, at], pairs[1, at] = event.endpoint, who
            counts[0, at], counts[1, at] = 0, floor + 1
        else:
            at = np.int64(cells[cell]) - 1
        counts[0, at] += 1
        if counts[0, at] >= counts[1, at]:
            numbers[PAIR] = at
            return np.int64(i)
    return np.int64(n)


@kernel("void(int64[::1], int32[::1], uint64[:,::1])")
def _place(numbers, cells, pairs):
    """Puts the pairs into an empty table."""
    for at in range(numbers[PAIRS]):
        cell = _first_cell(pairs[0, at], pairs[1, at])
        while cells[cell] != 0:
            cell = (cell + 1) & (CELLS - 1)
        cells[cell] = np.int32(at + 1)


@kernel("void(int64[::1], int32[::1], uint64[:,::1])")
def _clear(numbers, cells, pairs):
    """Empties the table; the pairs are still those that are in it."""
    for at in range(numbers[PAIRS]):
        cell = _first_cell(pairs[0, at], pairs[1, at])
        while cells[cell] != 0:
            cells[cell] = 0
            cell = (cell + 1) & (CELLS - 1)


class WindowCounts:
    """Pairs of the running window in the order in which they came.

    Attributes:
        numbers: int64; see `WINDOW`, `PAIRS`, `UNCOUNTED`, `PAIR`.
    """

    def __init__(self) -> None:
        self.numbers = np.array([-1, 0, 0, -1], np.int64)
        self._cells = np.zeros(CELLS, np.int32)
        self._pairs = np.zeros((2, PAIRS_KEPT), np.uint64)
        self._counts = np.zeros((2, PAIRS_KEPT), np.int64)

    def count(self, events: npt.NDArray[Any], begin: int, width: int, floor: int) -> int:
        """Counts `EVENT` rows from `begin` on.

        Args:
            events: Structured ``(n,)`` of `EVENT`.
            begin: First event to be counted.
            width: Of a window, µs.
            floor: Highest count of a pair at which nobody has to look.

        Returns:
            `n`, or the event at which it stopped: the first one of a new window, not yet counted,
            or one of the pair `numbers[PAIR]`, counted, whose count has to be looked at.
        """
        return int(
            _count(
                events, begin, width, floor, self.numbers, self._cells, self._pairs, self._counts
            )
        )

    def pair(self) -> tuple[int, int, int]:
        """Endpoint, principal and count of the pair at which `count` stopped."""
        at = int(self.numbers[PAIR])
        return int(self._pairs[0, at]), int(self._pairs[1, at]), int(self._counts[0, at])

    def look_again(self, count: int) -> None:
        """At which count of this pair somebody has to look again."""
        self._counts[1, self.numbers[PAIR]] = count

    def pairs(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64],
                             npt.NDArray[np.int64]]:  # fmt: skip
        """Endpoint, principal and count of each pair."""
        used = int(self.numbers[PAIRS])
        return self._pairs[0, :used], self._pairs[1, :used], self._counts[0, :used]

    def clear(self) -> None:
        """Begins another window."""
        _clear(self.numbers, self._cells, self._pairs)
        self.numbers[PAIRS] = 0

    def packed(self) -> bytes:
        """The pairs as bytes: all endpoints, all principals, all counts, 8 bytes each."""
        endpoints, principals, counts = self.pairs()
        return np.stack([endpoints, principals, counts.view(np.uint64)]).astype("<u8").tobytes()

    def fill(self, packed: bytes, floor: int) -> None:
        """Takes over pairs. What does not find room is left out.

        Raises:
            ValueError: These are no pairs.
        """
        columns = np.frombuffer(packed, "<u8").reshape(3, -1)[:, :PAIRS_KEPT]
        self.clear()
        used = columns.shape[1]
        self._pairs[:, :used] = columns[:2]
        self._counts[0, :used] = columns[2].view("<i8")
        self._counts[1, :used] = floor + 1
        self.numbers[PAIRS] = used
        _place(self.numbers, self._cells, self._pairs)


@kernel("void(float64[::1], int64[::1], int64[::1])")
def _edges(logs, starts, places):
    """See `smallest_outliers`; `starts` has one more than there are windows."""
    for k in range(places.shape[0]):
        begin, end = starts[k], starts[k + 1]
        middle = logs[begin + (end - begin) // 2]
        low, high = begin, begin
        previous, last, best_last = np.int64(-1), np.int64(-1), np.int64(-1)
        nearest, best = 0.0, np.inf
        for i in range(begin, end):
            while logs[low] < logs[i] - EPS:
                low += 1
            while high < end and logs[high] <= logs[i] + EPS:
                high += 1
            if high - low < MIN_POINTS:
                continue
            far = abs(logs[i] - middle)
            if previous < 0 or logs[i] - logs[previous] > EPS:
                # another cluster begins
                if previous >= 0 and nearest < best:
                    best, best_last = nearest, last
                nearest = far
            else:
                nearest = min(nearest, far)
            previous, last = i, i
        if last < 0:
            places[k] = end - 1
            continue
        if nearest < best:
            best_last = last
        at = best_last
        while at < end and logs[at] <= logs[best_last] + EPS:
            at += 1
        places[k] = at if at < end else end - 1


def smallest_outliers(
    counts: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """For each window the smallest count above the cluster that holds the median, or its edge where
    nothing lies above; see `cluster_edge`.

    Args:
        counts: int64 ``(n,)``, windows one after another, each sorted and not empty.
        starts: int64 ``(windows + 1,)``, where each begins, and `n`.

    Returns:
        int64 ``(windows,)``.
    """
    places = np.empty(len(starts) - 1, np.int64)
    _edges(np.log1p(counts.astype(np.float64)), starts, places)
    found: npt.NDArray[np.int64] = counts[places]
    return found
