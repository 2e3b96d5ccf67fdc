"""How much has been accepted but not judged yet; more than the budget is refused."""

import heapq
import threading

from apisentinel.clock import Clock
from apisentinel.errors import RefusedError

LONGEST_RETRY = 30
"""Seconds after which a refused sender is asked to try again at the latest."""


class Backlog:
    """Bytes between the door and the judge, bounded by a budget. Thread-safe.

    Bytes are reserved before any work is done for a submission, become waiting bytes when it is on
    disk, and are free again when it is judged.
    """

    def __init__(self, budget: int, clock: Clock) -> None:
        self.budget = budget
        self._clock = clock
        self._lock = threading.Lock()
        self._reserved = 0
        self._waiting = 0
        self._batches: list[tuple[int, int, float]] = []  # a heap: threads note out of order
        self._judged = 0
        self._rate = 0.0
        self._since: float | None = None
        self._done_since = 0

    def reserve(self, size: int) -> None:
        """Sets bytes aside for a submission.

        Raises:
            RefusedError: 429, the budget is used up.
        """
        with self._lock:
            self._check(size)
            self._reserved += size

    def check(self, size: int) -> None:
        """Refuses what would be refused now, and sets nothing aside.

        Raises:
            RefusedError: 429, as in `reserve`.
        """
        with self._lock:
            self._check(size)

    def _check(self, size: int) -> None:
        used = self._reserved + self._waiting
        if used and used + size > self.budget:
            raise RefusedError(
                429,
                f"{self._waiting:,} bytes wait to be judged, and the budget is"
                f" {self.budget:,}: send again later",
                retry_after=self._retry_after(),
            )

    def release(self, size: int) -> None:
        """Gives reserved bytes back."""
        with self._lock:
            self._reserved -= size

    def committed(self, offset: int, size: int) -> None:
        """Notes a batch that is on disk and waits for judgement."""
        with self._lock:
            if offset <= self._judged:
                return
            if not self._batches:
                self._since, self._done_since = self._clock.monotonic(), 0
            heapq.heappush(self._batches, (offset, size, self._clock.monotonic()))
            self._waiting += size

    def judged(self, offset: int) -> None:
        """Notes that all batches up to `offset` are judged."""
        with self._lock:
            self._judged = max(self._judged, offset)
            while self._batches and self._batches[0][0] <= self._judged:
                size = heapq.heappop(self._batches)[1]
                self._waiting -= size
                self._done_since += size
            if self._since is not None:
                elapsed = self._clock.monotonic() - self._since
                if elapsed > 0:
                    self._rate = self._done_since / elapsed

    def _retry_after(self) -> int:
        """Seconds in which a fifth of the budget is free at the present pace."""
        if self._rate <= 0:
            return 1
        return int(min(max(0.2 * self.budget / self._rate, 1), LONGEST_RETRY))

    @property
    def bytes(self) -> int:
        """Bytes that are on disk and wait for judgement."""
        with self._lock:
            return self._waiting

    @property
    def share(self) -> float:
        """Used part of the budget, reserved bytes included; 1 means that all is refused."""
        with self._lock:
            return (self._waiting + self._reserved) / self.budget

    def oldest_seconds(self) -> float:
        """How long the oldest waiting batch has waited, 0 when nothing waits."""
        with self._lock:
            if not self._batches:
                return 0.0
            return max(self._clock.monotonic() - self._batches[0][2], 0.0)
