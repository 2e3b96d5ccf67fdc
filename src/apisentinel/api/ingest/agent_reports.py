"""What middlewares say of themselves: requests that they saw and could not hand over.

Each batch of a middleware carries its counters since its start in the header ``X-Sentinel-Agent``:
``instance=…; recorded=…; dropped=…; refused=…; faulty=…``.
"""

import threading
from collections import OrderedDict
from typing import Final

HEADER: Final = "x-sentinel-agent"
LONGEST: Final = 300
"""Characters of the header: an id and four numbers take a third of it."""

INSTANCES: Final = 1_000
"""Middlewares that are told apart; of more, those that were silent for longest are forgotten."""

LARGEST: Final = 1 << 40
"""A counter beyond this is none."""

LOST: Final = ("dropped", "refused", "faulty")


class AgentReports:
    """The last counters of each middleware. Thread-safe.

    Example:
        >>> reports = AgentReports()
        >>> reports.news("instance=a; recorded=9; dropped=2; refused=0; faulty=1")
        3
        >>> reports.news("instance=a; recorded=12; dropped=2; refused=0; faulty=1")
        0
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lost: OrderedDict[str, int] = OrderedDict()

    def news(self, header: str) -> int:
        """Requests that were lost since the last report of this middleware; 0 for an odd header."""
        if len(header) > LONGEST:
            return 0
        parts = dict(part.strip().partition("=")[::2] for part in header.split(";"))
        instance = parts.get("instance", "")
        numbers = [parts.get(name, "0") for name in LOST]
        if not instance or not all(n.isascii() and n.isdigit() for n in numbers):
            return 0
        total = sum(map(int, numbers))
        if total > LARGEST:
            return 0
        with self._lock:
            known = self._lost.pop(instance, 0)
            self._lost[instance] = max(total, known)
            if len(self._lost) > INSTANCES:
                self._lost.popitem(last=False)
        return max(total - known, 0)
