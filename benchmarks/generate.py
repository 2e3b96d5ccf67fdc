"""Writes a realistic access log: ``python -m benchmarks.generate --lines 1000000 --output FILE``.

The log is that of a shop with a web page, an API, a mobile app, partners, crawlers and monitors
over one or more days, with about 3 % attack-like requests and four planted campaigns. The same
options give the same bytes. Memory is bounded: traffic is made in slices of time.
"""

import argparse
import gzip
import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from benchmarks.campaigns import Campaign, Planter
from benchmarks.layouts import LAYOUTS
from benchmarks.rows import MICROS, Rows, joined, picked, rows_of, zipf
from benchmarks.shop import Integers, PathClass, Site, SiteSize, build_site
from benchmarks.visits import Visits

START = 1_793_577_600 * MICROS
"""2026-11-02 00:00 UTC, a Monday."""

RATE = 12.0
"""Mean lines per second: a million lines a day."""

CROWD_RATE = 2_000.0
"""Mean lines per second of a log in which every client comes once: a flood."""

BLOCK_LINES = 25_000
"""Lines per slice of time, on average; bounds the memory."""

LINES_PER_VISIT = 8.0
"""Of the site at full scale, about; with many clients and few lines, visits become shorter."""


@dataclass(frozen=True)
class LogPlan:
    """What to generate.

    Attributes:
        lines: Exact number of lines.
        seed: Of all randomness.
        attacks: Share of attack-like lines, campaigns apart, in [0, 0.5].
        size: How many different things the site has.
        rate: Mean lines per second.
        crowd: True when every benign line comes from a new client and the only campaign is one
            brute force.
        campaigns: False leaves them out.
    """

    lines: int
    seed: int = 7
    attacks: float = 0.03
    size: SiteSize = field(default_factory=SiteSize)
    rate: float = RATE
    crowd: bool = False
    campaigns: bool = True


class Traffic:
    """Rows of a log in the order of time.

    Attributes:
        site: Its tables.
        planted: Campaigns in the log; complete from the start.
    """

    def __init__(self, plan: LogPlan, site: Site | None = None) -> None:
        self.plan = plan
        self.site = site or build_site(plan.seed, plan.size)
        self.rng = np.random.default_rng([plan.seed, 2])
        # Every client should appear: with fewer lines than that needs, visits are short.
        scale = min(1.0, plan.lines / (2.5 * plan.size.clients) / LINES_PER_VISIT)
        self.visits = Visits(self.site, self.rng, scale=scale)
        length = int(plan.lines / plan.rate * MICROS)
        planter = Planter(
            self.site, np.random.default_rng([plan.seed, 3]), START, length, plan.lines
        )
        self._first = rows_of(0)
        if plan.crowd:
            seconds = length / MICROS
            self._first = planter.brute_force(
                count=min(400, plan.lines // 20), at=0.01, span_s=seconds
            )
        elif plan.campaigns:
            self._first = planter.all()
        self.planted: list[Campaign] = planter.planted

    def blocks(self) -> Iterator[Rows]:
        """Rows in time order, together exactly `plan.lines`."""
        span = min(BLOCK_LINES, max(self.plan.lines // 4, 1_000)) / self.plan.rate
        waiting, begin, left = self._first, START, self.plan.lines
        make = self._crowd if self.plan.crowd else Slice(self)
        while left > 0:
            end = begin + int(span * MICROS)
            rows = joined([waiting, make(begin, end)])
            due = rows["time"] < end
            waiting, rows = picked(rows, ~due), picked(rows, due)
            rows = picked(rows, np.argsort(rows["time"], kind="stable")[:left])
            left -= rows["time"].size
            begin = end
            yield rows

    def _crowd(self, begin: int, end: int) -> Rows:
        """One request for each of a crowd of new clients."""
        rate = self.plan.rate * (1 - self._first["time"].size / self.plan.lines) / MICROS
        n, serial = int((end - begin) * rate), (begin - START) * rate
        rng, site = self.rng, self.site
        kinds = (PathClass.PAGE, PathClass.PRODUCT, PathClass.CATEGORY, PathClass.API_PRODUCT)
        path = np.choose(
            rng.integers(0, len(kinds), n), [self.visits.draw(kind, n) for kind in kinds]
        )
        login = rng.random(n) < 0.01
        rows = rows_of(
            n,
            time=np.sort(rng.integers(begin, end, n)),
            client=-1 - (int(serial) + np.arange(n)),
            agent=site.agent_of[zipf(rng, site.size.clients, 0.3, n), 0],
            version=1,
            method=login,
            path=np.where(login, site.api("/api/v1/login"), path),
        )
        self.visits.measure(rows)
        return rows


class Slice:
    """Makes the visits that start in a slice of time, at the daily rhythm."""

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        pilot = Visits(
            traffic.site, np.random.default_rng([traffic.plan.seed, 4]), scale=traffic.visits.scale
        )
        start = np.full(4_000, START, np.int64)
        self.benign_length = pilot.benign(start)["time"].size / start.size
        self.attack_length = pilot.attack(start)["time"].size / start.size

    def __call__(self, begin: int, end: int) -> Rows:
        """Rows of these visits, some of them later than the slice."""
        plan, visits = self.traffic.plan, self.traffic.visits
        lines = plan.rate * (end - begin) / MICROS
        # 0.02 % of the lines are no HTTP at all.
        return joined(
            [
                visits.benign(
                    self._starts(begin, end, lines * (1 - plan.attacks) / self.benign_length)
                ),
                visits.attack(self._starts(begin, end, lines * plan.attacks / self.attack_length)),
                visits.garbage(self._starts(begin, end, lines * 0.0002 * (plan.attacks > 0))),
            ]
        )

    def _starts(self, begin: int, end: int, mean: float) -> Integers:
        """Start times: a Poisson process; its rate varies by 60 % over the day, lowest at 3:00."""
        rng, peak = self.traffic.rng, 1.6
        start = np.sort(rng.integers(begin, end, rng.poisson(mean * peak)))
        rhythm = 1 - 0.6 * np.cos(2 * math.pi * (start / MICROS / 86_400 - 0.125))
        return start[rng.random(start.size) * peak < rhythm]


def write_log(
    plan: LogPlan, layout: str, stream: IO[bytes], site: Site | None = None
) -> list[Campaign]:
    """Writes the log of the plan.

    Args:
        plan: What to generate.
        layout: Name in `LAYOUTS`.
        stream: Where the bytes go.
        site: Tables made before, of the same seed and size.

    Returns:
        The campaigns that are in the log.
    """
    traffic = Traffic(plan, site)
    render = LAYOUTS[layout](traffic.site).render
    serial = 0
    for rows in traffic.blocks():
        stream.write(render(rows, serial))
        serial += rows["time"].size
    return traffic.planted


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """The output: standard output for ``-``, packed when its name ends in .gz, else plain."""
    if path == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif path.endswith(".gz"):
        # Without name and time in its header, the file is the same bytes every time.
        with Path(path).open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed:
            yield packed  # type: ignore[misc]  # a binary file, too
    else:
        with Path(path).open("wb") as plain:
            yield plain


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Options of the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, help="benign client addresses (default: by lines)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--attacks", type=float, default=0.03, help="share of attack-like lines")
    parser.add_argument("--format", choices=sorted(LAYOUTS), default="combined")
    parser.add_argument("--rate", type=float, help=f"mean lines per second (default {RATE:g})")
    parser.add_argument(
        "--distinct-clients",
        action="store_true",
        help="every benign line from a new client, and one brute force",
    )
    parser.add_argument("--truth", help="JSON file for the planted campaigns")
    parser.add_argument(
        "--output", default="-", help="file, .gz is packed (default: standard output)"
    )
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> None:
    """Writes the log that the options ask for."""
    options = parse_arguments(words)
    crowd = bool(options.distinct_clients)
    plan = LogPlan(
        options.lines,
        options.seed,
        options.attacks,
        SiteSize.for_lines(options.lines, options.clients),
        options.rate or (CROWD_RATE if crowd else RATE),
        crowd,
    )
    with opened(options.output) as stream:
        planted = write_log(plan, options.format, stream)
    if options.truth:
        Path(options.truth).write_text(
            json.dumps([c.as_dict() for c in planted], indent=1), "utf-8"
        )


if __name__ == "__main__":
    main()
