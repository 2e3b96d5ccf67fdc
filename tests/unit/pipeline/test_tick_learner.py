"""What the ensemble learns from: bounded, drawn by a hash, labelled by what rules found."""

import itertools

import numpy as np
import pytest
from tests.unit.pipeline.live.live_traffic import SMALL, batch_of, requests

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.features.catalogue import FEATURES, INDEX, NAMES
from apisentinel.features.tick_record import TICK
from apisentinel.features.tick_state import Ticks
from apisentinel.pipeline.engine import Counted, Engine
from apisentinel.pipeline.learning import Judged, TrainSettings
from apisentinel.pipeline.prepare import prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.tick_learner import (
    ATTACK_LABEL,
    EnsembleLearner,
    monotone,
    pseudo_labels,
    rule_risks,
)
from apisentinel.pipeline.tick_samples import UNKNOWN, TickSampler
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType


def ticks_of(count: int, seed: int = 1) -> Ticks:
    rng = np.random.default_rng(seed)
    rows = np.zeros(count, TICK)
    rows["row"] = np.arange(count)
    rows["key"] = rng.integers(1, 1 << 62, count)
    rows["n"] = rng.integers(4, 2_000, count)
    rows["ts"] = np.arange(count)
    features = rng.normal(size=(count, len(NAMES))).astype(np.float32)
    tokens = rng.integers(-1, 50, count).astype(np.int32)
    none = np.zeros(count, np.int32)
    return Ticks(rows, features, none, tokens, none.astype(np.uint8))


def sampled(cuts: list[int], seed: int = 3) -> TickSampler:
    ticks = ticks_of(900)
    sampler = TickSampler(seed, most=100, most_tokens=200)
    sessions = (np.arange(900, dtype=np.uint64) * 7) % 40 + 1
    edges = [0, *cuts, 900]
    for a, b in itertools.pairwise(edges):
        part = Ticks(ticks.rows[a:b], ticks.features[a:b], *(c[a:b] for c in ticks[2:]))
        sampler.add(part, np.full(b - a, UNKNOWN), sessions[a:b], sessions[a:b] % 5)
    return sampler


@pytest.mark.parametrize("cuts", [[100], [1, 2, 450], [899]])
def test_what_is_kept_does_not_depend_on_blocks(cuts: list[int]) -> None:
    whole, parts = sampled([]), sampled(cuts)
    assert whole.sample().rows.tobytes() == parts.sample().rows.tobytes()
    assert whole.sample().features.tobytes() == parts.sample().features.tobytes()
    for a, b in zip(whole.sessions(), parts.sessions(), strict=True):
        assert a.tobytes() == b.tobytes()


def test_a_sample_is_bounded_in_order_and_of_its_seed() -> None:
    sample = sampled([]).sample()
    assert len(sample.labels) == 100
    assert (np.diff(sample.rows["ts"]) > 0).all()
    assert sample.rows.tobytes() != sampled([], seed=4).sample().rows.tobytes()


def test_sessions_are_kept_whole_and_without_those_left_out() -> None:
    tokens, offsets = sampled([300]).sessions()
    assert 0 < len(tokens) <= 200
    assert offsets[0] == 0
    assert offsets[-1] == len(tokens)
    assert (np.diff(offsets) >= 4).all()
    all_clients = frozenset(range(5))
    assert len(sampled([]).sessions(all_clients)[0]) == 0


def test_a_busy_entity_is_thinned() -> None:
    ticks = ticks_of(2_000)
    ticks.rows["key"] = 5
    ticks.rows["n"] = 8 * np.arange(1, 2_001)
    sampler = TickSampler(1)
    keys = np.ones(2_000, np.uint64)
    sampler.add(ticks, np.zeros(2_000), keys, keys)
    assert 64 + 150 < len(sampler.sample().labels) < 64 + 350


def test_pseudo_labels_are_what_rules_found_in_the_end() -> None:
    rows = np.zeros(6, TICK)
    rows["key"] = [1, 1, 2, 3, 4, 5]
    rows["parent"] = [1, 1, 2, 3, 1, 5]
    rows["kind"] = [0, 0, 0, 0, 1, 0]
    rows["ts"] = [10, 30, 30, 30, 30, 30]
    risks = {("client", 1): (70.0, 20), ("client", 2): (45.0, 0)}
    given = np.array([UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, 1.0])
    told = pseudo_labels(rows, given, risks)
    assert np.isnan(told[[0, 2]]).all()  # before the evidence; suspected only
    assert told[[1, 3, 4, 5]].tolist() == [ATTACK_LABEL, 0.0, ATTACK_LABEL, 1.0]


def test_models_do_not_teach_themselves() -> None:
    engine = Engine(SMALL, Enricher(SMALL.enrichment), None)
    case = engine.cases.ledger.open(("client", 1), EntityRef("client", "192.0.2.1"), 5)
    said = Evidence("ensemble", AttackType.ANOMALY, 6.9)
    engine.cases.ledger.add(case, said, "ensemble", 5, 1)
    assert case.risk > 40
    risk, since = rule_risks(engine)["client", 1]
    assert risk < 15
    assert since == 5


def test_monotone_features_are_those_of_the_catalogue() -> None:
    assert monotone()[INDEX["login_failed_share"]] == 1
    assert monotone().sum() == sum(item.higher for item in FEATURES)


def test_too_little_traffic_gives_no_ensemble_and_says_so() -> None:
    learner = EnsembleLearner(SMALL, TrainSettings(trials=0))
    engine = Engine(SMALL, Enricher(SMALL.enrichment), None)
    assert learner.finish(engine, lambda _: None) == {}
    assert learner.about() == {"ticks": 0, "left_out": "too few ticks"}


def test_models_switched_off_make_no_ticks() -> None:
    settings = ScanSettings(models=False, state=SMALL.state)
    detector = PayloadDetector()
    enricher = Enricher(settings.enrichment)
    engine = Engine(settings, enricher, detector)
    block = prepare(batch_of(requests(50)), enricher, detector, Stopwatch())
    counted = engine.count(block)
    assert counted.ticks is None
    assert engine.anomaly is None
    EnsembleLearner(settings, TrainSettings()).observe(Judged(counted, engine.judge(counted)))


def test_the_engine_counts_ticks_for_the_learner() -> None:
    detector, enricher = PayloadDetector(), Enricher(SMALL.enrichment)
    engine = Engine(SMALL, enricher, detector)
    learner = EnsembleLearner(SMALL, TrainSettings())
    counted = engine.count(prepare(batch_of(requests(400)), enricher, detector, Stopwatch()))
    assert isinstance(counted, Counted)
    learner.observe(Judged(counted, engine.judge(counted)))
    assert counted.ticks is not None
    assert learner._sampler.seen == len(counted.ticks.rows) > 0
