"""Degradation, recorder, checkpointer, gate, rates, histograms, incidents that grow and merge."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tests.unit.pipeline.live.live_traffic import SMALL, START_US, batch_of, requests

from apisentinel.clock import ManualClock
from apisentinel.errors import StoreError
from apisentinel.kernels.hashing import HashKey
from apisentinel.pipeline.live import checkpoint, checkpointer
from apisentinel.pipeline.live import entities as live_entities
from apisentinel.pipeline.live.checkpointer import STILL_S, Checkpointer
from apisentinel.pipeline.live.degradation import MEANING, Degradation, Level
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.gate import Gate
from apisentinel.pipeline.live.incidents import IncidentBook
from apisentinel.pipeline.live.metrics import Histogram
from apisentinel.pipeline.live.rates import Rates
from apisentinel.pipeline.live.recorder import Recorder
from apisentinel.pipeline.live.settings import DegradationSettings, RuntimeSettings


class TestDegradation:
    def test_it_rises_at_once_and_falls_step_by_step(self) -> None:
        load = Degradation(DegradationSettings(hold_s=5))
        assert load.update(0.1, 0, 0) is Level.NORMAL
        assert load.update(12, 0, 1) is Level.SAMPLED
        assert load.update(0, 0, 2) is Level.SAMPLED
        assert load.update(0, 0, 6.9) is Level.SAMPLED
        assert load.update(0, 0, 7) is Level.SPARSE
        assert load.update(0, 0, 11) is Level.SPARSE
        assert load.update(0, 0, 12) is Level.COARSE
        assert load.update(0, 0, 17) is Level.NORMAL
        assert load.entered[Level.SAMPLED] == 1
        assert load.seconds[Level.SAMPLED] == 6
        assert int(load) == 0

    @pytest.mark.parametrize(
        ("lag", "queue", "level"), [(0.9, 0, 0), (1, 0, 1), (3, 0, 2), (0, 0.8, 2), (10, 0, 3)]
    )
    def test_each_level_has_its_cause(self, lag, queue, level) -> None:
        assert Degradation(DegradationSettings()).update(lag, queue, 0) == level

    @pytest.mark.parametrize("level", list(Level))
    def test_each_level_can_be_forced(self, level) -> None:
        load = Degradation(DegradationSettings(force=int(level)))
        assert load.level is level
        assert load.update(100, 1, 0) is level
        assert MEANING[level]

    def test_trouble_while_calming_starts_the_wait_anew(self) -> None:
        load = Degradation(DegradationSettings(hold_s=5))
        load.update(2, 0, 0)
        load.update(0, 0, 1)
        load.update(2, 0, 4)
        load.update(0, 0, 5)
        assert load.update(0, 0, 9) is Level.COARSE
        assert load.update(0, 0, 10) is Level.NORMAL

    def test_limits_must_rise(self) -> None:
        with pytest.raises(ValueError, match="must rise"):
            DegradationSettings(coarse_lag_s=5, sparse_lag_s=2)


class FlakyStore:
    """Refuses a number of times, then keeps."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.alerts: list[Any] = []
        self.incidents: dict[str, Any] = {}
        self.entered = threading.Event()
        self.let_go = threading.Event()
        self.let_go.set()

    def put_alerts(self, alerts: Sequence[Any]) -> None:
        self.entered.set()
        self.let_go.wait(10)
        if self.refusals:
            self.refusals -= 1
            raise StoreError("disk full")
        self.alerts += alerts

    def put_incidents(self, incidents: Sequence[Any]) -> None:
        for document in incidents:
            self.incidents[document["id"]] = document


class TestRecorder:
    def test_it_keeps_the_order_and_the_newest_form(self) -> None:
        store = FlakyStore()
        recorder = Recorder(store)
        store.let_go.clear()
        recorder.submit([1], [])
        assert store.entered.wait(10)
        recorder.submit([2], [{"id": "a", "risk": 1}])
        recorder.submit([3], [{"id": "a", "risk": 2}, {"id": "b", "merged_into": "a"}])
        assert not recorder.barrier(0)
        store.let_go.set()
        assert recorder.barrier(10)
        assert store.alerts == [1, 2, 3]
        assert store.incidents == {
            "a": {"id": "a", "risk": 2},
            "b": {"id": "b", "merged_into": "a"},
        }
        recorder.close()
        assert not recorder.is_alive

    def test_what_the_disk_refuses_is_tried_again(self, monkeypatch) -> None:
        monkeypatch.setattr("apisentinel.pipeline.live.recorder.RETRY_S", 0.001)
        store = FlakyStore(refusals=3)
        recorder = Recorder(store)
        recorder.submit([1, 2], [{"id": "a"}])
        assert recorder.barrier(10)
        assert store.alerts == [1, 2]
        assert recorder.problem == ""
        recorder.close()

    def test_a_barrier_does_not_pass_while_the_disk_refuses(self, monkeypatch) -> None:
        monkeypatch.setattr("apisentinel.pipeline.live.recorder.RETRY_S", 0.001)
        recorder = Recorder(FlakyStore(refusals=1 << 30))
        recorder.submit([1], [])
        assert not recorder.barrier(0.05)
        assert recorder.problem == "disk full"
        recorder.close()
        assert not recorder.is_alive


class SlowJournal:
    """Keeps checkpoints; may refuse."""

    def __init__(self) -> None:
        self.saved: list[int] = []
        self.trimmed: list[int] = []
        self.refuses = False

    def save_checkpoint(self, offset: int, parts: Any) -> None:
        if self.refuses:
            raise StoreError("disk full")
        self.saved.append(offset)

    def trim(self, keep_after_offset: int) -> int:
        self.trimmed.append(keep_after_offset)
        return 0


class TestCheckpointer:
    def make(self, *, barrier: bool = True) -> tuple[Checkpointer, SlowJournal, ManualClock]:
        journal, clock = SlowJournal(), ManualClock()
        settings = RuntimeSettings(checkpoint_seconds=10, checkpoint_events=1000)
        saver = Checkpointer(journal, settings, clock, lambda _: barrier)
        return saver, journal, clock

    def captured(self, offset: int) -> Callable[[], checkpoint.Captured]:
        return lambda: checkpoint.Captured(offset, b"", b"", {}, {})

    def test_it_is_due_after_time_or_requests_when_there_is_something_new(self) -> None:
        saver, _, clock = self.make()
        assert not saver.is_due(1, 10)
        assert saver.is_due(1, 1000)
        clock.advance(10)
        assert saver.is_due(1, 10)
        assert not saver.is_due(0, 10)

    def test_large_states_are_saved_less_often(self) -> None:
        saver, _, clock = self.make()
        saver.seconds = 3.0
        clock.advance(59)
        assert not saver.is_due(1, 10)
        clock.advance(1)
        assert saver.is_due(1, 10)

    def test_an_idle_judge_saves_what_would_take_long_to_judge_again(self, monkeypatch) -> None:
        monkeypatch.setattr(checkpointer, "WORTH_EVENTS", 500)
        saver, _, clock = self.make()
        saver.seconds = 100.0
        assert not saver.is_due(1, 600)
        clock.advance(STILL_S - 1)
        assert not saver.is_due(2, 700)  # more has come
        clock.advance(STILL_S - 1)
        assert not saver.is_due(2, 700)
        clock.advance(1)
        assert saver.is_due(2, 700)
        saver.seq = 300
        assert not saver.is_due(2, 700)  # too little

    @pytest.mark.parametrize(("seconds", "is_tried"), [(20.0, True), (100.0, False)])
    def test_before_a_stop_a_checkpoint_is_tried_when_there_is_hope(
        self, seconds, is_tried
    ) -> None:
        saver, journal, clock = self.make()
        saver.seconds = seconds
        saver.finish_by(clock.monotonic() + 8.0)
        assert saver.save_now(self.captured(7)) == is_tried
        assert bool(journal.saved) == is_tried

    def test_nothing_is_saved_before_its_effects_are(self) -> None:
        saver, journal, _ = self.make(barrier=False)
        assert not saver.save_now(self.captured(7))
        assert journal.saved == journal.trimmed == []
        assert "in time" in saver.problem

    def test_a_refusal_is_told_and_the_next_attempt_heals(self) -> None:
        saver, journal, _ = self.make()
        journal.refuses = True
        assert not saver.save_now(self.captured(7))
        assert (saver.problem, saver.offset) == ("disk full", 0)
        journal.refuses = False
        assert saver.claim(8, 2_000)
        assert not saver.claim(9, 4_000)
        saver.save(self.captured(8), 80)
        saver.wait(10)
        assert (saver.problem, saver.offset, journal.trimmed) == ("", 8, [8])


def test_the_gate_lets_a_reader_in_between_two_turns_of_a_busy_writer() -> None:
    gate = Gate()
    stop = threading.Event()
    turns = [0]

    def work() -> None:
        while not stop.is_set():
            with gate.held():
                turns[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(50):
        with gate.held():
            seen = turns[0]
            assert turns[0] == seen
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_an_entity_is_found_whatever_its_record_held_before() -> None:
    live = LiveEngine(SMALL, RuntimeSettings(), HashKey(1, 2))
    live.engine.state.actors["user"].records["label"][:] = 7
    row = requests(1)[0] | {"user_id": "alice"}
    live.advance(live.prepare(batch_of([row])), 1)
    found = live_entities.entity(live.engine, "user", "alice")
    assert found is not None
    assert found["requests"] == 1
    assert live_entities.entity(live.engine, "user", "alic") is None


def test_rates_are_what_each_second_added() -> None:
    rates = Rates()
    rates.tick(1_000_000, {"accepted": 10}, {"lag_seconds": 0.5})
    rates.add_alerts(["HIGH", "HIGH", "LOW"])
    item = rates.tick(2_500_000, {"accepted": 25}, {"lag_seconds": 0.0})
    assert item["ts"] == "1970-01-01T00:00:02Z"
    assert (item["accepted"], item["alerts_high"], item["alerts_low"]) == (15, 2, 1)
    assert rates.mean("accepted", 2) == 12.5
    assert len(rates.last(1)) == 1


def test_histograms_are_cumulative() -> None:
    histogram = Histogram((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        histogram.add(value)
    histogram.add(0.2, times=2)
    told = [(s.suffix, s.labels.get("le"), s.value) for s in histogram.samples()]
    assert told == [
        ("_bucket", "0.1", 2), ("_bucket", "1", 5), ("_bucket", "+Inf", 6),
        ("_sum", None, pytest.approx(8.05)), ("_count", None, 6),
    ]  # fmt: skip
    assert histogram.quantile(0.5) == 1.0
    assert histogram.quantile(0.99) == float("inf")
    assert Histogram((1,)).quantile(0.5) is None


class TestIncidents:
    """Two clients of a campaign are told apart until it is clear that they belong together."""

    def attack(self, k: int, at_s: float, agent: str) -> dict[str, Any]:
        return {
            "method": "GET",
            "url": "/search?id=1%27%20union%20select%20password%20from%20users--",
            "client_ip": f"203.0.113.{k}",
            "user_agent": agent,
            "status": 200,
            "ts": START_US + round(at_s * 1e6),
        }

    def test_an_incident_keeps_its_id_while_its_lead_changes(self) -> None:
        live = LiveEngine(SMALL, RuntimeSettings(), HashKey(1, 2))
        quiet = [row for row in requests(600) if row["client_ip"].startswith("198.")]
        self.feed(live, quiet)
        at = (quiet[-1]["ts"] - START_US) / 1e6
        self.feed(live, [self.attack(1, at + 1, "strange/1.0")])
        (first,) = live.incidents.look(live.engine)
        later = [self.attack(2, at + 10 + i, "strange/1.0") for i in range(12)]
        self.feed(live, later)
        documents = {d["id"]: d for d in live.incidents.look(live.engine) if "risk" in d}
        assert set(documents) == {first["id"]}
        assert documents[first["id"]]["entities_total"] == 2
        assert live.incidents.look(live.engine) == []

    def test_what_was_told_apart_and_is_one_is_told_as_merged(self) -> None:
        live = LiveEngine(SMALL, RuntimeSettings(), HashKey(1, 2))
        self.feed(live, [self.attack(1, 0, "strange/1.0")])
        self.feed(live, [self.attack(2, 5, "strange/1.0")])
        apart = live.incidents.look(live.engine)
        assert len(apart) == 2
        quiet = [r for r in requests(900, seed=3) if r["client_ip"].startswith("198.")]
        self.feed(live, [row | {"ts": row["ts"] + 10_000_000} for row in quiet])
        told = live.incidents.look(live.engine)
        (merged,) = [d for d in told if "risk" not in d]
        (whole,) = [d for d in told if "risk" in d]
        assert merged == {"id": apart[1]["id"], "merged_into": whole["id"]}
        assert whole["id"] == apart[0]["id"]
        # a book of a later life knows the ids from the store
        book = IncidentBook()
        book.learn([d["id"] for d in apart])
        assert merged in book.look(live.engine)

    def test_few_at_a_time_gives_all_in_the_end(self) -> None:
        live = LiveEngine(SMALL, RuntimeSettings(), HashKey(1, 2))
        self.feed(live, [self.attack(k, k, f"agent{k}/1") for k in range(1, 8)])
        everything = {d["id"] for d in IncidentBook().look(live.engine)}
        assert len(everything) > 3
        found: set[str] = set()
        while part := live.incidents.look(live.engine, 2):
            assert len(part) <= 2
            found |= {d["id"] for d in part}
        assert found == everything

    def test_what_gave_way_in_a_full_ledger_is_told_as_closed_once(self) -> None:
        live = LiveEngine(SMALL, RuntimeSettings(), HashKey(1, 2))
        self.feed(live, [self.attack(1, 0, "one/1.0"), self.attack(2, 90_000, "two/1.0")])
        first, second = live.incidents.look(live.engine)
        cases = live.engine.cases.ledger.cases
        for key in [key for key, case in cases.items() if case.first_ts == START_US]:
            del cases[key]  # as the ledger does when it is full
        assert live.incidents.look(live.engine, is_complete=False) == []
        assert live.incidents.look(live.engine) == [{"id": first["id"], "closed": True}]
        assert live.incidents.look(live.engine) == []
        # the same client comes again, and so does its incident
        self.feed(live, [self.attack(1, 90_010, "one/1.0")])
        (again,) = [d for d in live.incidents.look(live.engine) if d["id"] != second["id"]]
        assert again["closed"] is False

    def test_what_a_later_life_does_not_know_is_closed_after_the_replay(self) -> None:
        live = LiveEngine(SMALL, RuntimeSettings(), HashKey(1, 2))
        live.incidents.learn(["i-before"])
        assert live.incidents.look(live.engine, is_complete=False) == []
        assert live.incidents.look(live.engine) == [{"id": "i-before", "closed": True}]

    def feed(self, live: LiveEngine, rows: list[dict[str, Any]]) -> None:
        live.advance(live.prepare(batch_of(rows)), live.seq + 1)
