"""Simulated worlds as ticks with the truth: what models are trained on and measured with."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.features import catalogue
from apisentinel.features.tick_trace import TOKENS
from apisentinel.models.tokens import TokenSessions
from apisentinel.models.training.fit import TrainingData
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.prepare import prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.tick_learner import monotone
from apisentinel.pipeline.tick_samples import TickSampler
from apisentinel.records.batch import MISSING, TEXT_INDEX, RequestBatch
from apisentinel.records.taxonomy import AttackType
from apisentinel.simulator import Simulation, plan

STRIPPED = (
    "user_id", "session_id", "credential_id", "headers", "request_body", "response_body", "tls_ja4",
)  # fmt: skip
"""What access logs do not have."""

SITE_BOUND = (
    "requests", "age", "hour_bits", "active_hours", "active_hours_peers", "bytes_10m", "cost_10m",
    "response_time",
)  # fmt: skip
"""Features whose absolute size belongs to a site; models that are to judge other sites do without
them.
"""

KIND_BOUND = (
    "asset_share", "api_share", "fresh_share", "fresh_10m", "endpoint_fresh_share", "endpoints",
    "endpoint_entropy", "sequence_entropy", "referer_share", "objects", "object_share",
    "walk_share", "walk_jump", "write_share", "size_spread", "gap", "repeat_share", "size_z",
    "time_z", "parameter_anomaly", "user_share", "agents",
)  # fmt: skip
"""Features whose usual values differ between kinds of sites. Models that are to judge other sites
see them against the site only (`catalogue.SITE`): they know the sites of the kinds that they
learned from as well as before, and those of other kinds much better.
"""

CONTENT_BOUND = ("marked_share",)
"""Features that repeat what rules say of contents. Models that use them raise those for whom a rule
has spoken already, twice for one reason.
"""

CONTENT_TYPES = tuple(AttackType)[: tuple(AttackType).index(AttackType.PROTOCOL) + 1]
"""Attacks that are in the content of requests: rules find them, and apart from their contents their
ticks look like those of others.
"""
BEHAVIOUR = ",".join(
    kind.value
    for kind in AttackType
    if kind not in CONTENT_TYPES and kind not in {AttackType.ANOMALY, AttackType.SCANNING}
)
"""Attacks that are in the behaviour, as the simulator takes them."""

YOUNG_EACH = 8
"""Of so many entities one is shown as on a site where nothing is usual yet: small and young sites
have too few entities to compare with, and models have to judge there as well.
"""

_AGAINST_SITE = [catalogue.INDEX[item.name] for item in catalogue.AGAINST_SITE]
_MIX = 0x9E3779B97F4A7C15


class World(NamedTuple):
    """One simulation.

    Attributes:
        profile: As `simulator.plan` takes it.
        attacks: Types of campaigns, None for all.
        stripped: Without what access logs do not have.
        hours, rate: How long, and how many honest requests a second.
    """

    profile: str
    attacks: str | None = None
    stripped: bool = False
    hours: float = 10.0
    rate: float = 2.0


class WorldTicks(NamedTuple):
    """Ticks of a world, in order.

    Attributes:
        features: float32 ``(n_ticks, features)``.
        rows: `tick_record.TICK` ``(n_ticks,)``.
        campaign: int64 ``(n_ticks,)``: number of the campaign that the request of a tick belongs
            to, -1 for an honest one.
        types, variants: Of each campaign.
        benign: Number of honest requests.
        tokens, offsets: Words of honest sessions, for the sequence models.
    """

    features: npt.NDArray[np.float32]
    rows: npt.NDArray[Any]
    campaign: npt.NDArray[np.int64]
    types: tuple[AttackType, ...]
    variants: tuple[str, ...]
    benign: int
    tokens: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]


def ticks_of(world: World, seed: int, *, most: int | None = None) -> WorldTicks:
    """Simulates a world and gives its ticks.

    Args:
        world: What is simulated.
        seed: Of the simulation and of what is kept.
        most: Ticks kept, drawn as training draws them; None keeps all.

    Raises:
        ConfigError: The simulation cannot be planned.
    """
    settings = ScanSettings()
    detector, watch = PayloadDetector(), Stopwatch()
    enricher = Enricher(settings.enrichment)
    engine = Engine(settings, enricher, detector)
    simulation = Simulation(
        plan(world.hours, world.rate, profile=world.profile, attacks=world.attacks, seed=seed)
    )
    sampler = TickSampler(seed, most=most or 1 << 40, most_tokens=60_000)
    every: list[tuple[npt.NDArray[np.float32], npt.NDArray[Any], npt.NDArray[np.float64]]] = []
    for block in simulation.blocks():
        parsed = parse_requests(block.text)
        batch = parsed.batch
        if world.stripped:
            strip(batch)
        counted = engine.count(prepare(batch, enricher, detector, watch))
        ticks = counted.ticks
        if ticks is None:
            continue
        campaign = block.campaign[parsed.row >= 0][ticks.rows["row"]].astype(np.float64)
        sessions, clients = (
            np.ascontiguousarray(counted.events[name]) for name in ("session", "client")
        )
        sampler.add(ticks, campaign, sessions, clients)
        if most is None:
            every.append((ticks.features, ticks.rows, campaign))
    if most is None:
        features, rows, told = (np.concatenate(part) for part in zip(*every, strict=True))
    else:
        features, rows, told = sampler.sample()
    tokens, offsets = sampler.sessions(frozenset(rows["key"][told >= 0].tolist()))
    campaigns = simulation.campaigns
    return WorldTicks(
        features, rows, told.astype(np.int64),
        tuple(AttackType(item.type) for item in campaigns),
        tuple(item.variant for item in campaigns),
        simulation.lines - simulation.attacks, tokens, offsets,
    )  # fmt: skip


def strip(batch: RequestBatch) -> None:
    """Takes out of requests what access logs do not have."""
    for name in STRIPPED:
        batch.spans[TEXT_INDEX[name]] = -1
    batch.numbers["duration_us"][:] = MISSING
    batch.numbers["request_bytes"][:] = MISSING


def training_data(
    worlds: Sequence[World], seed: int, *, most: int = 60_000
) -> tuple[TrainingData, list[int]]:
    """What models that are to judge any site learn from, and the ticks of each world.

    Ticks of attacks in contents are left out, and features that belong to a site, to a kind of
    sites or to a content are missing.

    Args:
        worlds: Each has the next seed.
        seed: Of the first.
        most: Ticks of one world.
    """
    parts = list(_labelled(worlds, seed, most))
    tables, labels, groups, tokens, ends = zip(*parts, strict=True)
    table = np.concatenate(tables)
    for name in (*SITE_BOUND, *KIND_BOUND, *CONTENT_BOUND):
        table[:, catalogue.INDEX[name]] = np.nan
    starts = np.cumsum([0, *(len(part) for part in tokens)])
    offsets = [part[1:] + start for part, start in zip(ends, starts, strict=False)]
    joined = np.concatenate([np.zeros(1, np.int64), *offsets])
    data = TrainingData(
        table=table,
        feature_names=catalogue.NAMES,
        labels=np.concatenate(labels),
        groups=np.concatenate(groups),
        monotone=monotone(),
        sessions=TokenSessions(np.concatenate(tokens) + np.int32(1), joined, TOKENS + 1),
    )
    return data, [len(part) for part in tables]


def _labelled(
    worlds: Sequence[World], seed: int, most: int
) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """Table, labels, entities, tokens and ends of the sessions of each world."""
    for number, world in enumerate(worlds):
        told = ticks_of(world, seed + number, most=most)
        content = [i for i, kind in enumerate(told.types) if kind in CONTENT_TYPES]
        kept = ~np.isin(told.campaign, content)
        # equal keys in two worlds are two entities
        keys = told.rows["key"][kept] ^ np.uint64(number * _MIX & (2**64 - 1))
        labels = (told.campaign[kept] >= 0).astype(np.float64)
        features = told.features[kept]
        features[np.ix_(keys % np.uint64(YOUNG_EACH) == 0, _AGAINST_SITE)] = np.nan
        yield features, labels, keys.astype(np.int64), told.tokens, told.offsets
