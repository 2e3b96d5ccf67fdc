"""Traffic for a demonstration, without end, in pace order."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from apisentinel.simulator.settings import plan
from apisentinel.simulator.simulation import Simulation

DEMO_RATE = 12.0
"""Honest requests per simulated second: a small site, lively to look at."""

DEMO_HOURS = 1.0
"""Simulated time until the seed is renewed."""

STEP_S = 0.25
"""Requests that are due within this time are handed out together."""

SECOND = 1_000_000


def demo_stream(
    seed: int, speed: float = 4.0, *, rate: float = DEMO_RATE, start: int | None = None
) -> Iterator[tuple[float, list[bytes]]]:
    """A lively hour in minutes, over and over, with a campaign in its first minute.

    Args:
        seed: Of the first hour; later hours use later seeds.
        speed: Simulated seconds per second of the stream.
        rate: Honest requests per simulated second.
        start: Moment of the stream's beginning, µs since the epoch, that the time stamps follow;
            they then run with the stream and not `speed` times as fast. None keeps the time of
            the simulation.

    Yields:
        Seconds since the beginning of the stream, never falling, and the NDJSON lines due then
        (without line ends). The caller waits; nothing here reads a clock.

    Example:
        >>> offset, lines = next(demo_stream(1))
        >>> offset >= 0 and lines[0].startswith(b"{")
        True
    """
    passed = 0.0
    number = 0
    while True:
        wanted = plan(DEMO_HOURS, rate, profile="demo", seed=seed + number)
        clock = None if start is None else (start + int(passed * SECOND), speed)
        # the same APIs and people all the time; what they do is new each hour
        simulation = Simulation(wanted, clock, world=seed)
        made = [
            (block.text, (block.moment - simulation.begin) / SECOND / speed)
            for block in simulation.blocks()
        ]
        # what it was made from takes five times the memory, and the hour lasts for long
        del simulation
        for text, offset in made:
            for first, lines in _ticks(text, offset):
                yield passed + float(offset[first]), lines
        passed += DEMO_HOURS * 3600 / speed
        number += 1


def _ticks(text: bytes, offset: npt.NDArray[np.float64]) -> Iterator[tuple[int, list[bytes]]]:
    """Number of the first line and the lines of each step of time."""
    tick = np.floor(offset / STEP_S).astype(np.int64)
    edges = np.flatnonzero(np.diff(tick)) + 1
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    lasts = np.append(edges, len(ends))
    firsts = np.append(0, edges)
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        if last > first:
            begin = int(ends[first - 1]) + 1 if first else 0
            yield first, text[begin : int(ends[last - 1])].split(b"\n")
