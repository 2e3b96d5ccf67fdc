"""The event store: when days become files, when they go, and what a crash leaves."""

import os
import subprocess
import threading

import duckdb
import pytest
from tests.contract.events_contract import DAY, NOW, SECOND, row, table

from apisentinel.clock import ManualClock
from apisentinel.errors import StoreError
from apisentinel.storage.base import DamagedError, NewerVersionError
from apisentinel.storage.columns import Table
from apisentinel.storage.event_database import run
from apisentinel.storage.event_query import MOST_GROUPS, STEPS, step_of
from apisentinel.storage.events import EventStore
from apisentinel.storage.events_schema import EVENT_SCHEMA
from apisentinel.storage.query import Condition, Op, Page
from apisentinel.storage.settings import EventSettings, StorageSettings

TODAY = NOW // DAY


def settings(**events):
    defaults = {"flush_ms": 5, "maintenance_seconds": 1e9, "hot_days": 2}
    return StorageSettings(events=EventSettings(**defaults | events))


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def opening(tmp_path, clock):
    stores = []

    def work(**events):
        stores.append(EventStore(tmp_path, settings(**events), clock))
        return stores[-1]

    yield work
    for store in stores:
        store.close()


def total(store):
    return store.list_events([], Page("seq", limit=1)).total


def files(path):
    return sorted(str(p.relative_to(path)) for p in path.glob("dt=*/*"))


def put(store, first, count, day=0):
    begin = (TODAY + day) * DAY
    store.put(table([row(seq, ts=begin + seq) for seq in range(first, first + count)]))
    store.flush()


def test_finished_days_become_one_file_each(opening, tmp_path):
    store = opening()
    put(store, 1, 10, day=-3)
    put(store, 11, 10, day=-2)
    put(store, 21, 10, day=-1)
    put(store, 31, 10)
    store.maintain()
    assert files(tmp_path) == []  # something may still come
    store.maintain()
    assert files(tmp_path) == [
        "dt=2023-11-11/events-1-10.parquet",
        "dt=2023-11-12/events-11-20.parquet",
    ]
    assert total(store) == 40
    with duckdb.connect() as other:  # others can read it, too
        path = str(tmp_path / files(tmp_path)[0])
        found = other.execute(
            "DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false)", [path]
        ).fetchall()
    assert {row[0]: row[1] for row in found} == dict(EVENT_SCHEMA)
    store.maintain()
    assert len(files(tmp_path)) == 2


def test_late_events_of_a_file_day_get_a_file_of_their_own(opening, tmp_path):
    store = opening()
    put(store, 1, 10, day=-3)
    store.maintain(at_once=True)
    put(store, 11, 5, day=-3)
    store.maintain(at_once=True)
    assert len(files(tmp_path)) == 2
    assert total(store) == 15
    assert [r["seq"] for r in store.export_events([], 100)] == list(range(1, 16))


def test_files_go_when_they_are_old(opening, tmp_path, clock):
    store = opening(keep_days=5)
    put(store, 1, 10, day=-3)
    store.maintain(at_once=True)
    clock.advance(2 * 86_400)
    store.maintain(at_once=True)
    assert total(store) == 10
    clock.advance(4 * 86_400)
    store.maintain(at_once=True)
    assert total(store) == 0
    assert files(tmp_path) == []
    assert store.last_seq == 10  # and yet they are not taken for new
    put(store, 5, 8, day=6)
    assert total(store) == 2


def test_files_go_oldest_first_when_they_are_too_many(opening, tmp_path):
    store = opening()
    for number in range(4):
        put(store, 1 + 10 * number, 10, day=-9 + number)
    store.maintain(at_once=True)
    sizes = [(tmp_path / name).stat().st_size for name in files(tmp_path)]
    store.close()
    small = opening(keep_bytes=sum(sizes[2:]))
    small.maintain()
    assert files(tmp_path) == ["dt=2023-11-07/events-21-30.parquet",
                               "dt=2023-11-08/events-31-40.parquet"]  # fmt: skip
    assert total(small) == 20


@pytest.mark.parametrize("step", ["copy", "register", "remove"])
def test_an_export_that_is_cut_short_loses_and_doubles_nothing(
    opening, tmp_path, monkeypatch, step
):
    store = opening()
    put(store, 1, 10, day=-3)
    put(store, 11, 5)

    class CutError(Exception):
        pass

    module = "apisentinel.storage.event_files"
    honest = __import__(module, fromlist=["run"])

    def broken_run(cursor, statement, values=(), run=honest.run):
        if step == "register" and statement.startswith("INSERT INTO e.part"):
            raise CutError
        if step == "remove" and statement.startswith("COMMIT"):
            raise CutError
        return run(cursor, statement, values)

    def broken_copy(cursor, query, path, copy=honest.copy):
        copy(cursor, query, path)
        if step == "copy":
            raise CutError

    monkeypatch.setattr(f"{module}.run", broken_run)
    monkeypatch.setattr(f"{module}.copy", broken_copy)
    with pytest.raises(CutError):
        store.maintain(at_once=True)
    monkeypatch.undo()
    store.close()
    again = opening()
    assert total(again) == 15
    assert files(tmp_path) == []
    again.maintain(at_once=True)
    assert total(again) == 15
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("how", ["text", "cut", "flip"])
def test_a_damaged_database_is_set_aside_and_the_files_count_on(opening, tmp_path, how):
    store = opening()
    put(store, 1, 10, day=-3)
    store.maintain(at_once=True)
    put(store, 11, 5)
    store.close()
    raw = (tmp_path / "hot.duckdb").read_bytes()
    flipped = raw[:5_000] + bytes([raw[5_000] ^ 1]) + raw[5_001:]
    broken = {"text": b"no database" * 5_000, "cut": raw[:15_000], "flip": flipped}[how]
    (tmp_path / "hot.duckdb").write_bytes(broken)
    again = opening()
    assert [damage.file for damage in again.damage] == ["hot.duckdb"]
    assert total(again) == 10
    assert again.last_seq == 10
    assert (tmp_path / "hot.duckdb.damaged").exists()
    put(again, 11, 5)
    assert total(again) == 15


def test_a_file_that_is_missing_is_reported(opening, tmp_path):
    store = opening()
    put(store, 1, 10, day=-3)
    store.maintain(at_once=True)
    put(store, 11, 5)
    store.close()
    (tmp_path / files(tmp_path)[0]).unlink()
    again = opening()
    assert [damage.rows for damage in again.damage] == [10]
    assert total(again) == 5


def test_a_newer_store_is_refused(opening, tmp_path):
    opening().close()
    with duckdb.connect(str(tmp_path / "hot.duckdb")) as connection:
        connection.execute("UPDATE meta SET version = 99").fetchall()
    with pytest.raises(NewerVersionError):
        opening()


def test_two_services_cannot_use_one_store(opening):
    opening()
    with pytest.raises(StoreError, match="in use"):
        opening()


def test_writing_goes_on_by_itself_after_a_failure(opening, monkeypatch):
    store = opening()
    put(store, 1, 3)
    monkeypatch.setattr("apisentinel.storage.events.RETRY_SECONDS", 0.01)
    honest, failures = store._store, iter([True, True])

    def sometimes(table):
        if next(failures, False):
            raise DamagedError("no luck")
        return honest(table)

    monkeypatch.setattr(store, "_store", sometimes)
    store.put(table([row(4), row(5)]))
    with pytest.raises(StoreError, match="no luck"):
        store.flush()
    while not store.health()[0]:
        threading.Event().wait(0.01)
    store.flush()
    assert total(store) == 5


def test_health_says_when_old_events_cannot_be_put_away(opening, clock, monkeypatch):
    monkeypatch.setattr("apisentinel.storage.events.POLL_SECONDS", 0.005)
    store = opening(maintenance_seconds=1)

    def refuse(*args, **kwargs):
        raise StoreError("no space for files")

    monkeypatch.setattr(store.files, "export", refuse)
    assert store.health()[0]
    clock.advance(2)
    while store.health()[0]:
        threading.Event().wait(0.005)
    assert "no space for files" in store.health()[1]
    monkeypatch.undo()
    clock.advance(2)
    while not store.health()[0]:
        threading.Event().wait(0.005)


def test_closing_ends_what_puts_old_events_away(opening, clock, monkeypatch):
    monkeypatch.setattr("apisentinel.storage.events.POLL_SECONDS", 0.005)
    store = opening(maintenance_seconds=1)
    put(store, 1, 10)
    begun = threading.Event()

    def endless(*args, **kwargs):
        with store.database.cursor() as cursor:
            begun.set()
            run(cursor, "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b")

    monkeypatch.setattr(store.files, "export", endless)
    clock.advance(2)
    assert begun.wait(60)
    store.close()
    monkeypatch.undo()
    assert total(opening()) == 10


def test_closing_interrupts_a_write_that_has_no_time_left(opening, monkeypatch):
    store = opening(flush_ms=10_000)
    put(store, 1, 10)
    store.put(table([row(seq) for seq in range(11, 21)]))
    begun = threading.Event()

    def endless(tables):
        with store.database.cursor() as cursor:
            begun.set()
            run(cursor, "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b")
        return 0

    monkeypatch.setattr(store, "_store", endless)
    store.close(0.01)
    assert begun.is_set()
    assert total(opening()) == 10


def test_rows_of_another_shape_are_refused(opening):
    store = opening()
    whole = table([row(1)]).columns
    with pytest.raises(ValueError, match="columns"):
        store.put(Table({name: column for name, column in whole.items() if name != "reason"}))
    with pytest.raises(ValueError, match="columns"):
        store.put(Table({**whole, "status": whole["seq"]}))
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.put(table([row(1)]))
    assert not store.health()[0]


def test_extreme_times_are_kept(opening, tmp_path):
    store = opening()
    moments = [-(1 << 62), -1, 0, 1 << 62]
    store.put(table([row(n + 1, ts=ts) for n, ts in enumerate(moments)]))
    store.flush()
    store.maintain(at_once=True)
    assert [r["ts"] for r in store.export_events([], 10)] == moments
    assert files(tmp_path)[0].startswith("dt=0001-01-01/")


def test_many_lines_of_a_chart_are_added_up(opening):
    store = opening()
    store.put(table([row(n, user=f"u{n // 2}") for n in range(1, 201)]))
    store.flush()
    found = store.timeseries([], NOW, NOW + 300 * SECOND, group="user")
    assert len(found.series) == MOST_GROUPS
    assert found.series[-1]["key"] == "other"
    assert sum(sum(line["v"]) for line in found.series) == 200


def test_queries_read_only_the_files_that_they_need(opening, monkeypatch):
    store = opening()
    for number in range(4):
        put(store, 1 + 10 * number, 10, day=-9 + number)
    store.maintain(at_once=True)
    read = []
    module = "apisentinel.storage.event_asking"
    honest = __import__(module, fromlist=["files_sql"]).files_sql
    monkeypatch.setattr(
        f"{module}.files_sql", lambda path, names: read.append(list(names)) or honest(path, names)
    )
    inside = [
        Condition("ts", Op.GTE, (TODAY - 8) * DAY),
        Condition("ts", Op.LTE, (TODAY - 7) * DAY - 1),
    ]
    assert store.list_events(inside, Page("ts")).total == 10
    assert {name for names in read for name in names} == {"dt=2023-11-06/events-11-20.parquet"}


@pytest.mark.parametrize("points", [2, 10, 600])
@pytest.mark.parametrize("span", [1, SECOND, 3_600 * SECOND, 400 * DAY, 100_000 * DAY])
def test_the_step_gives_no_more_points_than_wanted(span, points):
    step = step_of(0, span, points)
    assert step in STEPS or step % STEPS[-1] == 0
    for begin in (0, 1, step - 1):
        first = begin // step * step
        assert -(-(begin + span - first) // step) <= points


def write_for_ever(path):
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))


def test_a_full_disk_holds_rows_back_until_there_is_space(tmp_path, clock, monkeypatch):
    """Needs the right to mount; elsewhere the failing writer above stands in."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this environment cannot mount a small file system")
    monkeypatch.setattr("apisentinel.storage.events.RETRY_SECONDS", 0.01)
    store = EventStore(place / "events", settings(), clock)
    try:
        put(store, 1, 100)
        filler = place / "filler"
        with pytest.raises(OSError, match="No space"):
            write_for_ever(filler)
        noise = [row(seq, path=os.urandom(4_000).hex()) for seq in range(101, 601)]
        store.put(table(noise))
        with pytest.raises(StoreError):
            store.flush()
        assert not store.health()[0]
        assert total(store) == 100  # reading goes on
        filler.unlink()
        while not store.health()[0]:
            threading.Event().wait(0.01)
        store.flush()
        assert total(store) == 600
        store.close()
        again = EventStore(place / "events", settings(), clock)
        assert (total(again), again.damage) == (600, [])
        again.close()
    finally:
        store.close()
        subprocess.run(["umount", str(place)], check=True)


def test_a_new_database_can_be_opened_by_an_earlier_duckdb(opening):
    store = opening()
    with store.database.cursor() as cursor:
        ((tags,),) = cursor.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'e'"
        ).fetchall()
    assert "v1.5" in str(tags)
