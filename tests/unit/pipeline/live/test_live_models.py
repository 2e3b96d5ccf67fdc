"""A running service takes over what the registry names, watches it, and finds its way back."""

import json

import numpy as np
import pytest
from tests.unit.pipeline.live.live_traffic import SMALL, requests

from apisentinel.clock import SystemClock
from apisentinel.detectors.anomaly import Judged
from apisentinel.models.drift import LEAST_ROWS, PSI_CHANGE, Reference
from apisentinel.models.pool import Judgement
from apisentinel.pipeline.learned_profile import ProfileLearner
from apisentinel.pipeline.learning import TrainSettings, train
from apisentinel.pipeline.live import models
from apisentinel.pipeline.live.models import ModelKeeper, Monitor, bins_of
from apisentinel.pipeline.live.settings import RetrainSettings, RuntimeSettings
from apisentinel.pipeline.registry import Registry, open_registry
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.service_settings import ServiceSettings


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A bundle with a profile, and the settings that trust it."""
    folder = tmp_path_factory.mktemp("training")
    log = folder / "log.ndjson"
    log.write_text("".join(json.dumps(row) + "\n" for row in requests(1_500)))
    settings = SMALL.model_copy(update={"trust": folder / "trust"})
    training = TrainSettings(trials=0)
    learner = ProfileLearner(settings, training)
    train([str(log)], folder / "bundle", settings, training, SystemClock(), learners=[learner])
    return folder / "bundle", settings


def started(tmp_path, settings):
    service = Service(ServiceSettings(data_dir=tmp_path / "data", detection=settings))
    service.start()
    return service


def renew(service):
    for _ in range(models.LOOK_EVERY):
        service.renew_models()


def test_a_bundle_is_taken_over_and_given_back_while_the_service_runs(tmp_path, trained):
    bundle, settings = trained
    service = started(tmp_path, settings)
    try:
        assert service.runtime.live.scorer is None
        registry = open_registry(tmp_path / "data", settings.trust, SystemClock())
        entry = registry.add(bundle, "another process")
        registry.activate(entry.id, "another process")
        renew(service)
        live = service.runtime.live
        assert live.scorer is not None
        assert live.detection.model == registry.place(entry)
        assert service.models.monitor.bundle_id == entry.id
        lines = "".join(json.dumps(row) + "\n" for row in requests(200, seed=2))
        assert service.door.submit_requests(lines.encode(), source="http").accepted == 200
        assert service.runtime.drain(30)
    finally:
        service.stop()
    service = started(tmp_path, settings)
    try:
        assert service.runtime.live.scorer is not None  # also after a restart
        service.models.registry.rollback("me")
        renew(service)
        assert service.runtime.live.scorer is None
        assert service.models.problem == ""
    finally:
        service.stop()


def test_a_bundle_that_was_changed_does_not_judge(tmp_path, trained):
    bundle, settings = trained
    registry = open_registry(tmp_path / "data", settings.trust, SystemClock())
    entry = registry.add(bundle, "me")
    registry.activate(entry.id, "me")
    part = next(registry.place(entry).rglob("*.safetensors"))
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    service = started(tmp_path, settings)
    try:
        assert service.runtime.live.scorer is None
        assert "not what was signed" in service.models.problem
    finally:
        service.stop()


def judged(odds):
    n = len(odds)
    nothing = np.zeros(n)
    judgement = Judgement(
        **{name: {} if name in ("p", "odds", "opinions") else nothing for name in Judgement._fields}
        | {"log10_odds": np.asarray(odds, float)}
    )
    return Judged(judgement, np.zeros((n, 3), np.float32), [])


class Ticks:
    rows = None
    features = np.zeros((1, 3), np.float32)


def test_scores_are_counted_by_point_of_risk():
    assert bins_of(np.array([-9.0, -4.0, 0.0, 2.0, 9.0, np.nan])).tolist() == [0, 0, 50, 75, 99, 0]
    monitor = Monitor(None, None)
    monitor.observe(Ticks(), judged([0.0, 0.0, -4.0]))
    assert monitor.share() == (pytest.approx(2 / 3), 3)
    told = monitor.told()
    assert told["scores"]["counts"][50] == 2
    assert told["shadow"] is None
    assert told["drift"] is None


class FakeRegistry:
    """Remembers what it is asked to do."""

    def __init__(self):
        self.rolled = []

    def rollback(self, by, why):
        self.rolled.append((by, why))

    def stamp(self):
        return 0, 0


def looks(keeper, monitor_before, monitor_after):
    keeper.monitor = monitor_before
    share, ticks = monitor_before.share()
    keeper._usual = share if ticks >= models.LEAST_TICKS else None
    keeper._usual_was = share
    keeper.monitor = monitor_after
    for _ in range(models.LOOK_EVERY):
        keeper.look()


def filled(high, quiet):
    monitor = Monitor(None, None)
    monitor.bundle_id = "b"
    monitor.scores[50] = high
    monitor.scores[10] = quiet
    return monitor


@pytest.mark.parametrize(
    ("before", "after", "goes_back"),
    [
        ((10, 9_990), (400, 9_600), True),
        ((10, 9_990), (20, 9_980), False),
        ((0, 10_000), (10, 9_990), False),
        ((10, 90), (5_000, 5_000), False),
        ((10, 9_990), (40, 60), False),
    ],
    ids=["runs away", "twice as many", "few at all", "little known before", "little known now"],
)
def test_a_bundle_that_finds_three_times_as_much_goes_back(before, after, goes_back):
    registry = FakeRegistry()
    keeper = ModelKeeper(registry, SMALL)
    looks(keeper, filled(*before), filled(*after))
    assert bool(registry.rolled) is goes_back
    looks_again = len(registry.rolled)
    for _ in range(4):
        keeper.look()
    assert len(registry.rolled) == looks_again  # once only


def test_drift_is_seen_when_there_is_enough_to_see():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(4_000, 2)).astype(np.float32)
    reference = Reference.from_bytes(Reference.of(rows).to_bytes())
    counts = reference.empty()
    reference.count(rows[: LEAST_ROWS - 1] + 5, counts)
    assert reference.psi(counts).tolist() == [0.0, 0.0]
    counts = reference.empty()
    moved = rng.normal(size=(4_000, 2)).astype(np.float32)
    moved[:, 1] += 1
    moved[::10, 0] = np.nan
    reference.count(moved, counts)
    psi = reference.psi(counts)
    assert psi[1] > PSI_CHANGE > 0.05
    assert reference.count(rows, same := reference.empty()) is None
    assert reference.psi(same).max() < 0.01


def test_a_registry_of_the_settings_is_pinned(tmp_path):
    registry = Registry(tmp_path, lambda: None, SystemClock(), lambda _: None)
    assert not ModelKeeper(registry, SMALL).is_pinned
    assert ModelKeeper(registry, SMALL.model_copy(update={"models": False})).is_pinned
    assert ModelKeeper(registry, SMALL.model_copy(update={"model": tmp_path})).is_pinned


@pytest.mark.slow
def test_the_service_learns_from_what_it_has_stored(tmp_path, trained):
    _, settings = trained
    runtime = RuntimeSettings(retrain=RetrainSettings(least_events=100, trials=0, days=9_999))
    service = Service(
        ServiceSettings(data_dir=tmp_path / "data", detection=settings, runtime=runtime)
    )
    service.start()
    try:
        lines = "".join(json.dumps(row) + "\n" for row in requests(1_200, seed=3))
        assert service.door.submit_requests(lines.encode(), source="http").accepted == 1_200
        assert service.runtime.drain(30)
        assert service.event_writer.barrier(30)
        service.events.flush()
        service.retrainer.tick()
        assert not service.retrainer.is_running  # nobody asked for it
        service.retrainer.begin()
        service.retrainer._thread.join(250)
        assert service.retrainer.problem == ""
        state = service.models.registry.read()
        entry = state.of_state("shadow")
        assert entry.added_by == "the service"
        assert "1,200 events" in state.history[-1].why
        assert not (tmp_path / "data" / "training").exists()
        service.models.registry.activate(entry.id, "me")
        renew(service)
        assert service.models.problem == ""
        monitor = service.models.monitor
        assert monitor.ensemble is not None
        assert monitor.told()["drift"]["rows"] == 0
        lines = "".join(json.dumps(row) + "\n" for row in requests(400, seed=4))
        assert service.door.submit_requests(lines.encode(), source="http").accepted == 400
        assert service.runtime.drain(30)
        assert monitor.told()["drift"]["rows"] == monitor.share()[1] > 0
    finally:
        service.stop()


def test_a_training_that_comes_to_nothing_says_why(tmp_path, trained):
    _, settings = trained
    service = started(tmp_path, settings)
    try:
        service.retrainer.begin()
        service.retrainer._thread.join(60)
        assert "too few" in service.retrainer.problem
        assert service.models.registry.read().entries == ()
    finally:
        service.stop()
