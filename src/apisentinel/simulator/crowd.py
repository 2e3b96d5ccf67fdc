"""Honest traffic of one site, slice of time by slice of time."""

from typing import Any

import numpy as np

from apisentinel.simulator import spec
from apisentinel.simulator.journeys import (
    CRAWLER,
    CRON,
    DEVICE,
    HEALTH,
    MOBILE,
    PARTNER,
    STAFF,
    TOOL,
    WEB,
    Sessions,
    Walker,
)
from apisentinel.simulator.population import COUNTRIES, Population, rhythm
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.rows import NONE, mixed
from apisentinel.simulator.spec import GROUPS
from apisentinel.simulator.world import Site, World

HOUR = 3_600_000_000
WEEK_H = 168

MACHINES = {PARTNER: 24, CRON: 10, STAFF: 16, CRAWLER: 14, HEALTH: 4, DEVICE: 4000}
"""Partners, jobs, people of the staff, crawlers and probes per site; devices at most."""

KNOWN = {WEB: 0.45, MOBILE: 0.88, STAFF: 0.8, DEVICE: 1.0, PARTNER: 1.0, CRON: 1.0}
"""Share of sessions that begin with a token of earlier."""

OFFICE_RHYTHM = {"shop": 0.05, "bank": 0.35, "saas": 0.9, "iot": 0.15}
STEADY = (PARTNER, CRON, CRAWLER, HEALTH, DEVICE)
"""Groups without a day and a night (the rhythm is weak)."""

SAMPLE = 600
"""Sessions walked once to learn how many requests a session has."""


class Crowd:
    """Draws the sessions that begin in a slice and walks them.

    Args:
        rate: Mean requests per second of this site.
        begin: Start of the simulation, µs.
        seed: Of the sessions; the world has its own.
        end: Its end; the rate is the mean between both, whatever the hours of the day.
    """

    def __init__(
        self, world: World, site: Site, rate: float, begin: int, end: int, seed: int
    ) -> None:
        self.seed = seed
        self.world, self.site, self.rate, self.begin = world, site, rate, begin
        self.population = Population(world, site)
        self.walker = Walker(world, site, self.population)
        self.groups = [(GROUPS.index(name), share) for name, share in site.domain.shares.items()]
        self.kinds = {
            g: self._kinds_of(GROUPS[g]) for g in range(len(GROUPS))
        }  # fmt: skip
        hours = (
            np.arange(begin, max(min(end, begin + WEEK_H * HOUR), begin + 1), HOUR // 4) / HOUR + 72
        ) % WEEK_H
        self.mean = {
            g: float(np.mean([self.level(g, hour) for hour in hours])) for g, _ in self.groups
        }
        self.length = {g: self._requests_per_session(g) for g, _ in self.groups}

    def _kinds_of(self, group: str) -> tuple[Any, Any]:
        raw = [
            (self.world.kind[name], name) for name, of in self.world.group_of.items() if of == group
        ]
        shares = np.array([spec.clients()["kinds"][name]["share"] for _, name in raw])
        return np.array([k for k, _ in raw], np.int64), np.cumsum(shares) / max(shares.sum(), 1e-9)

    def _requests_per_session(self, group: int) -> float:
        rng = stream(self.world.seed, "length", self.site.number, group)
        start = np.full(SAMPLE, self.begin + 12 * HOUR, np.int64)
        rows, _ = self.walker.walk(rng, self.sessions(rng, group, start))
        return float(max(rows.shape[0] / SAMPLE, 0.5))

    def slice(self, number: int, begin: int, end: int) -> Any:
        """Rows of the sessions that begin in ``[begin, end)``, µs; some rows lie behind the end."""
        parts = []
        site = self.site
        for group, share in self.groups:
            rng = stream(self.seed, "crowd", site.number, group, number)
            expected = self.rate * share * (end - begin) / 1e6 / self.length[group]
            start = self._starts(rng, group, expected, begin, end)
            if start.size:
                parts.append(self.sessions(rng, group, start))
        if not parts:
            return np.zeros((0, 0), np.int64)
        who = joined(parts)
        rng = stream(self.seed, "walk", site.number, number)
        rows, _ = self.walker.walk(rng, who)
        return rows

    def _starts(
        self, rng: np.random.Generator, group: int, expected: float, begin: int, end: int
    ) -> Any:
        """Moments when sessions begin: a Poisson process in the rhythm of the week, with noise."""
        pieces = max(1, int((end - begin) // (HOUR // 4)))
        width = (end - begin) / pieces
        hours = ((begin + width * (np.arange(pieces) + 0.5)) / HOUR + 72) % WEEK_H
        level = np.array([self.level(group, hour) for hour in hours]) / self.mean[group]
        noise = np.exp(rng.normal(-0.005, 0.1, pieces))
        counts = rng.poisson(expected / pieces * level * noise)
        place = np.repeat(np.arange(pieces), counts) + rng.random(int(counts.sum()))
        start = begin + (place * width).astype(np.int64)
        if group == CRON:
            # jobs begin on the minute, a little late
            start = start // 60_000_000 * 60_000_000 + rng.integers(20_000, 1_900_000, start.size)
        if group == HEALTH:
            start = start // 10_000_000 * 10_000_000 + rng.integers(0, 60_000, start.size)
        return np.clip(start, begin, end - 1)

    def level(self, group: int, hour: float) -> float:
        """Traffic of a group at an hour of the week (UTC) against its mean."""
        office = 1.0 if group == STAFF else OFFICE_RHYTHM[self.site.domain.name]
        mean = sum(c[1] * rhythm((hour + c[2]) % WEEK_H, office) for c in COUNTRIES)
        return 0.85 + 0.15 * mean if group in STEADY else mean

    def sessions(
        self, rng: np.random.Generator, group: int, start: Any, users: Any = None
    ) -> Sessions:
        """Sessions of a group that begin at given moments.

        Args:
            users: Indices of accounts; drawn by activity when None.
        """
        count = start.size
        hour = float(((start[0] if count else 0) / HOUR + 72) % WEEK_H)
        population, site = self.population, self.site
        session = rng.integers(1, 1 << 62, count)
        day = int(start[0] // (24 * HOUR)) if count else 0
        choice, shares = self.kinds[group]
        if group in (WEB, MOBILE):
            if users is None:
                office = OFFICE_RHYTHM[site.domain.name]
                users = population.draw(rng, count, hour, office)
            device = users * 2 + (rng.random(count) < 0.1)
            account = site.first_account + users
            high, low = population.address(
                users, session, mobile=np.full(count, group == MOBILE), day=day
            )
            lang = np.array(self.world.langs, np.int64)[
                np.array([c[3] for c in COUNTRIES])[population.country[users]]
            ]
        else:
            machines = min(MACHINES.get(group, 8), max(4, site.accounts))
            names = (
                users
                if users is not None
                else np.minimum(
                    (rng.pareto(1.2, count) * machines / 6).astype(np.int64), machines - 1
                )
            )
            if group == DEVICE and users is None:
                names = rng.integers(0, machines, count)
            device = names + 1000 * (group + 1)
            account = site.first_account + mixed(device, 101) % site.accounts
            lang = np.full(count, NONE, np.int64)
            if group == DEVICE:
                users = mixed(device, 101) % site.accounts
                high, low = population.address(users, device, mobile=np.zeros(count, bool), day=day)
            elif group == STAFF:
                high = np.zeros(count, np.int64)
                low = np.full(count, population.staff_address(), np.int64)
                lang = np.full(count, self.world.langs[0], np.int64)
            elif group == HEALTH:
                high, low = np.zeros(count, np.int64), 0x0A000000 | 256 + mixed(device, 102) % 4000
            else:
                high, low = population.hosts(device * 64 + site.number)
        kind = choice[
            np.minimum(
                (mixed(device, 103) % 9973 / 9973.0 > shares[:, None]).sum(0), choice.size - 1
            )
        ]
        weeks = int((start[0] - self.begin) // (WEEK_H * HOUR)) if count else 0
        agent = np.empty(count, np.int64)
        for k in np.unique(kind):
            chosen = kind == k
            agent[chosen] = self.world.agent_refs(site, int(k), device[chosen], weeks)
        if group == CRAWLER:
            low = self._crawlers(kind, low, device)
        hop = np.where((group == MOBILE) & (mixed(session, 104) % 3 == 0), 0.06, 0.0)
        pace = np.exp(rng.normal(0, 0.25, count)) if group not in (HEALTH, TOOL) else np.ones(count)
        known = rng.random(count) < KNOWN.get(group, 0.0)
        return Sessions(
            start, account, np.full(count, group), kind, agent, lang, high, low, session, known,
            hop, pace,
        )  # fmt: skip

    def _crawlers(self, kind: Any, low: Any, device: Any) -> Any:
        """Known crawlers come from the networks that they publish."""
        for name, first, size in (("googlebot", 0x42F94000, 4096), ("bingbot", 0x284DA700, 256)):
            known = kind == self.world.kind[name]
            low = np.where(known, first + mixed(device, 105) % size, low)
        return low


def joined(parts: list[Sessions]) -> Sessions:
    """Many groups of sessions as one."""
    names = Sessions.__dataclass_fields__
    return Sessions(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})
