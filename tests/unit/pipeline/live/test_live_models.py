"""A running service takes over what the registry names, watches it, and finds its way back."""

import json

import numpy as np
import pytest
from tests.unit.pipeline.live.live_traffic import SMALL, requests

from apisentinel.clock import SystemClock
from apisentinel.detectors.anomaly import Judged
from apisentinel.errors import ModelError
from apisentinel.models.drift import LEAST_ROWS, PSI_CHANGE, Reference
from apisentinel.models.pool import Judgement
from apisentinel.pipeline.learned_profile import ProfileLearner
from apisentinel.pipeline.learning import TrainSettings, train
from apisentinel.pipeline.live import models
from apisentinel.pipeline.live.models import MEDIUM_RANK, ModelKeeper, Monitor, bins_of
from apisentinel.pipeline.live.retrain import AUTHOR, PROMOTE_EVERY, UNPROVED
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
        assert UNPROVED in state.history[-1].why  # twenty minutes are too short for the self-test
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


@pytest.fixture
def with_shadow(tmp_path, trained):
    """A service with an active bundle and a shadow of its own, and a clock that can be moved."""
    bundle, settings = trained
    clock = MovedClock()
    runtime = RuntimeSettings(retrain=RetrainSettings(promote=True, shadow_hours=2))
    service = Service(
        ServiceSettings(data_dir=tmp_path / "data", detection=settings, runtime=runtime), clock
    )
    service.start()
    try:
        registry = service.models.registry
        log = tmp_path / "log.ndjson"
        log.write_text("".join(json.dumps(row) + "\n" for row in requests(900, seed=8)))
        other, training = tmp_path / "other", TrainSettings(trials=0)
        learner = ProfileLearner(settings, training)
        train([str(log)], other, settings, training, clock, learners=[learner])
        active, shadow = registry.add(bundle, "me"), registry.add(other, AUTHOR)
        registry.activate(active.id, "me")
        registry.shadow(shadow.id, AUTHOR, "finds 3 of 3")
        service.models.monitor.shadow_id = shadow.id
        yield service, clock, active.id, shadow.id
    finally:
        service.stop()


class MovedClock(SystemClock):
    """The clock of the system, hours ahead."""

    ahead = 0.0

    def now(self):
        return super().now() + round(self.ahead * 3_600_000_000)


def state_after_a_minute(service, bundle):
    for _ in range(PROMOTE_EVERY):
        service.retrainer.tick()
    return service.models.registry.entry(bundle).state


def test_a_shadow_that_agrees_judges_when_its_time_is_over(with_shadow):
    service, clock, active, shadow = with_shadow
    np.fill_diagonal(service.models.monitor.joint, 1_000.0)
    clock.ahead = 1.9
    assert state_after_a_minute(service, shadow) == "shadow"
    clock.ahead = 2.1
    assert state_after_a_minute(service, shadow) == "active"
    assert service.models.registry.entry(active).state == "retired"
    last = service.models.registry.read().history[-1]
    assert (last.by, last.before) == (AUTHOR, active)
    assert "rank correlation 1.00" in last.why


def test_a_shadow_that_would_raise_more_steps_down(with_shadow):
    service, clock, active, shadow = with_shadow
    np.fill_diagonal(service.models.monitor.joint, 1_000.0)
    service.models.monitor.joint[0, MEDIUM_RANK] = 90_000
    clock.ahead = 2.1
    assert state_after_a_minute(service, shadow) == "candidate"
    assert service.models.registry.entry(active).state == "active"
    assert "would raise too many" in service.models.registry.read().history[-1].why


@pytest.mark.parametrize("why", ["nothing was compared", "unproved"])
def test_a_shadow_without_proof_stays_one(with_shadow, why):
    service, clock, _, shadow = with_shadow
    if why == "unproved":
        np.fill_diagonal(service.models.monitor.joint, 1_000.0)
        service.models.registry.shadow(shadow, AUTHOR, f"{UNPROVED}: too short")
    clock.ahead = 2.1 + 2
    assert state_after_a_minute(service, shadow) == "shadow"


def test_a_stranger_s_shadow_is_left_alone(with_shadow):
    service, clock, _, shadow = with_shadow
    np.fill_diagonal(service.models.monitor.joint, 1_000.0)
    service.retrainer.settings = service.retrainer.settings.model_copy(update={"promote": False})
    clock.ahead = 9
    assert state_after_a_minute(service, shadow) == "shadow"


def test_a_training_that_needs_too_much_memory_is_ended_and_the_service_goes_on(tmp_path, trained):
    _, settings = trained
    service = started(tmp_path, settings)
    retrain = service.retrainer.settings.model_copy(update={"least_events": 100, "memory_mb": 64})
    service.retrainer.settings = retrain
    try:
        lines = "".join(json.dumps(row) + "\n" for row in requests(300, seed=3))
        assert service.door.submit_requests(lines.encode(), source="http").accepted == 300
        assert service.runtime.drain(30)
        assert service.event_writer.barrier(30)
        service.events.flush()
        retrain = retrain.model_copy(update={"days": 9_999})
        service.retrainer.settings = retrain
        service.retrainer.begin()
        service.retrainer._thread.join(60)
        assert "more than 64 MB" in service.retrainer.problem
        assert "runtime.retrain.memory_mb" in service.retrainer.problem
        assert not (tmp_path / "data" / "training").exists()
        assert service.models.registry.read().entries == ()
        lines = "".join(json.dumps(row) + "\n" for row in requests(300, seed=4))
        assert service.door.submit_requests(lines.encode(), source="http").accepted == 300
        assert service.runtime.drain(30)
    finally:
        service.stop()


def proof(tmp_path, retrainer, told, monkeypatch):
    """The decision when the self-test says these things of the old and the new bundle."""
    answers = iter(told)

    def run(what, arguments, minutes, memory_mb):
        del what, minutes, memory_mb
        answer = next(answers)
        if isinstance(answer, str):
            raise ModelError(answer)
        campaigns, found, alarms = answer
        document = {"total": {"campaigns": campaigns, "found": found}, "alarms": alarms}
        path = arguments[arguments.index("--json") + 1]
        (tmp_path / path).write_text(json.dumps(document))

    monkeypatch.setattr(retrainer._process, "run", run)
    return retrainer._proof(tmp_path)


@pytest.mark.parametrize(
    ("told", "may", "why"),
    [
        (((9, 8, 2), (9, 8, 2)), True, "finds 8 of 9"),
        (((9, 8, 2), (9, 5, 0)), False, "misses planted attacks"),
        (((9, 8, 2), (9, 9, 30)), False, "too many alarms"),
        (("less than half an hour", None), True, UNPROVED),
    ],
    ids=["as good", "poisoned", "noisy", "no proof"],
)
def test_a_new_bundle_has_to_find_what_the_old_one_finds(
    with_shadow, tmp_path, monkeypatch, told, may, why
):
    service, *_ = with_shadow
    decision = proof(tmp_path, service.retrainer, told, monkeypatch)
    assert decision.may is may
    assert why in decision.why
