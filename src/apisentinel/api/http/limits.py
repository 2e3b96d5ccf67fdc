"""What callers may ask for in a while, and how many bytes of theirs may be here at one time."""

import math
import threading
from collections import OrderedDict
from typing import Final

from apisentinel.clock import Clock
from apisentinel.errors import BusyError, RefusedError
from apisentinel.pipeline.server_settings import LimitSettings

CALLERS: Final = 10_000
"""Callers whose rate is known. With more of them the ones unheard of for longest start afresh,
which is what an attacker with so many addresses can buy; memory stays below 2 MiB.
"""

ROUNDING: Final = 1e-9

FAILED_LOGINS_AUDITED: Final = 60
"""Failed logins a minute that go into the audit; guessing must not fill the disk."""

RETRY_BUSY_SECONDS: Final = 1
"""Bodies are read within a second or so; a caller may try again then."""


class Rate:
    """A token bucket per caller: so many requests a minute, a fifth of them at once.

    Thread-safe. Costs 200 bytes per caller.

    Example:
        >>> from apisentinel.clock import ManualClock
        >>> clock = ManualClock()
        >>> rate = Rate(60, clock)
        >>> [rate.wait("me") for _ in range(13)][-2:]
        [0, 1]
        >>> clock.advance(1)
        >>> rate.wait("me")
        0
    """

    def __init__(self, per_minute: int, clock: Clock, *, burst: int | None = None) -> None:
        self._fixed = burst
        self._per_second = per_minute / 60
        self._burst = float(max(1, per_minute // 5) if burst is None else burst)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def change(self, per_minute: int) -> None:
        """Sets another rate, in force at once."""
        with self._lock:
            self._per_second = per_minute / 60
            self._burst = float(max(1, per_minute // 5) if self._fixed is None else per_minute)

    def wait(self, caller: str) -> int:
        """Takes one request out of a caller's bucket.

        Returns:
            0 when there was one, else the seconds until there will be.
        """
        now = self._clock.monotonic()
        with self._lock:
            level, since = self._buckets.pop(caller, (self._burst, now))
            level = min(self._burst, level + (now - since) * self._per_second)
            allowed = level >= 1 - ROUNDING
            self._buckets[caller] = (level - 1 if allowed else level, now)
            if len(self._buckets) > CALLERS:
                self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - level) / self._per_second - ROUNDING))

    def take(self, caller: str, what: str) -> None:
        """Takes one request or refuses.

        Raises:
            RefusedError: 429 with the time to wait.
        """
        seconds = self.wait(caller)
        if seconds:
            raise RefusedError(
                429, f"too many {what}; try again in {seconds} s", retry_after=seconds
            )


class ByteBudget:
    """Bytes that all callers together may have here at one time. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes that are here now."""
        return self._used

    def reserve(self, size: int) -> None:
        """Takes room for bytes.

        Raises:
            RefusedError: 503, as long as others have taken all of it.
        """
        with self._lock:
            if self._used + size > self.limit:
                raise BusyError(
                    503,
                    f"{self._used} bytes of bodies are being read, {self.limit} are allowed; send"
                    " again in a moment",
                    retry_after=RETRY_BUSY_SECONDS,
                )
            self._used += size

    def release(self, size: int) -> None:
        """Gives room back."""
        with self._lock:
            self._used -= size


class Limits:
    """The limits of one server."""

    def __init__(self, settings: LimitSettings, clock: Clock) -> None:
        self.settings = settings
        self.keys = Rate(settings.key_per_minute, clock)
        self.anonymous = Rate(settings.anonymous_per_minute, clock)
        self.logins = Rate(settings.logins_per_minute, clock, burst=settings.logins_per_minute)
        self.failed_logins = Rate(FAILED_LOGINS_AUDITED, clock)
        self.bodies = ByteBudget(settings.bodies_bytes)
