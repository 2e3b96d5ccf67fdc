"""What other settings, another threshold or another bundle would have meant for past traffic."""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from apisentinel.pipeline.scan import Progress, scan
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.evidence import EntityRef, Incident

DAY_S = 86_400.0
MOST_LISTED = 1_000
"""Entities listed on each side, highest risk first."""


class Way(NamedTuple):
    """One way of judging.

    Attributes:
        settings: Rules, weights, limits, bundle.
        threshold: Risk from which on an incident is an alarm.
    """

    settings: ScanSettings
    threshold: int = 40


class Hit(msgspec.Struct, frozen=True):
    """An entity that is told of in one way or both.

    Attributes:
        before, after: Highest risk of its incidents in each way; 0 where there is none.
        confirmed: People have judged an incident of it true (True) or false (False).
    """

    kind: str
    id: str
    before: int
    after: int
    attack_types: tuple[str, ...]
    reason: str
    confirmed: bool | None = None


class Side(msgspec.Struct, frozen=True):
    """Alarms of one way."""

    incidents: int
    alarms: int
    alarms_per_day: float
    entities: int
    requests: int


class Comparison(msgspec.Struct, frozen=True):
    """What changes between two ways.

    Attributes:
        gained: Told of only in the second way.
        lost: Told of only in the first way.
        kept: Number of entities told of in both.
        confirmed_lost: Of `lost`, those that people have confirmed.
        false_lost: Of `lost`, those that people have judged false.
    """

    days: float
    requests: int
    first: Side
    second: Side
    gained: tuple[Hit, ...]
    lost: tuple[Hit, ...]
    kept: int
    confirmed_lost: int
    false_lost: int


def backtest(
    paths: Sequence[str],
    first: Way,
    second: Way,
    *,
    verdicts: Mapping[EntityRef, bool] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Comparison | None:
    """Judges the same traffic in two ways and compares the alarms.

    Args:
        paths: Files, folders, globs.
        first: How it is judged now.
        second: How it would be judged.
        verdicts: What people said of entities: True for a confirmed attacker.
        on_progress: Called after each block of both passes.
        stop: When set, nothing is compared.

    Returns:
        The comparison, None when it was stopped.

    Raises:
        SourceError: An input cannot be found or opened.
        ModelError: A bundle cannot be used.
    """
    told = []
    requests, seconds = 0, 0.0
    for way in (first, second):
        done = scan(list(paths), way.settings, on_progress=on_progress, stop=stop)
        if stop is not None and stop.is_set():
            return None
        told.append([item for item in done.report.incidents if item.risk >= 0])
        requests = done.report.totals.requests
        timeline = done.engine.timeline
        seconds = ((timeline.last or 0) - (timeline.first or 0)) / 1e6
    days = max(seconds / DAY_S, 1.0 / 24)
    return compare(told[0], told[1], first.threshold, second.threshold, days, requests, verdicts)


def compare(  # noqa: PLR0913, PLR0917 (two sides of two facts, and the period)
    before: Sequence[Incident],
    after: Sequence[Incident],
    first: int,
    second: int,
    days: float,
    requests: int,
    verdicts: Mapping[EntityRef, bool] | None = None,
) -> Comparison:
    """Compares the alarms of two ways; pure."""
    known = verdicts or {}
    one, other = (
        _entities(before, first), _entities(after, second),
    )  # fmt: skip
    all_before, all_after = _entities(before, 0), _entities(after, 0)

    def hit(ref: EntityRef, item: Incident) -> Hit:
        risks = (all_before.get(ref), all_after.get(ref))
        was, now = (0 if each is None else each.risk for each in risks)
        types = tuple(kind.value for kind in item.attack_types)
        return Hit(ref.kind, ref.id, was, now, types, item.reason, known.get(ref))

    gained = [hit(ref, other[ref]) for ref in sorted(other.keys() - one.keys())]
    lost = [hit(ref, one[ref]) for ref in sorted(one.keys() - other.keys())]
    gained.sort(key=lambda item: -item.after)
    lost.sort(key=lambda item: -item.before)
    return Comparison(
        days=round(days, 4),
        requests=requests,
        first=_side(before, first, days),
        second=_side(after, second, days),
        gained=tuple(gained[:MOST_LISTED]),
        lost=tuple(lost[:MOST_LISTED]),
        kept=len(one.keys() & other.keys()),
        confirmed_lost=sum(item.confirmed is True for item in lost),
        false_lost=sum(item.confirmed is False for item in lost),
    )


def _entities(incidents: Sequence[Incident], threshold: int) -> dict[EntityRef, Incident]:
    """The strongest alarm of each entity."""
    out: dict[EntityRef, Incident] = {}
    for item in incidents:
        if item.risk >= threshold:
            for ref in item.entities:
                if ref not in out or out[ref].risk < item.risk:
                    out[ref] = item
    return out


def _side(incidents: Sequence[Incident], threshold: int, days: float) -> Side:
    alarms = [item for item in incidents if item.risk >= threshold]
    return Side(
        incidents=len(incidents),
        alarms=len(alarms),
        alarms_per_day=round(len(alarms) / days, 3),
        entities=len(_entities(incidents, threshold)),
        requests=sum(item.requests for item in alarms),
    )
