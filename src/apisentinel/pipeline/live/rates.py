"""What went on in each of the last seconds: for charts and for the metrics topic."""

import threading
from collections import deque
from typing import Any

from apisentinel.pipeline.door.counters import OUTCOMES
from apisentinel.pipeline.live.bus import Item
from apisentinel.pipeline.samples import time_text
from apisentinel.records.taxonomy import Severity

KEPT_S = 3_600
"""Seconds kept: an hour of live charts takes 2 MB."""

COUNTED = ("received", *OUTCOMES)


class Rates:
    """A ring of what each second added to the totals. Thread-safe.

    Attributes:
        alerts: Alerts raised in this life by severity.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ring: deque[Item] = deque(maxlen=KEPT_S)
        self._before: dict[str, int] = {}
        self.alerts = {severity.value: 0 for severity in Severity}

    def add_alerts(self, severities: list[str]) -> None:
        """Counts alerts."""
        with self._lock:
            for severity in severities:
                self.alerts[severity] += 1

    def tick(self, now: int, totals: dict[str, int], gauges: dict[str, Any]) -> Item:
        """Closes a second.

        Args:
            now: Wall clock, µs.
            totals: Counters that only grow; what they grew by is the rate.
            gauges: Figures that are told as they are.

        Returns:
            The item of this second.
        """
        with self._lock:
            sums = totals | {f"alerts_{name.lower()}": n for name, n in self.alerts.items()}
            item: Item = {"ts": time_text(now - now % 1_000_000)}
            for name, value in sums.items():
                item[name] = value - self._before.get(name, 0)
            self._before = sums
            item |= gauges
            self._ring.append(item)
            return item

    def last(self, seconds: int) -> list[Item]:
        """The newest items, oldest first."""
        with self._lock:
            return list(self._ring)[-seconds:] if seconds > 0 else []

    def mean(self, name: str, seconds: int = 10) -> float:
        """Mean of a rate over the last seconds."""
        items = self.last(seconds)
        return sum(item.get(name, 0) for item in items) / len(items) if items else 0.0
