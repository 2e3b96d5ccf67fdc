"""How the servers answer: status, size and time of every request, by the same rules for all."""

from typing import Any

import numpy as np

from apisentinel.simulator.randomness import stream
from apisentinel.simulator.rows import COL, mixed
from apisentinel.simulator.world import Site, World

MINUTE = 60_000_000
LIMITED = 0.6
"""Share of sites that limit the requests of one client at all."""
LIMIT_WINDOW_S = 10
"""Rate limits count requests of one client in windows of this length."""


class Servers:
    """The weather of the servers of one site: load, deploys, outages, rate limits.

    Args:
        begin: Start of the simulation, µs.
        minutes: Length of the simulation.
        calm: No deploys and outages.
    """

    def __init__(self, world: World, site: Site, begin: int, minutes: int, *, calm: bool) -> None:
        self.site, self.begin = site, begin
        rng = stream(world.seed, "servers", site.number)
        count = minutes + 240
        noise = np.zeros(count)
        steps = rng.normal(0, 0.06, count)
        level = 0.0
        for k in range(count):
            level = 0.97 * level + steps[k]
            noise[k] = level
        self.load = np.exp(noise)
        self.failing = np.full(count, 0.0008)
        self.extra = rng.uniform(0.0004, 0.002)
        limit = int(site.domain.limit * rng.uniform(0.8, 1.4) * LIMIT_WINDOW_S / 60)
        self.limit = limit if rng.random() < LIMITED else np.iinfo(np.int64).max
        self.builds = np.zeros(count, np.int64)
        if not calm:
            self._deploys(rng, count)

    def _deploys(self, rng: np.random.Generator, count: int) -> None:
        """A deploy a day or so: errors for two minutes, then a step in latency; rare outages."""
        at = int(rng.exponential(600))
        while at < count:
            self.failing[at : at + 2] = rng.uniform(0.02, 0.10)
            self.load[at + 2 :] *= float(np.exp(rng.normal(0, 0.18)))
            self.builds[at:] += 1
            if rng.random() < 0.12:
                length = int(rng.integers(3, 15))
                self.failing[at + 2 : at + 2 + length] = rng.uniform(0.2, 0.6)
                self.load[at + 2 : at + 2 + length] *= 6.0
            at += int(rng.exponential(1400)) + 30

    def answer(self, rng: np.random.Generator, rows: Any) -> None:
        """Fills status (where it is 0), size and duration of rows of this site."""
        if not rows.shape[0]:
            return
        site = self.site
        endpoint = rows[:, COL["endpoint"]] - site.first_endpoint
        minute = np.clip((rows[:, COL["ts"]] - self.begin) // MINUTE, 0, self.load.size - 1)
        status = rows[:, COL["status"]]
        free = status == 0
        usual = site.ok[endpoint]
        luck = rng.random(rows.shape[0])
        failing = self.failing[minute]
        usual = np.where(luck < failing, np.where(luck * 3 < failing, 503, 502), usual)
        usual = np.where((luck >= failing) & (luck < failing + self.extra), 404, usual)
        cached = (rows[:, COL["flags"]] == 2) & (luck > 0.72)
        usual = np.where(cached, 304, usual)
        # who is refused costs as much as who is let in; only what has to happen is exempt
        limited = (free | (status >= 400)) & self._limited(rows)
        rows[:, COL["status"]] = np.where(limited, 429, np.where(free, usual, status))
        status = rows[:, COL["status"]]
        self._time(rng, rows, endpoint, minute, status)
        self._size(rng, rows, endpoint, status)
        build = site.column["build"]
        rows[:, build] += self.builds[minute]

    def _limited(self, rows: Any) -> Any:
        """True for requests over the limit of their client in its window."""
        window = rows[:, COL["ts"]] // (LIMIT_WINDOW_S * 1_000_000)
        who = (
            mixed(rows[:, COL["addr_lo"]] ^ (rows[:, COL["addr_hi"]] * 31), 81)
            ^ rows[:, COL["cred"]]
        )
        key = who ^ (window * 0x9E3779B1)
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        new = np.concatenate(([True], ordered[1:] != ordered[:-1]))
        start = np.maximum.accumulate(np.where(new, np.arange(key.size), 0))
        rank = np.empty(key.size, np.int64)
        rank[order] = np.arange(key.size) - start
        return rank >= self.limit

    def _time(
        self, rng: np.random.Generator, rows: Any, endpoint: Any, minute: Any, status: Any
    ) -> None:
        base = self.site.milliseconds[endpoint]
        base = np.where(status == 304, 2.0, base)
        base = np.where((status == 401) | (status == 403) | (status == 404), base * 0.55 + 3, base)
        base = np.where((status == 429) | (status == 400), 3.0, base)
        base = np.where(status == 503, 2.0, base)
        noise = rng.normal(0, 0.32, rows.shape[0])
        tail = rng.random(rows.shape[0]) < 0.012
        drawn = base * self.load[minute] * np.exp(noise + np.where(tail, 1.7, 0)) * 1000
        preset = rows[:, COL["duration"]]
        rows[:, COL["duration"]] = np.maximum(drawn.astype(np.int64) + preset, 180)

    def _size(self, rng: np.random.Generator, rows: Any, endpoint: Any, status: Any) -> None:
        # an object has its size: the same one gives the same answer, give or take a little
        domain = self.site.domain
        seed = mixed(endpoint, 91)
        for slot in domain.slots:
            if slot.kind in {"public", "owned"}:
                seed = seed ^ mixed(rows[:, self.site.column[slot.name]], 92)
        normal = ((mixed(seed, 93) % 4096) + (mixed(seed, 94) % 4096) - 4096) / 1672.0
        size = self.site.size[endpoint] * np.exp(0.35 * normal)
        size = np.where(status >= 400, 60 + mixed(status, 95) % 90, size)
        size = np.where((status == 304) | (status == 204), 0, size)
        drawn = (size + rng.integers(0, 9, rows.shape[0]) * (size > 0)).astype(np.int64)
        preset = rows[:, COL["resp_bytes"]]
        rows[:, COL["resp_bytes"]] = np.where(preset > 0, preset, drawn)
