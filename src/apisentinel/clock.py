"""The clock: the only place that reads the time. Everything else is handed one."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Implementations are thread-safe."""

    def now(self) -> int:
        """Wall clock, µs since the epoch, UTC. May jump."""
        ...

    def monotonic(self) -> float:
        """Seconds from an unknown origin. Never goes back."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> int:
        """Wall clock, µs since the epoch, UTC. May jump."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds from an unknown origin. Never goes back."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told otherwise: for replays and tests.

    Example:
        >>> clock = ManualClock(1_000_000)
        >>> clock.advance(2.5)
        >>> clock.now(), clock.monotonic()
        (3500000, 2.5)
    """

    def __init__(self, now: int = 0) -> None:
        self._now = now
        self._elapsed = 0.0

    def now(self) -> int:
        """Wall clock, µs since the epoch, UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self._now += round(seconds * 1e6)
        self._elapsed += seconds
