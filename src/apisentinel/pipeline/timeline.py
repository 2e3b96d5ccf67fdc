"""Requests over time in a bounded number of buckets that widen as the period grows."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.pipeline.samples import time_text
from apisentinel.records.report import TimelineBucket

FINEST_US = 60_000_000
"""Width of a bucket at the start: one minute."""
BUCKETS_KEPT = 4096
"""More buckets than this are merged in pairs."""
SHOWN = 60


class Timeline:
    """Counts requests, errors and payload evidence per bucket of event time."""

    def __init__(self) -> None:
        self.width = FINEST_US
        self.buckets: dict[int, npt.NDArray[np.int64]] = {}
        self.first: int | None = None
        self.last: int | None = None

    def add(self, events: npt.NDArray[Any], attacks: npt.NDArray[np.bool_]) -> None:
        """Counts a block of events; those without a time are left out."""
        ts = events["ts"]
        timed = ts > 0
        if not timed.any():
            return
        ts = ts[timed]
        self.first = min(int(ts.min()), self.first if self.first is not None else int(ts.min()))
        self.last = max(int(ts.max()), self.last or 0)
        index, inverse = np.unique(ts // self.width, return_inverse=True)
        parts = (np.ones(len(ts)), events["status"][timed] >= 400, attacks[timed])
        sums = np.stack(
            [np.bincount(inverse, weights=part, minlength=len(index)) for part in parts], axis=1
        )
        for bucket, counts in zip(index.tolist(), sums.astype(np.int64), strict=True):
            known = self.buckets.get(bucket)
            self.buckets[bucket] = counts if known is None else known + counts
        while len(self.buckets) > BUCKETS_KEPT:
            self._widen()

    def _widen(self) -> None:
        self.width *= 2
        merged: dict[int, npt.NDArray[np.int64]] = {}
        for bucket, counts in self.buckets.items():
            known = merged.get(bucket // 2)
            merged[bucket // 2] = counts if known is None else known + counts
        self.buckets = merged

    def shown(self, most: int = SHOWN) -> tuple[TimelineBucket, ...]:
        """At most `most` buckets of equal width that cover the period without gaps."""
        if not self.buckets:
            return ()
        low, high = min(self.buckets), max(self.buckets)
        step = 1
        while (high // step) - (low // step) + 1 > most:
            step += 1 if step < 8 else step // 4
        sums: dict[int, npt.NDArray[np.int64]] = {}
        for bucket, counts in self.buckets.items():
            known = sums.get(bucket // step)
            sums[bucket // step] = counts if known is None else known + counts
        nothing = np.zeros(3, np.int64)
        out = []
        for bucket in range(low // step, high // step + 1):
            requests, errors, attacks = sums.get(bucket, nothing).tolist()
            out.append(
                TimelineBucket(
                    time_text(bucket * step * self.width) or "", requests, errors, attacks
                )
            )
        return tuple(out)
