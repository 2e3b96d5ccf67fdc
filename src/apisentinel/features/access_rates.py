"""Requests of each principal to each endpoint in the running window, against the threshold that is
profiled for the endpoint.
"""

from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.features.access_counting import (
    NEVER,
    PAIR,
    UNCOUNTED,
    WINDOW,
    WindowCounts,
    smallest_outliers,
)
from apisentinel.features.access_threshold import Scheme, Threshold, ThresholdSettings

ENDPOINTS_KEPT = 2_048
"""Endpoints with a profile; the oldest gives way."""
TOLD_AGAIN = 1.5
"""A principal is told again when its count grew by this factor."""


class Rate(NamedTuple):
    """A principal that asks an endpoint too often.

    Attributes:
        row: Request at which its count passed the limit.
        actual: Its requests of the window so far.
        limit: The threshold.
        llr: What that says, nats.
    """

    row: int
    actual: int
    limit: float
    llr: float


class RatesMemory(msgspec.Struct, forbid_unknown_fields=True):
    """State of `AccessRates`, as it is kept.

    Attributes:
        pairs: Pairs of the running window in the order in which they came: hash of the endpoint of
            each, then the principal of each, then its requests; 8 bytes each, little-endian. They
            are many, and a state is captured between two blocks.
        profiles: Endpoint → memory of its threshold.
    """

    window: int = -1
    uncounted: int = 0
    pairs: bytes = b""
    profiles: list[
        tuple[int, tuple[list[float], int, float | None, float | None, list[tuple[int, int]]]]
    ] = []


class AccessRates:
    """Counts windows and profiles thresholds. The result does not depend on the size of blocks."""

    def __init__(self, settings: ThresholdSettings | None = None) -> None:
        self.settings = settings or ThresholdSettings()
        self._counts = WindowCounts()
        self._profiles: dict[int, Threshold] = {}

    @property
    def uncounted(self) -> int:
        """Requests of principals that found no room in their window."""
        return int(self._counts.numbers[UNCOUNTED])

    @property
    def _floor(self) -> int:
        """No threshold is lower."""
        return min(self.settings.floor, self.settings.ceiling)

    def update(self, events: npt.NDArray[Any]) -> list[Rate]:
        """Counts a block of `EVENT` rows and tells who is above the threshold, by row."""
        width = self.settings.window_minutes * 60_000_000
        counts, floor = self._counts, self._floor
        found: list[Rate] = []
        row, end = 0, len(events)
        while (row := counts.count(events, row, width, floor)) < end:
            if counts.numbers[PAIR] < 0:
                self._close()
                counts.numbers[WINDOW] = int(events["ts"][row]) // width
                continue
            rate = self._look(row)
            if rate is not None:
                found.append(rate)
            row += 1
        return found

    def _look(self, row: int) -> Rate | None:
        """What the request says with which a pair came to a count that may be too high."""
        endpoint, principal, count = self._counts.pair()
        profile = self._profiles.get(endpoint)
        limit = profile.limit() if profile is not None else None
        if limit is None or profile is None:
            self._counts.look_again(NEVER)
            return None
        level = int(limit) + 1
        while level < count:
            level = _further(level)
        if count > limit:
            profile.above[principal] = 0
        if level > count:
            self._counts.look_again(level)
            return None
        self._counts.look_again(_further(level))
        return Rate(row, count, limit, 5.2 + 1.5 * float(np.log(count / limit)))

    def _close(self) -> None:
        """Ends the running window: every endpoint learns from it."""
        endpoints, principals, counts = self._counts.pairs()
        settings = self.settings
        known, first, places, sizes = np.unique(
            endpoints, return_index=True, return_inverse=True, return_counts=True
        )
        order = np.lexsort((counts, places))
        starts = np.concatenate([[0], np.cumsum(sizes)])
        is_plain = settings.scheme is Scheme.TRIMMED
        values = smallest_outliers(counts[order], starts) if len(known) and is_plain else known
        columns = (known, values, sizes, np.arange(len(known)))
        # in the order in which the endpoints were asked for
        for endpoint, value, size, at in zip(
            *(column[np.argsort(first)].tolist() for column in columns), strict=True
        ):
            profile = self._profiles.get(endpoint)
            if profile is None:
                if len(self._profiles) >= ENDPOINTS_KEPT:
                    del self._profiles[next(iter(self._profiles))]
                profile = self._profiles[endpoint] = Threshold(settings)
            if not is_plain or profile.above:
                own = order[starts[at] : starts[at + 1]]
                heard = zip(principals[own].tolist(), counts[own].tolist(), strict=True)
                profile.close(dict(heard))
            elif size >= settings.actors_from:
                profile.learn(float(value), {})
        if any(profile.above for profile in self._profiles.values()):
            asked = frozenset(known.tolist())
            for endpoint, profile in self._profiles.items():
                if profile.above and endpoint not in asked:
                    profile.close({})
        self._counts.clear()

    def memory(self) -> RatesMemory:
        """What a successor has to know."""
        profiles = [(endpoint, profile.memory()) for endpoint, profile in self._profiles.items()]
        window = int(self._counts.numbers[WINDOW])
        return RatesMemory(window, self.uncounted, self._counts.packed(), profiles)

    def recall(self, memory: RatesMemory) -> None:
        """Takes over what an earlier one remembered.

        Raises:
            ValueError: The pairs are damaged.
        """
        self._counts.fill(memory.pairs, self._floor)
        self._counts.numbers[WINDOW] = memory.window
        self._counts.numbers[UNCOUNTED] = memory.uncounted
        self._profiles = {}
        for endpoint, kept in memory.profiles:
            profile = self._profiles[endpoint] = Threshold(self.settings)
            profile.recall(*kept)


def _further(level: int) -> int:
    """The count at which a principal is told again."""
    return int(level * TOLD_AGAIN) + 1
