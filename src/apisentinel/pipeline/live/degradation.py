"""What is given up when more comes than can be done, in a fixed order; judging itself never is."""

import threading
from enum import IntEnum

from apisentinel.pipeline.live.settings import DegradationSettings

FULL_QUEUE = 0.8
"""Share of the event queue from which the store counts as too slow (level 2)."""


class Level(IntEnum):
    """How much is given up; each level includes those below."""

    NORMAL = 0
    COARSE = 1
    SPARSE = 2
    SAMPLED = 3


MEANING = {
    Level.NORMAL: "everything is done",
    Level.COARSE: "live messages are sampled",
    Level.SPARSE: "events without evidence are sampled before they are kept",
    Level.SAMPLED: "the content of marked requests is sampled before it is inspected",
}


class Degradation:
    """Chooses the level from the lag: up at once, down one level after calm time. Thread-safe.

    Attributes:
        entered: Level → how often it was entered from below.
        seconds: Level → time spent on it.
    """

    def __init__(self, settings: DegradationSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._level = Level(settings.force or 0)
        self._calm_since: float | None = None
        self._last: float | None = None
        self.entered = dict.fromkeys(Level, 0)
        self.seconds = dict.fromkeys(Level, 0.0)

    @property
    def level(self) -> Level:
        """The level now."""
        return self._level

    def __int__(self) -> int:
        return int(self._level)

    def update(self, lag_s: float, queue_share: float, now: float) -> Level:
        """Takes a look at the load.

        Args:
            lag_s: Age of the oldest accepted batch that is not judged.
            queue_share: Used share of the queue to the event store.
            now: Monotonic time, seconds.
        """
        with self._lock:
            if self._last is not None:
                self.seconds[self._level] += max(0.0, now - self._last)
            self._last = now
            wanted = self._wanted(lag_s, queue_share)
            if self.settings.force is not None:
                self._move(Level(self.settings.force))
            elif wanted > self._level:
                self._move(wanted)
                self._calm_since = None
            elif wanted == self._level:
                self._calm_since = None
            elif self._calm_since is None:
                self._calm_since = now
            elif now - self._calm_since >= self.settings.hold_s:
                self._move(Level(self._level - 1))
                self._calm_since = now
            return self._level

    def _wanted(self, lag_s: float, queue_share: float) -> Level:
        limits = self.settings
        if lag_s >= limits.sampled_lag_s:
            return Level.SAMPLED
        if lag_s >= limits.sparse_lag_s or queue_share >= FULL_QUEUE:
            return Level.SPARSE
        return Level.COARSE if lag_s >= limits.coarse_lag_s else Level.NORMAL

    def _move(self, level: Level) -> None:
        if level > self._level:
            self.entered[level] += 1
        self._level = level
