"""The service as a whole, without a network."""

import json
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.unit.pipeline.live.live_traffic import SMALL, START_US, body, requests

from apisentinel.clock import Clock, ManualClock
from apisentinel.errors import ConfigError, RefusedError, StateError, StoreError
from apisentinel.kernels.hashing import DEFAULT_KEY
from apisentinel.pipeline import scan
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.pipeline.inspection import Inspection
from apisentinel.pipeline.installation import hash_key, make_folder
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live import entities as live_entities
from apisentinel.pipeline.live.degradation import Level
from apisentinel.pipeline.live.poison import Poison
from apisentinel.pipeline.live.runtime import Runtime
from apisentinel.pipeline.live.settings import DegradationSettings, RuntimeSettings
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.pipeline.summary import Summary


def settings(data_dir: Path, **runtime: Any) -> ServiceSettings:
    return ServiceSettings(data_dir=data_dir, detection=SMALL, runtime=RuntimeSettings(**runtime))


OPEN: list[Service] = []
"""Services of the running test: one that fails must not leave files and threads behind."""


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Any:
    yield
    while OPEN:
        OPEN.pop().stop(5)


def made(wanted: ServiceSettings, clock: Clock | None = None) -> Service:
    OPEN.append(Service(wanted, clock))
    return OPEN[-1]


def started(data_dir: Path, **runtime: Any) -> Service:
    service = made(settings(data_dir, **runtime))
    service.start()
    return service


def feed(service: Service, rows: list[dict[str, Any]], step: int = 100) -> None:
    for begin in range(0, len(rows), step):
        service.door.submit_requests(body(rows[begin : begin + step]), source="http")
    assert service.runtime.drain(60)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Any:
    service = Service(settings(tmp_path_factory.mktemp("data")))
    service.start()
    reader = service.bus.subscribe(["alerts", "incidents", "metrics", "health", "events"])
    feed(service, requests(1_500))
    service.ticker.look(everything=True)
    service.ticker.tick()
    assert service.recorder.barrier(60)
    assert service.event_writer.barrier(60)
    messages, gap = reader.get_nowait()
    assert gap is None
    yield service, messages
    assert service.stop(60)


def test_alerts_are_on_the_stream_and_in_the_store(filled) -> None:
    service, messages = filled
    told = [item for m in messages if m.topic == "alerts" for item in m.items]
    stored = [json.loads(row[0]) for row in service.control.rows("SELECT document FROM alert")]
    assert len(told) > 15
    assert {item["id"] for item in told} == {item["id"] for item in stored}
    assert len({item["id"] for item in told}) == len(told)
    assert {item["severity"] for item in told} >= {"MEDIUM", "HIGH", "CRITICAL"}
    assert all(item["ts"].endswith("Z") and item["evidence"] for item in told)
    json.dumps(told)


def test_incidents_are_those_of_a_scan(filled) -> None:
    service, messages = filled
    told = {item["id"] for m in messages if m.topic == "incidents" for item in m.items}
    stored = service.control.rows("SELECT id FROM incident WHERE merged_into IS NULL")
    report = service.view(lambda engine: Summary(engine).incidents())
    assert {row[0] for row in stored} == {incident.id for incident in report}
    assert {incident.id for incident in report} <= told


def test_every_request_is_a_row(filled) -> None:
    service, _ = filled
    with service.events.database.cursor() as cursor:
        rows = cursor.execute("SELECT seq, source FROM e.hot ORDER BY seq").fetchall()
    assert rows == [(seq, "http") for seq in range(1, 1_501)]


def test_metrics_have_the_promised_names_and_the_books_balance(filled) -> None:
    service, messages = filled
    found = {metric.name: metric for metric in service.metrics()}
    events = {s.labels["outcome"]: s.value for s in found["apisentinel_events_total"].samples}
    assert events["received"] == events["accepted"] == 1_500
    assert {s.labels["severity"] for s in found["apisentinel_alerts_total"].samples} == {
        "LOW", "MEDIUM", "HIGH", "CRITICAL",
    }  # fmt: skip
    scores = {s.labels["attack_type"]: s.value for s in found["apisentinel_anomaly_score"].samples}
    assert scores["traversal"] > 0.8
    assert scores["xss"] == 0
    assert found["apisentinel_pipeline_lag_seconds"].samples[0].value == 0
    assert found["apisentinel_conservation"].samples[0].value == 0
    assert found["apisentinel_journal_commit_seconds"].samples[-1].value > 0
    assert found["apisentinel_alert_delay_seconds"].samples[-1].value > 15
    assert len({metric.name for metric in service.metrics()}) == len(service.metrics())
    (second, *_) = [item for m in messages if m.topic == "metrics" for item in m.items]
    assert {"ts", "accepted", "judged", "lag_seconds", "level", "alerts_critical"} <= second.keys()


def test_every_metric_is_in_the_reference(filled) -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
    listed = [line.split("`")[1] for line in page.read_text().splitlines() if line[:3] == "| `"]
    assert listed == [metric.name for metric in filled[0].metrics()]


def test_everything_is_well(filled) -> None:
    service, messages = filled
    checks = service.health()
    assert {name for name, check in checks.items() if not check["ok"]} == set()
    assert service.is_ready()
    assert any(m.topic == "health" and m.items[0]["ok"] for m in messages)
    json.dumps(checks)


def test_the_overview_is_plain_data(filled) -> None:
    overview = filled[0].overview()
    json.dumps(overview)
    assert overview["counters"]["accepted"] == overview["judged"] == 1_500
    assert overview["conservation"] == 0
    assert overview["totals"]["requests"] == 1_500
    assert overview["top_entities"][0]["risk"] > 80
    assert overview["entities_by_severity"]["CRITICAL"] > 0
    assert sum(overview["alerts"].values()) > 15


def test_entities_can_be_listed_and_found_by_their_ids(filled) -> None:
    service, _ = filled
    for kind in ("client", "user", "session", "network", "endpoint"):
        rows = service.view(lambda engine, kind=kind: live_entities.entity_rows(engine, kind))
        assert rows, kind
        assert [r["score"] for r in rows] == sorted((r["score"] for r in rows), reverse=True)
        json.dumps(rows)
        for row in rows[:40]:
            found = service.view(
                lambda engine, kind=kind, row=row: live_entities.entity(engine, kind, row["id"])
            )
            assert found is not None
            assert {name: found[name] for name in row} == row
            json.dumps(found)
    few = service.view(lambda engine: live_entities.entity_rows(engine, "client", 5))
    everything = service.view(lambda engine: live_entities.entity_rows(engine, "client"))
    assert [row["score"] for row in few] == [row["score"] for row in everything[:5]]
    assert few[0]["risk"] > 80


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("client", "192.0.2.77"), ("client", "nonsense"), ("client", ""), ("user", "nobody"),
        ("session", "x~zzzzzz"), ("session", "203.0.113.1~000000"), ("network", "10.0.0.0/24"),
        ("network", "x"), ("endpoint", "GET /nowhere"), ("planet", "mars"),
    ],
)  # fmt: skip
def test_what_is_not_remembered_is_not_found(filled, kind, name) -> None:
    assert filled[0].view(lambda engine: live_entities.entity(engine, kind, name)) is None


def test_a_restart_goes_on_where_the_last_life_ended(tmp_path) -> None:
    rows = requests(1_200, seed=4)
    whole = started(tmp_path / "whole")
    feed(whole, rows)
    expected = whole.runtime.view(checkpoint.capture).digest()
    assert whole.stop(60)

    make_folder(tmp_path / "cut")
    (tmp_path / "cut" / "hash.key").write_bytes((tmp_path / "whole" / "hash.key").read_bytes())
    first = started(tmp_path / "cut")
    assert first.resumed == "nothing to resume"
    feed(first, rows[:700])
    assert first.stop(60)
    second = started(tmp_path / "cut")
    assert second.resumed == "resumed at batch 7"
    assert second.runtime.live.seq == 700
    # what was sent before is known, also after a restart
    receipt = second.door.submit_requests(body(rows[650:700]), source="http")
    assert (receipt.accepted, receipt.deduplicated) == (0, 50)
    feed(second, rows[700:])
    assert second.runtime.view(checkpoint.capture).digest() == expected
    assert second.stop(60)


def test_what_an_earlier_life_left_to_judge_counts_as_backlog(tmp_path, monkeypatch) -> None:
    first = started(tmp_path)
    first.runtime.stop(30)
    first.door.submit_requests(body(requests(300)), source="http")
    waiting = first.door.backlog.bytes
    first.stop(5)

    begin = Runtime.start
    monkeypatch.setattr(Runtime, "start", lambda _: None)
    second = started(tmp_path)
    assert second.door.backlog.bytes == waiting > 0
    second.door.backlog.budget = waiting
    with pytest.raises(RefusedError) as refused:
        second.door.submit_requests(body(requests(10)), source="http")
    assert refused.value.status == 429
    begin(second.runtime)
    assert second.runtime.drain(60)
    assert second.stop(60)  # the judge's thread has told of everything when it has ended
    assert second.door.backlog.bytes == 0


def test_a_state_that_does_not_fit_any_more_is_learned_anew(tmp_path) -> None:
    service = started(tmp_path)
    feed(service, requests(200))
    assert service.stop(60)
    state = SMALL.state.model_copy(update={"clients": 512})
    other = settings(tmp_path).model_copy(
        update={"detection": SMALL.model_copy(update={"state": state})}
    )
    service = made(other)
    service.start()
    assert "other bounds" in service.resumed
    assert "other bounds" in service.health()["judge"]["detail"]
    feed(service, requests(100, seed=2))
    assert service.runtime.live.seq == 300
    assert service.stop(60)


def test_one_process_at_a_time(tmp_path) -> None:
    service = started(tmp_path)
    other = made(settings(tmp_path))
    with pytest.raises(ConfigError, match="in use by another service"):
        other.start()
    assert other.stop()
    feed(service, requests(10))
    assert service.stop(60)
    again = started(tmp_path)
    assert again.stop(60)
    assert again.stop(60)


def test_the_key_of_the_installation_is_made_once_and_is_private(tmp_path) -> None:
    first = hash_key(tmp_path)
    assert hash_key(tmp_path) == first
    assert first != hash_key(_folder(tmp_path / "other"))
    assert stat.S_IMODE((tmp_path / "hash.key").stat().st_mode) == 0o600
    (tmp_path / "hash.key").write_bytes(b"short")
    with pytest.raises(StateError, match="backup"):
        hash_key(tmp_path)


def _folder(path: Path) -> Path:
    make_folder(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    return path


def test_a_folder_that_cannot_be_made_is_told(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        Service(settings(tmp_path / "file" / "data")).start()


def test_after_stop_nothing_is_taken_in(tmp_path) -> None:
    before = set(threading.enumerate())
    service = started(tmp_path)
    assert set(threading.enumerate()) - before
    assert service.stop(60)
    with pytest.raises(RefusedError) as refused:
        service.door.submit_requests(body(requests(1)), source="http")
    assert refused.value.status == 503
    assert not set(threading.enumerate()) - before


def test_a_source_that_has_sent_before_may_be_silent(tmp_path) -> None:
    clock = ManualClock(START_US)
    service = made(settings(tmp_path, silent_minutes=15), clock)
    service.start()
    feed(service, requests(10))
    service.ticker.tick()
    assert service.ticker.silent_sources() == []
    clock.advance(14 * 60)
    assert service.ticker.silent_sources() == []
    clock.advance(60)
    assert service.overview()["silent_sources"] == ["http"]
    assert service.health()["silence"] == {"ok": True, "detail": "silent: http"}
    feed(service, requests(10, seed=2))
    service.ticker.tick()
    assert service.ticker.silent_sources() == []
    assert service.stop(60)


def test_a_checkpoint_is_made_also_when_nothing_comes_any_more(tmp_path) -> None:
    clock = ManualClock(START_US)
    service = made(settings(tmp_path), clock)
    service.start()
    feed(service, requests(10))
    assert service.checkpointer.offset == 0
    for _ in range(60):  # on a busy machine the one before may still be under way
        clock.advance(30)
        service.ticker.tick()
        service.checkpointer.wait(60)
        if service.checkpointer.offset:
            break
        time.sleep(0.1)
    assert service.checkpointer.offset == 1
    clock.advance(100_000)
    assert service.health()["checkpoint"]["ok"]
    assert service.stop(60)


def test_the_service_finds_what_a_scan_finds(tmp_path) -> None:
    rows = requests(1_500, seed=6)
    make_folder(tmp_path / "data")
    key = DEFAULT_KEY.k0.to_bytes(8, "little") + DEFAULT_KEY.k1.to_bytes(8, "little")
    (tmp_path / "data" / "hash.key").write_bytes(key)
    service = started(tmp_path / "data")
    feed(service, rows, step=37)
    live = service.view(lambda engine: Summary(engine).incidents())
    assert service.stop(60)
    (tmp_path / "log.ndjson").write_bytes(body(rows))
    report = scan([str(tmp_path / "log.ndjson")], SMALL).report
    assert live == list(report.incidents)
    assert len(live) > 5


def flood(service: Service, rows: list[dict[str, Any]]) -> tuple[int, RefusedError]:
    """Sends until it is refused."""
    accepted = 0
    for begin in range(0, len(rows), 500):
        part = body(rows[begin : begin + 500])
        try:
            accepted += service.door.submit_requests(part, source="http").accepted
        except RefusedError as refused:
            return accepted, refused
    raise AssertionError("was never refused")


def test_under_overload_senders_are_refused_and_what_was_accepted_is_judged(tmp_path) -> None:
    clock = ManualClock(START_US)
    door = DoorSettings(backlog_bytes=1 << 20, max_body_bytes=1 << 20)
    service = made(settings(tmp_path).model_copy(update={"door": door}), clock)
    service.start()
    rows = requests(40_000)
    with service.runtime.gate.held():
        accepted, refused = flood(service, rows)
        clock.advance(12)
        level = service.degradation.update(service.lag_seconds(), 0, clock.monotonic())
    assert level is Level.SAMPLED
    assert refused.status == 429
    assert refused.retry_after is not None
    assert 0 < accepted < len(rows)
    assert service.runtime.drain(60)
    assert service.lag_seconds() == 0
    assert service.runtime.live.seq == accepted == service.counters.totals()["accepted"]
    assert service.counters.conservation() == 0
    levels = []
    for _ in range(5):
        service.ticker.tick()
        levels.append(int(service.degradation.level))
        clock.advance(5)
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] == 0
    assert service.door.submit_requests(body(rows[-1:]), source="http").accepted == 1
    assert service.stop(60)


def test_poison_is_a_dead_letter_and_the_rest_is_judged(tmp_path, monkeypatch) -> None:
    inspect = Inspection.inspect

    def fragile(self: Inspection, view: Any, fields: int) -> bool:
        if view.text("query").startswith("poison"):
            raise ZeroDivisionError("no")
        return inspect(self, view, fields)

    monkeypatch.setattr(Inspection, "inspect", fragile)
    service = started(tmp_path)
    rows = requests(300)
    bad = {"url": "/search?poison=1'%20or%20'1'='1", "method": "GET", "client_ip": "192.0.2.9"}
    rows[120] = bad | {"ts": rows[120]["ts"], "event_id": "bad"}
    feed(service, rows)
    assert service.runtime.poisoned == 1
    (letter,) = service.control.open_dead_letters(0, 10)
    assert b'"bad"' in letter.body
    assert "ZeroDivisionError" in letter.reason
    assert letter.position == 121
    assert service.event_writer.barrier(60)
    with service.events.database.cursor() as cursor:
        stored = cursor.execute("SELECT seq, route FROM e.hot ORDER BY seq").fetchall()
    assert [seq for seq, _ in stored] == [seq for seq in range(1, 301) if seq != 121]
    assert "{other}" not in {route for _, route in stored}
    assert service.overview()["unjudged"] == 1
    assert service.stop(60)


def test_dead_letters_that_the_disk_refuses_wait_and_hold_the_checkpoint(
    tmp_path, monkeypatch
) -> None:
    service = started(tmp_path)
    store = service.control.put_dead_letters

    def refuse(*_: Any) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(service.control, "put_dead_letters", refuse)
    feed(service, requests(10))
    service._poisoned([Poison(3, b"{}", "no")])
    assert not service.save()
    assert service.checkpointer.offset == 0
    monkeypatch.setattr(service.control, "put_dead_letters", store)
    service.ticker.tick()
    assert [letter.position for letter in service.control.open_dead_letters(0, 10)] == [3]
    assert service.stop(60)
    assert service.checkpointer.offset == 1


def test_a_judge_that_has_ended_is_not_well(tmp_path, monkeypatch) -> None:
    service = started(tmp_path)

    def broken(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(service.runtime, "step", broken)
    service.runtime._thread.join(60)
    checks = service.health()
    assert not checks["judge"]["ok"]
    assert "MemoryError" in checks["judge"]["detail"]
    assert not service.is_ready()
    service.stop(1)


def test_on_level_two_rows_with_evidence_and_a_sample_are_kept(tmp_path) -> None:
    service = started(tmp_path, degradation=DegradationSettings(force=2, keep_one_in=10))
    reader = service.bus.subscribe(["events", "alerts"])
    feed(service, requests(1_000))
    assert service.event_writer.barrier(60)
    with service.events.database.cursor() as cursor:
        rows = cursor.execute("SELECT seq, reason FROM e.hot").fetchall()
    found = {seq for seq, why in rows if why}
    assert {seq for seq in range(1, 1_001) if seq % 10 == 0} <= {seq for seq, _ in rows}
    assert all(why or seq % 10 == 0 for seq, why in rows)
    assert len(found) > 50
    assert service.event_writer.left_out == 1_000 - len(rows)
    assert {m.topic for m in reader.get_nowait()[0]} == {"alerts"}
    assert "level 2" in service.health()["load"]["detail"]
    assert service.stop(60)


def test_a_stop_gives_up_a_checkpoint_that_takes_too_long(tmp_path, monkeypatch) -> None:
    clock = ManualClock(START_US)
    service = made(settings(tmp_path), clock)
    service.start()
    feed(service, requests(300))
    asked = []

    def slow(self: Any, name: str) -> bytes:
        asked.append(name)
        clock.advance(1)
        return b"part"

    monkeypatch.setattr(checkpoint.Parts, "__getitem__", slow)
    begin = clock.monotonic()
    assert not service.stop(10)
    assert 1 <= len(asked) <= 10
    assert clock.monotonic() - begin <= 10
    monkeypatch.undo()
    again = started(tmp_path)
    assert again.runtime.drain(60)
    assert again.runtime.live.seq == 300
    assert again.events.last_seq == 300 or again.event_writer.barrier(60)
    assert again.stop(60)


def test_a_stop_begins_no_checkpoint_that_took_too_long_before(tmp_path) -> None:
    service = started(tmp_path)
    feed(service, requests(100))
    service.checkpointer.seconds = 100.0
    assert not service.stop(10)
    again = started(tmp_path)
    assert again.runtime.drain(60)
    assert again.runtime.live.seq == 100
    assert again.stop(60)


def test_no_checkpoint_waits_for_a_profile_that_is_being_learned(tmp_path, monkeypatch) -> None:
    service = started(tmp_path, checkpoint_events=1)
    online = service.runtime.live.engine.online
    assert online is not None
    busy = threading.Event()
    monkeypatch.setattr(online, "is_learned", lambda _timeout_s: not busy.is_set())
    busy.set()
    feed(service, requests(100))
    service.save_when_due()
    assert not service.save(0.1)
    assert service.checkpointer.saved == 0
    busy.clear()
    assert service.save()
    assert service.checkpointer.saved == 1
    assert service.stop(60)


def test_a_stop_leaves_the_rest_of_what_was_read_in_the_journal(tmp_path, monkeypatch) -> None:
    service = started(tmp_path, block_rows=50)
    judge = Runtime._judge
    judged = []

    def once(self: Runtime, group: Any) -> None:
        judged.append(group.offset)
        judge(self, group)
        self._stop.set()

    monkeypatch.setattr(Runtime, "_judge", once)
    with service.runtime.gate.held():
        rows = requests(200)
        for begin in range(0, 200, 50):
            service.door.submit_requests(body(rows[begin : begin + 50]), source="http")
    assert not service.stop(10)
    assert len(judged) == 1
    monkeypatch.undo()
    again = started(tmp_path)
    assert again.runtime.drain(60)
    assert again.runtime.live.seq == 200
    assert again.stop(60)


def test_who_looks_does_not_wait_for_a_profile_that_is_being_learned(tmp_path, monkeypatch) -> None:
    service = started(tmp_path)
    online = service.runtime.live.engine.online
    assert online is not None
    learned = threading.Event()
    asked = threading.Event()

    def is_learned(timeout_s: float = 0.0) -> bool:
        asked.set()
        return learned.wait(timeout_s)

    monkeypatch.setattr(online, "is_wanted", lambda _rows, _until: True)
    monkeypatch.setattr(online, "is_learned", is_learned)
    service.door.submit_requests(body(requests(100)), source="http")
    assert asked.wait(60)
    assert service.view(lambda engine: engine.seq) == 0
    learned.set()
    assert service.runtime.drain(60)
    assert service.view(lambda engine: engine.seq) == 100
    assert service.stop(60)


def test_draining_ends_with_the_judge(tmp_path, monkeypatch) -> None:
    service = started(tmp_path)

    def fail(_self: Any, _group: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(Runtime, "_judge", fail)
    service.door.submit_requests(body(requests(10)), source="http")
    assert not service.runtime.drain(600)
    assert service.runtime.failure is not None
    assert not service.stop(5)
