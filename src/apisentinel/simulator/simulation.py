"""Puts a simulation together: slices of time, honest and hostile rows, text in order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from apisentinel.simulator import writer
from apisentinel.simulator.attack import Attack
from apisentinel.simulator.crowd import HOUR, Crowd
from apisentinel.simulator.oddities import Episode, episodes, rows_of
from apisentinel.simulator.outcomes import Servers
from apisentinel.simulator.planning import campaigns
from apisentinel.simulator.randomness import stream
from apisentinel.simulator.rows import COL, REF, WIDTH, blank, mixed
from apisentinel.simulator.settings import Plan
from apisentinel.simulator.world import World

if TYPE_CHECKING:
    from apisentinel.simulator.campaign import Campaign
from apisentinel.simulator.campaigns import BUILDERS

EPOCH = 1_767_571_200_000_000
"""Monday 2026-01-05 00:00 UTC, µs; seeds begin at an hour of the 20 weeks from here."""

SLICE_ROWS = 120_000
"""Requests made at a time: enough for arrays to be quick, 40 MB."""

MAX_SLICE_H = 6.0
"""Longest slice; the rhythm of the day bends inside it."""

OUT_BYTES = 24 << 20
"""Text written at a time."""

ACCOUNTS_PER_SITE = (400, 60_000)
"""Fewest and most accounts."""


@dataclass(frozen=True)
class Block:
    """Requests that follow each other.

    Attributes:
        text: NDJSON lines.
        ts: µs of each line, as written.
        moment: µs of each line in the simulation; differs from `ts` when the clock is moved.
        ids: Event id of each line, as numbers.
        campaign: Number of its campaign, -1 for honest requests.
        actor: Number of the actor in its campaign.
    """

    text: bytes
    ts: Any
    moment: Any
    ids: Any
    campaign: Any
    actor: Any


class Simulation:
    """One simulation.

    Args:
        wanted: What is simulated.
        clock: Moment (µs) at which the written time stamps begin and how many simulated seconds
            pass in one of theirs; None writes the simulated time.
        world: Seed of what stands still (hosts, accounts, objects); that of the plan when None.

    Example:
        >>> from apisentinel.simulator import Simulation, plan
        >>> simulation = Simulation(plan(0.01, 5, attacks="none"))
        >>> sum(block.ts.size for block in simulation.blocks()) > 0
        True
    """

    def __init__(
        self, wanted: Plan, clock: tuple[int, float] | None = None, world: int | None = None
    ) -> None:
        self.plan, self.clock = wanted, clock
        hour = int(stream(wanted.seed, "begin").integers(20 * 168))
        self.begin = EPOCH + hour * HOUR
        self.end = self.begin + int(wanted.hours * HOUR)
        people = int(wanted.rate * 3600 * min(24.0, max(1.0, wanted.hours)) / 25)
        accounts = int(np.clip(people, *ACCOUNTS_PER_SITE))
        names = tuple(name for name, _ in wanted.settings.domains)
        self.world = World(
            wanted.seed if world is None else world, names, accounts, wanted.settings.layout
        )
        minutes = int(wanted.hours * 60) + 1
        self.crowds, self.servers = [], []
        for site, (_, share) in zip(self.world.sites, wanted.settings.domains, strict=True):
            self.crowds.append(
                Crowd(self.world, site, wanted.rate * share, self.begin, self.end, wanted.seed)
            )
            self.servers.append(
                Servers(self.world, site, self.begin, minutes, calm=wanted.settings.calm)
            )
        self.lines = 0
        self.attacks = 0
        self.campaigns: list[Campaign] = campaigns(wanted, self.world, self.begin, self.end)
        odd = episodes(wanted, self.world, self.begin, self.end)
        sites = range(len(self.world.sites))
        # latest first, so that the next one is at the end
        self._waiting = [[c for c in self.campaigns[::-1] if c.site == k] for k in sites]
        self._waiting_episodes = [[e for e in odd[::-1] if e.site == k] for k in sites]

    def _slices(self) -> Iterator[tuple[int, int]]:
        length = min(SLICE_ROWS / self.plan.rate / 3600, MAX_SLICE_H)
        count = max(1, int(np.ceil(self.plan.hours / length)))
        span = self.end - self.begin
        for k in range(count):
            yield self.begin + span * k // count, self.begin + span * (k + 1) // count

    def blocks(self) -> Iterator[Block]:
        """The requests in order of time; memory does not grow with their number."""
        carried = np.zeros((0, WIDTH), np.int64)
        for number, (begin, end) in enumerate(self._slices()):
            parts = [carried]
            for site, crowd, servers in zip(
                self.world.sites, self.crowds, self.servers, strict=True
            ):
                made = [crowd.slice(number, begin, end), *self._events(site.number, crowd, end)]
                rows = np.concatenate([part for part in made if part.size] or [blank(0)])
                rows = rows[rows[:, COL["ts"]] < self.end]
                if rows.size:
                    rng = stream(self.plan.seed, "answers", site.number, number)
                    servers.answer(rng, rows)
                    parts.append(rows)
            rows = np.concatenate(parts)
            ready = rows[:, COL["ts"]] < end
            carried = rows[~ready]
            yield from self._texts(rows[ready])
            del rows, parts
            self.world.pool.shrink(carried)

    def _events(self, site: int, crowd: Crowd, end: int) -> Iterator[Any]:
        """Rows of campaigns and oddities of a site that begin before `end` and are not made yet."""
        for events in (self._waiting_episodes[site], self._waiting[site]):
            while events and events[-1].start < end:
                event = events.pop()
                if isinstance(event, Episode):
                    rows = rows_of(crowd, event, self.end)
                else:
                    attack = Attack(crowd, event, (event.start, self.end))
                    rows = BUILDERS[event.type](attack)
                # nothing may lie in what is written already
                yield rows[rows[:, COL["ts"]] >= event.start]

    def _count(self, campaign: Any, ts: Any) -> None:
        """Counts attack requests, as they are written."""
        hostile = np.flatnonzero(campaign >= 0)
        self.attacks += hostile.size
        for number in np.unique(campaign[hostile]).tolist():
            times = ts[campaign == number]
            known = self.campaigns[number]
            if not known.requests:
                known.first = int(times[0])
            known.last = int(times[-1])
            known.requests += times.size

    def _texts(self, rows: Any) -> Iterator[Block]:
        order = np.lexsort((rows[:, COL["salt"]], rows[:, COL["ts"]]))
        rows = rows[order]
        moment = rows[:, COL["ts"]].copy()
        if self.clock is not None:
            first, speed = self.clock
            rows[:, COL["ts"]] = first + ((moment - self.begin) / speed).astype(np.int64)
        count = rows.shape[0]
        # a bijection of the line's number: unique, and saying nothing about it
        ids = mixed_ids(self.plan.seed, self.lines, count)
        data, strings = self.world.pool.arrays()
        world = self.world
        out = np.empty(OUT_BYTES, np.uint8)
        used = np.zeros(1, np.int64)
        at = 0
        while at < count:
            following = writer.write_rows(
                rows, at, ids, world.endpoints, world.errors, world.kinds, world.spans,
                world.ops, world.lists, world.items, data, strings, out, used,
            )  # fmt: skip
            chosen = slice(at, following)
            campaign = rows[chosen, COL["campaign"]].copy()
            self._count(campaign, rows[chosen, COL["ts"]])
            self.lines += following - at
            yield Block(
                out[: used[0]].tobytes(), rows[chosen, COL["ts"]].copy(), moment[chosen],
                ids[chosen], campaign, rows[chosen, COL["actor"]].copy(),
            )  # fmt: skip
            at = following


def mixed_ids(seed: int, first: int, count: int) -> Any:
    """Event ids of lines as int64 whose bits are the hexadecimal text."""
    numbers = np.arange(first, first + count, dtype=np.int64).astype(np.uint64)
    key = np.uint64(mixed(np.array([seed & (2**62 - 1)]), 111)[0])
    state = numbers ^ key
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state ^ (state >> np.uint64(31))).view(np.int64)


__all__ = ["REF", "Block", "Simulation"]
