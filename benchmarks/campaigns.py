"""Planted campaigns: the needles that a scan of a generated log has to find."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.rows import MICROS, STATUSES, USERS, Rows, joined, rows_of
from benchmarks.shop import CAMPAIGN_CLIENTS, PathClass, Site

_401, _200, _404 = STATUSES.index(401), STATUSES.index(200), STATUSES.index(404)


@dataclass(frozen=True)
class Campaign:
    """What was planted. Times are microseconds since the epoch."""

    attack_type: str
    clients: tuple[str, ...]
    begin: int
    end: int
    requests: int

    def as_dict(self) -> dict[str, Any]:
        """For the truth file."""
        return asdict(self)


class Planter:
    """Places campaigns in the period of a log.

    Attributes:
        planted: The campaigns so far.
    """

    def __init__(
        self, site: Site, rng: np.random.Generator, begin: int, length: int, lines: int
    ) -> None:
        self.site, self.rng, self.begin, self.length = site, rng, begin, length
        # Together about 1 % of a small log, and of full size from a million lines on.
        self.share = min(1.0, lines / 1_000_000)
        self.planted: list[Campaign] = []
        self._next = site.client_kind.size - CAMPAIGN_CLIENTS

    def _sources(self, count: int) -> np.ndarray[Any, Any]:
        first, self._next = self._next, self._next + count
        return np.arange(first, first + count)

    def _count(self, full: int, least: int) -> int:
        return max(least, int(full * self.share))

    def _times(self, count: int, at: float, span_s: float) -> Any:
        """Sorted times that begin at a share of the period and end within it."""
        start = self.begin + int(self.length * at)
        span = min(int(span_s * MICROS), int(self.length * (0.97 - at)))
        return start + np.sort(self.rng.integers(0, max(span, 1), count))

    def _record(self, attack_type: str, rows: Rows) -> Rows:
        clients = tuple(self.site.clients[k].decode() for k in np.unique(rows["client"]))
        first, last = int(rows["time"].min()), int(rows["time"].max())
        self.planted.append(Campaign(attack_type, clients, first, last, rows["time"].size))
        return rows

    def all(self) -> Rows:
        """The four campaigns of an ordinary log."""
        return joined([self.brute_force(), self.credential_stuffing(), self.scan(), self.scrape()])

    def brute_force(
        self, *, count: int | None = None, at: float = 0.15, span_s: float = 1_200
    ) -> Rows:
        """One client, one account, hundreds of wrong passwords."""
        n = count or self._count(600, 60)
        client = self._sources(1)
        rows = self._login(n, self._times(n, at, span_s), client, user=4_242)
        return self._record("brute_force", rows)

    def credential_stuffing(self) -> Rows:
        """Many accounts, each tried once, from a few addresses with one agent; one pair fits."""
        n = self._count(2_000, 80)
        client = self._sources(24)[self.rng.integers(0, 24, n)]
        rows = self._login(
            n, self._times(n, 0.32, 2_400), client, user=1 + self.rng.permutation(USERS)[:n]
        )
        rows["agent"][:] = self.site.agent_of[client[0], 0]
        rows["status"][-max(1, n // 200) :] = _200
        return self._record("credential_stuffing", rows)

    def _login(self, n: int, time: Any, client: Any, *, user: Any) -> Rows:
        return rows_of(
            n,
            time=time,
            client=client,
            agent=self.site.agent_of[client, 0],
            method=1,
            path=self.site.api("/api/v1/login"),
            version=1,
            status=_401,
            size=153,
            user=user,
            duration=self.rng.integers(60, 140, n),
        )

    def scan(self) -> Rows:
        """One client asks for files that the site does not have."""
        n = self._count(1_500, 60)
        client = self._sources(1)
        path = self.site.first[PathClass.PROBE] + np.arange(n) % self.site.count[PathClass.PROBE]
        dead = self.site.first[PathClass.DEAD] + self.rng.integers(
            0, self.site.count[PathClass.DEAD], n
        )
        path = np.where(np.arange(n) % 3 == 0, dead, path)
        rows = rows_of(
            n,
            time=self._times(n, 0.5, 600),
            client=client,
            agent=self.site.agent_of[client, 0],
            path=path,
            status=_404,
            size=146,
            duration=2,
        )
        return self._record("scanning", rows)

    def scrape(self) -> Rows:
        """One client walks through product ids at an even pace."""
        n = min(self._count(5_000, 150), self.site.count[PathClass.API_PRODUCT])
        client = self._sources(1)
        time = self._times(1, 0.6, 1) + np.arange(n) * 700_000 + self.rng.integers(0, 90_000, n)
        rows = rows_of(
            n,
            time=time,
            client=client,
            agent=self.site.agent_of[client, 0],
            path=self.site.first[PathClass.API_PRODUCT] + np.arange(n),
            version=1,
            size=self.rng.integers(900, 1_400, n),
            duration=8,
        )
        return self._record("scraping", rows)
