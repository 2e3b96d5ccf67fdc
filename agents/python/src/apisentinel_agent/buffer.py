"""Requests that wait for being sent: a queue bounded in number and in bytes, which never waits."""

from __future__ import annotations

import threading
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apisentinel_agent.exchange import Exchange


class Buffer:
    """A bounded queue between the threads of the application and the sender.

    When it is full, the newest request is dropped and counted: a flood cannot push out what was
    seen before it. `put` never blocks and never raises; it may be called in a signal handler or a
    finaliser, so its lock may be taken again by the thread that holds it.
    """

    def __init__(self, max_records: int, max_bytes: int, batch_records: int) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._batch_records = batch_records
        self._items: deque[tuple[Exchange, int]] = deque()
        self._lock = threading.RLock()
        self._signals: SimpleQueue[bool] = SimpleQueue()
        self.bytes = 0
        """Memory of what waits, estimated."""
        self.recorded = 0
        """Requests put in, those dropped at once included."""
        self.dropped = 0
        """Requests dropped because the buffer was full."""

    def __len__(self) -> int:
        return len(self._items)

    def put(self, exchange: Exchange, memory: int) -> bool:
        """Adds a request; False when it was dropped."""
        with self._lock:
            self.recorded += 1
            waiting = len(self._items)
            if waiting >= self._max_records or self.bytes + memory > self._max_bytes:
                self.dropped += 1
                return False
            self._items.append((exchange, memory))
            self.bytes += memory
        # One signal for the first request, one for a full batch: the sender sleeps otherwise.
        if waiting in {0, self._batch_records - 1}:
            self._signals.put(True)
        return True

    def take(self, max_records: int, max_bytes: int) -> list[Exchange]:
        """The oldest requests, at least one if there is any."""
        taken: list[Exchange] = []
        size = 0
        with self._lock:
            while self._items and len(taken) < max_records:
                exchange, memory = self._items[0]
                if taken and size + memory > max_bytes:
                    break
                self._items.popleft()
                taken.append(exchange)
                size += memory
            self.bytes = self.bytes - size if self._items else 0
        return taken

    def wake(self) -> None:
        """Ends the sleep of the sender."""
        self._signals.put(True)

    def sleep(self, seconds: float | None) -> bool:
        """Waits for a signal; False when none came in time. None waits without end."""
        try:
            self._signals.get(timeout=seconds)
        except Empty:
            return False
        return True

    def forget_signals(self) -> None:
        """Drops signals that came in the meantime."""
        try:
            while True:
                self._signals.get_nowait()
        except Empty:
            return
