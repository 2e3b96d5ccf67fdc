"""How often one may ask an endpoint within a window: a threshold profiled from earlier windows.

Each closed window gives one value: the smallest count that is an outlier, or the edge of the normal
ones when there is none. The classical scheme takes the largest of these values; forty patient bots
raise it as they like. The trimmed one takes a high quantile, moves it slowly, and leaves out those
who were above it.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from apisentinel.features.window_outliers import cluster_edge, one_class_outliers


class Scheme(StrEnum):
    """How the values of the windows become a threshold."""

    TRIMMED = "trimmed"
    CLASSICAL = "classical"


class ThresholdSettings(BaseModel):
    """How access thresholds are profiled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: Scheme = Field(
        default=Scheme.TRIMMED,
        description="trimmed: a high quantile of the windows, moved slowly. classical: the largest"
        " of the smallest counts that DBSCAN and a one-class SVM both put outside.",
    )
    window_minutes: int = Field(default=10, ge=1, le=60, description="Length of a window.")
    windows: int = Field(
        default=1_008, ge=8, le=10_000, description="Windows remembered per endpoint: a week."
    )
    windows_from: int = Field(
        default=36, ge=4, description="Windows that must be known before the threshold counts."
    )
    actors_from: int = Field(
        default=5, ge=3, description="Actors that a window must have to say what is normal."
    )
    floor: int = Field(
        default=120, ge=1, description="Requests of a window that are never above the threshold."
    )
    ceiling: int = Field(
        default=100_000, ge=10, description="Threshold that is never exceeded, whatever was seen."
    )


QUANTILE = 0.99
"""Of the windows' values, for the trimmed scheme."""
DAILY = 1.2
"""The trimmed threshold rises and falls by this factor a day at most."""
OFF_SHARE, OFF_WINDOWS = 0.8, 3
"""Hysteresis: an actor above the threshold is below again after so many windows under this share.
"""


class Threshold:
    """The profile of one endpoint."""

    def __init__(self, settings: ThresholdSettings) -> None:
        self.settings = settings
        self.values: deque[float] = deque(maxlen=settings.windows)
        self._rising: list[float] = []
        self.closed = 0
        self.current: float | None = None
        self.anchor: float | None = None
        self.above: dict[int, int] = {}

    def close(self, counts: dict[int, int]) -> None:
        """Learns from a window that is over.

        Args:
            counts: Requests by actor.
        """
        trimmed = self.settings.scheme is Scheme.TRIMMED
        # who is above the threshold does not shape it
        heard = [count for who, count in counts.items() if not (trimmed and who in self.above)]
        enough = len(heard) >= self.settings.actors_from
        self.learn(self._value(np.sort(np.array(heard, np.float64))) if enough else None, counts)

    def learn(self, value: float | None, counts: dict[int, int]) -> None:
        """Moves the threshold.

        Args:
            value: What a window that is over gives: the smallest outlier, or the edge of the normal
                counts; None when too few were heard.
            counts: Its requests by actor, of those who are above the threshold at least.
        """
        if value is not None:
            if len(self.values) == self.values.maxlen:
                del self._rising[bisect_left(self._rising, self.values[0])]
            self.values.append(value)
            insort(self._rising, value)
            self.closed += 1
            self._move()
        for who in list(self.above):
            calm = self.current is None or counts.get(who, 0) < OFF_SHARE * self.current
            self.above[who] = self.above[who] + 1 if calm else 0
            if self.above[who] >= OFF_WINDOWS:
                del self.above[who]

    def limit(self) -> float | None:
        """Requests of a window above which an actor is too many; None while too little is known."""
        if self.current is None or self.closed < self.settings.windows_from:
            return None
        return min(max(self.current, float(self.settings.floor)), float(self.settings.ceiling))

    def _value(self, counts: np.ndarray) -> float:
        edge, above = cluster_edge(counts)
        if above.size and self.settings.scheme is Scheme.CLASSICAL:
            # outliers are those that both methods see
            above = np.intersect1d(above, one_class_outliers(counts))
        return float(above[0]) if above.size else edge

    def _move(self) -> None:
        if self.settings.scheme is Scheme.CLASSICAL:
            self.current = self._rising[-1]
            return
        wanted = quantile(self._rising, QUANTILE)
        per_day = max(1, 1_440 // self.settings.window_minutes)
        if self.closed % per_day == 0:
            self.anchor = self.current
        if self.anchor is not None:
            wanted = min(max(wanted, self.anchor / DAILY), self.anchor * DAILY)
        self.current = wanted

    def memory(self) -> tuple[list[float], int, float | None, float | None, list[tuple[int, int]]]:
        """What a successor has to know."""
        return list(self.values), self.closed, self.current, self.anchor, list(self.above.items())

    def recall(
        self, values: Iterable[float], closed: int, current: float | None, anchor: float | None,
        above: Iterable[tuple[int, int]],
    ) -> None:  # fmt: skip
        """Takes over what an earlier one remembered."""
        self.values = deque(values, maxlen=self.settings.windows)
        self._rising = sorted(self.values)
        self.closed, self.current, self.anchor = closed, current, anchor
        self.above = dict(above)


def quantile(values: Sequence[float], share: float) -> float:
    """Quantile of rising values, linear between two of them; `numpy.quantile` without its start-up.

    Example:
        >>> quantile([1.0, 2.0, 4.0], 0.75)
        3.0
    """
    at = share * (len(values) - 1)
    low = int(at)
    high, part = min(low + 1, len(values) - 1), at - low
    gap = values[high] - values[low]
    # from the nearer end, as NumPy does it, to the last bit
    return values[low] + gap * part if part < 0.5 else values[high] - gap * (1.0 - part)
