"""Requests of each principal to each endpoint in the running window, against the threshold that is
profiled for the endpoint.
"""

from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.features.access_threshold import Threshold, ThresholdSettings
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT, PATH_ASSET, PATH_HEALTH

ENDPOINTS_KEPT = 2_048
"""Endpoints with a profile; the oldest gives way."""
PAIRS_KEPT = 200_000
"""Principals on endpoints counted in one window; further ones are only counted as uncounted."""
TOLD_AGAIN = 1.5
"""A principal is told again when its count grew by this factor."""
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


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
        counts: Endpoint → principal and requests of the running window.
        profiles: Endpoint → memory of its threshold.
    """

    window: int = -1
    uncounted: int = 0
    counts: list[tuple[int, list[tuple[int, int]]]] = []
    profiles: list[
        tuple[int, tuple[list[float], int, float | None, float | None, list[tuple[int, int]]]]
    ] = []


class AccessRates:
    """Counts windows and profiles thresholds. The result does not depend on the size of blocks."""

    def __init__(self, settings: ThresholdSettings | None = None) -> None:
        self.settings = settings or ThresholdSettings()
        self.window = -1
        self.uncounted = 0
        self._pairs = 0
        self._counts: dict[int, dict[int, int]] = {}
        self._profiles: dict[int, Threshold] = {}

    def update(self, events: npt.NDArray[Any]) -> list[Rate]:
        """Counts a block of `EVENT` rows and tells who is above the threshold, by row."""
        if not len(events):
            return []
        width = self.settings.window_minutes * 60_000_000
        windows = np.maximum.accumulate(np.maximum(events["ts"] // width, self.window))
        found: list[Rate] = []
        cuts = np.flatnonzero(np.diff(windows)) + 1
        for begin, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(events)], strict=True):
            if windows[begin] > self.window:
                self._close()
                self.window = int(windows[begin])
            found += self._count(events[begin:end], begin)
        return sorted(found)

    def _count(self, events: npt.NDArray[Any], begin: int) -> list[Rate]:
        keyed = (events["credential"] != 0) & (events["user"] == 0) & (events["session_given"] == 0)
        counted = (
            (events["endpoint"] != 0) & (events["client"] != 0) & ~keyed
            & (events["path_flags"] & (PATH_ASSET | PATH_HEALTH) == 0)
            & (events["agent_flags"] & AGENT_CLAIMS_GOOD_BOT == 0)
            & (events["status"] != 429) & (events["status"] < 500)
        )  # fmt: skip
        rows = np.flatnonzero(counted)
        if not rows.size:
            return []
        user, client, agent, endpoints = (
            events[name][rows] for name in ("user", "client", "agent", "endpoint")
        )
        who = np.where(user != 0, user, client * _A ^ agent)
        pair = (endpoints * _B) ^ (who * _A)
        _, first, place, times = np.unique(
            pair, return_index=True, return_inverse=True, return_counts=True
        )
        columns = endpoints[first], who[first], times
        found: list[Rate] = []
        floor = min(self.settings.floor, self.settings.ceiling)
        order = np.argsort(first, kind="stable").tolist()
        triples = list(zip(*(column.tolist() for column in columns), strict=True))
        for at in order:
            endpoint, principal, more = triples[at]
            counts = self._counts.setdefault(endpoint, {})
            before = counts.get(principal)
            if before is None:
                if self._pairs >= PAIRS_KEPT:
                    self.uncounted += more
                    continue
                self._pairs += 1
                before = 0
            counts[principal] = before + more
            if before + more <= floor:
                continue  # no threshold is lower
            profile = self._profiles.get(endpoint)
            limit = profile.limit() if profile is not None else None
            if limit is None or profile is None or before + more <= limit:
                continue
            profile.above[principal] = 0
            own = rows[place == at]
            level = int(limit) + 1
            while level <= before + more:
                if level > before:
                    llr = 5.2 + 1.5 * float(np.log(level / limit))
                    found.append(Rate(begin + int(own[level - before - 1]), level, limit, llr))
                level = int(level * TOLD_AGAIN) + 1
        return found

    def _close(self) -> None:
        """Ends the running window: every endpoint learns from it."""
        for endpoint, counts in self._counts.items():
            profile = self._profiles.get(endpoint)
            if profile is None:
                if len(self._profiles) >= ENDPOINTS_KEPT:
                    del self._profiles[next(iter(self._profiles))]
                profile = self._profiles[endpoint] = Threshold(self.settings)
            profile.close(counts)
        for endpoint, profile in self._profiles.items():
            if profile.above and endpoint not in self._counts:
                profile.close({})
        self._counts = {}
        self._pairs = 0

    def memory(self) -> RatesMemory:
        """What a successor has to know."""
        counts = [(endpoint, list(found.items())) for endpoint, found in self._counts.items()]
        profiles = [(endpoint, profile.memory()) for endpoint, profile in self._profiles.items()]
        return RatesMemory(self.window, self.uncounted, counts, profiles)

    def recall(self, memory: RatesMemory) -> None:
        """Takes over what an earlier one remembered."""
        self.window, self.uncounted = memory.window, memory.uncounted
        self._counts = {endpoint: dict(found) for endpoint, found in memory.counts}
        self._pairs = sum(map(len, self._counts.values()))
        self._profiles = {}
        for endpoint, kept in memory.profiles:
            profile = self._profiles[endpoint] = Threshold(self.settings)
            profile.recall(*kept)
