"""Counts that fade, and the memory of who tried what."""

from collections.abc import Hashable
from math import exp
from typing import TypeVar

import msgspec

MINUTE_US, HOUR_US, DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000
WINDOWS_US = (10 * MINUTE_US, HOUR_US, DAY_US, 7 * DAY_US)
"""Time constants of the counts: people's haste, an evening, a day, a week."""
_FEW_US, _HOUR_US, _DAY_US, _WEEK_US = WINDOWS_US

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Fading(msgspec.Struct, array_like=True):
    """A count in each of `WINDOWS_US`, fading by itself.

    Attributes:
        ts: Event time of the last change, µs.
        counts: One for each window.
    """

    ts: int = 0
    counts: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(WINDOWS_US))

    def add(self, amount: float, ts: int, *, lowest: float = 0.0) -> list[float]:
        """Adds an amount and gives the counts as they are then.

        Args:
            amount: What is added to each count, may be negative.
            ts: Event time; an older one than the last fades nothing.
            lowest: Counts do not fall below it.
        """
        self.counts = [
            total if (total := count + amount) > lowest else lowest for count in self.at(ts)
        ]
        self.ts = max(self.ts, ts)
        return self.counts

    def at(self, ts: int) -> list[float]:
        """The counts at an event time."""
        age = ts - self.ts
        if age <= 0 or self.ts == 0:
            return self.counts
        few, hour, day, week = self.counts  # a loop takes twice as long
        return [
            few * exp(-age / _FEW_US), hour * exp(-age / _HOUR_US), day * exp(-age / _DAY_US),
            week * exp(-age / _WEEK_US),
        ]  # fmt: skip


def room_for(kept: dict[K, V], most: int) -> None:
    """Drops the oldest entry of a full memory."""
    if len(kept) >= most:
        del kept[next(iter(kept))]


def touched(kept: dict[K, V], key: K) -> V | None:
    """An entry of a memory, moved to the end that is dropped last; None when it is not known."""
    value = kept.pop(key, None)
    if value is not None:
        kept[key] = value
    return value
