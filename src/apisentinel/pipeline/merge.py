"""Merges several inputs by event time.

Inside one input the order of the lines is kept. Between inputs the clocks decide: the clock of an
input is the highest event time it has shown so far, so a line that was written late does not hold
up the others. Rows leave in the order of (clock, input, line). An input that begins where all
others end (log rotation) continues them: lines around the seam keep their order even when their
times are mixed by up to `SEAM_US`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.pipeline.prepare import Prepared, joined

SEAM_US = 10_000_000
"""How far the times at the seam of two rotated files may overlap."""

Part = tuple[Prepared, npt.NDArray[Any]]


class Lane:
    """One input in the merge: blocks that were read and not yet given on.

    Attributes:
        first_ts: Time of the first request, None when it has none.
        clock: Highest time read so far; no later row has a smaller key.
        ended: Everything was read.
    """

    def __init__(self, first_ts: int | None, source: Iterator[Prepared]) -> None:
        self.first_ts = first_ts
        self.source = source
        self.order = 0
        self.clock = 0
        self.ended = False
        self.parts: list[Part] = []

    def read(self) -> None:
        """Reads one more block, or finds the end."""
        block = next(self.source, None)
        if block is None:
            self.ended = True
            return
        keys = np.maximum(np.maximum.accumulate(block.batch.numbers["ts"]), self.clock)
        self.clock = int(keys[-1])
        self.parts.append((block, keys))

    def take(self, limit: int | None, *, inclusive: bool) -> list[Part]:
        """Removes and returns all rows whose key lies below the limit; all rows without one."""
        out: list[Part] = []
        while self.parts:
            block, keys = self.parts[0]
            cut = (
                len(keys)
                if limit is None
                else int(np.searchsorted(keys, limit, "right" if inclusive else "left"))
            )
            if cut == len(keys):
                out.append(self.parts.pop(0))
                continue
            if cut:
                out.append((block.take(np.arange(cut)), keys[:cut]))
                self.parts[0] = (block.take(np.arange(cut, len(keys))), keys[cut:])
            break
        return out


def merged(lanes: list[Lane]) -> Iterator[Prepared]:
    """Yields the requests of all lanes in order; the order does not depend on the sizes of the
    blocks.

    Args:
        lanes: Inputs; equal times keep the order of this list among inputs that begin at the same
            time.

    Memory: blocks of the fastest input up to the clock of the slowest, plus a look ahead of
    `SEAM_US` where a new input begins.
    """
    waiting = sorted(lanes, key=lambda lane: -1 if lane.first_ts is None else lane.first_ts)
    for order, lane in enumerate(waiting):
        lane.order = order
    active: list[Lane] = []
    while waiting or active:
        running = [lane for lane in active if not lane.ended]
        slow = min(running, key=lambda lane: (lane.clock, lane.order), default=None)
        if waiting and (slow is None or slow.clock > _start(waiting[0])):
            _activate(active, waiting.pop(0))
            continue
        if slow is not None:
            slow.read()
            running = [lane for lane in active if not lane.ended]
            slow = min(running, key=lambda lane: (lane.clock, lane.order), default=None)
        yield from _emit(active, slow, _start(waiting[0]) if waiting else None)
        active = [lane for lane in active if lane.parts or not lane.ended]


def _start(lane: Lane) -> int:
    return -1 if lane.first_ts is None else lane.first_ts


def _activate(active: list[Lane], lane: Lane) -> None:
    """Takes an input into the merge; when all others end around its beginning, it continues
    them.
    """
    seam = _start(lane) + SEAM_US
    for other in active:
        while not other.ended and other.clock <= seam:
            other.read()
    if active and all(other.ended and other.clock <= seam for other in active):
        lane.clock = max(other.clock for other in active)
    active.append(lane)


def _emit(active: list[Lane], slow: Lane | None, barrier: int | None) -> Iterator[Prepared]:
    """Gives on every row that no unread row can precede.

    Unread rows have keys of at least the slowest clock; equal keys go by the order of the inputs,
    and an input that is not yet active comes last.
    """
    parts: list[Part] = []
    alone = len(active) == 1
    for lane in sorted(active, key=lambda lane: lane.order):
        limit, inclusive = barrier, True
        if slow is not None and not alone and (barrier is None or slow.clock <= barrier):
            limit, inclusive = slow.clock, lane.order <= slow.order
        parts += lane.take(limit, inclusive=inclusive)
    if not parts:
        return
    keys = np.concatenate([keys for _, keys in parts])
    if alone or (np.diff(keys) >= 0).all():
        for block, _ in parts:
            yield block
        return
    yield joined([block for block, _ in parts]).take(np.argsort(keys, kind="stable"))
