"""The benchmark: simulated sites with planted campaigns, and the same sites left in peace."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import Any

import msgspec
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from apisentinel.enrichment import Enricher
from apisentinel.evaluation.matching import Outcome, Planted, Told, about, outcome_of
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.learned import learned_for, payload_detector, scorer_of
from apisentinel.pipeline.prepare import prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.summary import Summary
from apisentinel.records.evidence import Incident
from apisentinel.records.taxonomy import AttackType
from apisentinel.simulator import VARIANTS, Simulation, plan

MEDIUM = 40


class Benchmark(BaseModel):
    """What is simulated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seeds: tuple[int, ...] = Field(default=(1, 2, 3), min_length=1, max_length=100)
    hours: float = Field(default=24.0, gt=0, le=24 * 14, description="Length of each simulation.")
    rate: float = Field(default=2.0, gt=0, le=1_000, description="Honest requests per second.")
    attacks: str | None = Field(default=None, description="Attack types; None for all.")


class Group(msgspec.Struct, frozen=True):
    """Campaigns that have something in common.

    Attributes:
        low, high: Wilson interval (95 %) of the share that was found.
        seconds, until_alert: Medians over those that were found.
    """

    name: str
    campaigns: int
    found: int
    right_type: int
    low: float
    high: float
    seconds: float | None
    until_alert: float | None


class Scoreboard(msgspec.Struct, frozen=True):
    """What came of a benchmark.

    Attributes:
        benign: Honest requests.
        false_incidents: Incidents of MEDIUM or more about no campaign, with attacks in the traffic.
        quiet_benign, quiet_incidents: The same without any attack.
    """

    parameters: dict[str, Any]
    variants: tuple[Group, ...]
    types: tuple[Group, ...]
    total: Group
    benign: int
    false_incidents: int
    quiet_benign: int
    quiet_incidents: int
    outcomes: tuple[Outcome, ...] = ()
    false_reasons: tuple[str, ...] = ()

    @property
    def false_per_million(self) -> float:
        """False incidents in a million honest requests, attacked and quiet traffic together."""
        requests = self.benign + self.quiet_benign
        return 1e6 * (self.false_incidents + self.quiet_incidents) / max(1, requests)


REASONS_KEPT = 200


def evaluate(
    settings: ScanSettings,
    wanted: Benchmark,
    on_step: Callable[[str, float], None] = lambda _name, _share: None,
) -> Scoreboard:
    """Simulates, judges, and compares with the truth.

    Equal settings and seeds give equal results.

    Args:
        settings: How the traffic is judged.
        wanted: What is simulated.
        on_step: Called with what is being done and the share that is done.

    Raises:
        ConfigError: The simulation cannot be planned.
        ModelError: The bundle of the settings cannot be used.
    """
    outcomes: list[Outcome] = []
    reasons: list[str] = []
    benign = false = quiet_benign = quiet_false = 0
    steps = 2 * len(wanted.seeds)
    for number, seed in enumerate(wanted.seeds):
        on_step(f"seed {seed}, attacked", 2 * number / steps)
        simulation = _simulation(wanted, seed, wanted.attacks)
        told, planted = _run(settings, simulation)
        used: set[str] = set()
        for campaign in planted:
            matched = about(campaign, told)
            used |= {item.incident.id for item in matched}
            outcomes.append(outcome_of(campaign, matched, seed))
        wrong = [item.incident for item in told if item.incident.id not in used]
        false += len(wrong)
        benign += simulation.lines - simulation.attacks
        on_step(f"seed {seed}, quiet", (2 * number + 1) / steps)
        simulation = _simulation(wanted, seed, "none")
        quiet, _ = _run(settings, simulation)
        quiet_false += len(quiet)
        quiet_benign += simulation.lines
        wrong += [item.incident for item in quiet]
        reasons += [f"{item.risk} {item.reason}" for item in wrong]
    return Scoreboard(
        parameters=wanted.model_dump(mode="json"),
        variants=tuple(_groups(outcomes, "variant", VARIANTS)),
        types=tuple(_groups(outcomes, "type", [kind.value for kind in AttackType])),
        total=group("all", outcomes),
        benign=benign,
        false_incidents=false,
        quiet_benign=quiet_benign,
        quiet_incidents=quiet_false,
        outcomes=tuple(outcomes),
        false_reasons=tuple(reasons[:REASONS_KEPT]),
    )


def _simulation(wanted: Benchmark, seed: int, attacks: str | None) -> Simulation:
    return Simulation(plan(wanted.hours, wanted.rate, attacks=attacks, seed=seed))


def _run(settings: ScanSettings, simulation: Simulation) -> tuple[list[Told], list[Planted]]:
    """Judges a simulation; gives its alarms and its campaigns."""
    watch = Stopwatch()
    enricher = Enricher(settings.enrichment, trusted_hops=settings.trusted_hops)
    detector = payload_detector(settings)
    learned = learned_for(settings)
    scorer = scorer_of(learned)
    engine = Engine(settings, enricher, detector, watch, learned)
    moments: dict[int, list[int]] = {}
    places: dict[int, set[str]] = {}
    for block in simulation.blocks():
        parsed = parse_requests(block.text)
        prepared = prepare(parsed.batch, enricher, detector, watch, scorer)
        engine.advance(prepared)
        ts = parsed.batch.numbers["ts"]
        for row in np.flatnonzero(block.campaign >= 0).tolist():
            campaign = int(block.campaign[row])
            moments.setdefault(campaign, []).append(int(ts[row]))
            label = enricher.endpoint_label(parsed.batch, row)
            if label is not None:
                places.setdefault(campaign, set()).add(label)
    planted = [
        Planted(
            id=campaign.id,
            type=AttackType(campaign.type),
            variant=campaign.variant,
            actors=frozenset(name for _, name in campaign.actors),
            endpoints=frozenset(places.get(number, ())),
            moments=sorted(moments[number]),
        )
        for number, campaign in enumerate(simulation.campaigns)
        if number in moments
    ]
    return list(told_of(Summary(engine).incidents())), planted


def told_of(incidents: Iterator[Incident] | Sequence[Incident]) -> Iterator[Told]:
    """Incidents of MEDIUM or more with their times in µs."""
    for item in incidents:
        if item.risk >= MEDIUM and item.first_ts and item.last_ts:
            alert = item.alert_ts or item.first_ts
            yield Told(item, _micros(item.first_ts), _micros(item.last_ts), _micros(alert))


def _micros(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1e6)


def _groups(outcomes: Sequence[Outcome], what: str, order: Sequence[str]) -> Iterator[Group]:
    for name in order:
        some = [item for item in outcomes if getattr(item, what) == name]
        if some:
            yield group(name, some)


def group(name: str, outcomes: Sequence[Outcome]) -> Group:
    """Figures over some campaigns."""
    found = [item for item in outcomes if item.found]
    low, high = wilson(len(found), len(outcomes))
    return Group(
        name=name,
        campaigns=len(outcomes),
        found=len(found),
        right_type=sum(item.right_type for item in outcomes),
        low=round(low, 4),
        high=round(high, 4),
        seconds=_median([item.seconds for item in found]),
        until_alert=_median([item.until_alert for item in found]),
    )


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson score interval of a share (E. B. Wilson, JASA 1927).

    Example:
        >>> [round(x, 3) for x in wilson(9, 10)]
        [0.596, 0.982]
    """
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = share + z * z / (2 * of)
    spread = z * ((share * (1 - share) + z * z / (4 * of)) / of) ** 0.5
    whole = 1 + z * z / of
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)
