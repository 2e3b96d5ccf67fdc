"""What became of every row that came to the door; the books of the conservation rule."""

import threading
from collections.abc import Mapping

OUTCOMES = ("accepted", "rejected", "deduplicated", "deadlettered", "shed")
"""What can become of a received row; each row has exactly one of these outcomes.

accepted: on disk and to be judged. rejected: not a request, the sender was told. deduplicated:
known already. deadlettered: not a request and kept aside, since nobody could be told. shed: dropped
under a rule that allows it.
"""

EXTRAS = ("clamped", "undated", "redacted", "refused", "agent_lost")
"""Counts beside the rule: rows whose time lay in the future, rows without a time, rows in which a
secret was replaced, submissions that were refused as a whole (their rows were not received), and
requests that middlewares say they could not hand over.
"""

MAX_SOURCES = 256
"""Sources that are counted apart; further ones share the name `OTHER`. A setup has a handful."""

OTHER = "other"


class Counters:
    """Counts rows by source and outcome. Thread-safe.

    A row is counted as received in the same step in which its outcome is counted, so that received
    minus all outcomes is 0 at any moment.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[str, dict[str, int]] = {}
        self._extras = dict.fromkeys(EXTRAS, 0)

    def count(self, source: str, **outcomes: int) -> None:
        """Counts rows as received and, in the same step, what became of them.

        Args:
            source: Where they came from.
            outcomes: Rows by name of `OUTCOMES`.

        Raises:
            KeyError: No such outcome.
        """
        total = sum(outcomes.values())
        with self._lock:
            if source not in self._rows and len(self._rows) >= MAX_SOURCES:
                source = OTHER
            rows = self._rows.setdefault(source, dict.fromkeys(("received", *OUTCOMES), 0))
            for name in outcomes:
                rows[name] += 0  # an unknown name fails before anything is counted
            for name, number in outcomes.items():
                rows[name] += number
            rows["received"] += total

    def note(self, **extras: int) -> None:
        """Counts beside the rule, see `EXTRAS`.

        Raises:
            KeyError: No such count.
        """
        with self._lock:
            for name, number in extras.items():
                self._extras[name] += number

    def snapshot(self) -> dict[str, dict[str, int]]:
        """Rows by source and outcome, ``received`` included, at one moment."""
        with self._lock:
            return {source: dict(rows) for source, rows in self._rows.items()}

    def totals(self) -> dict[str, int]:
        """Rows by outcome over all sources, ``received`` and the `EXTRAS` included."""
        with self._lock:
            sums = dict.fromkeys(("received", *OUTCOMES), 0)
            for rows in self._rows.values():
                for name, number in rows.items():
                    sums[name] += number
            return sums | self._extras

    def conservation(self) -> int:
        """Received rows minus all outcomes: 0, or a row was lost or counted twice."""
        sums = self.totals()
        return sums["received"] - sum(sums[name] for name in OUTCOMES)

    def restore(self, rows: Mapping[str, Mapping[str, int]]) -> None:
        """Adds the counts of an earlier run, as `snapshot` gave them."""
        for source, counts in rows.items():
            self.count(source, **{name: int(counts.get(name, 0)) for name in OUTCOMES})
