"""Indices of old files change how soon an answer comes, never the answer."""

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.contract.events_contract import DAY, NOW, SECOND, row, table

from apisentinel.clock import ManualClock
from apisentinel.storage import event_facets, event_index
from apisentinel.storage.event_database import parts
from apisentinel.storage.event_index import ENDING, FOLDER, Found
from apisentinel.storage.events import EventStore
from apisentinel.storage.query import Condition, Op, Page
from apisentinel.storage.settings import EventSettings, StorageSettings

SETTINGS = StorageSettings(
    events=EventSettings(flush_ms=5, maintenance_seconds=1e9, hot_days=2, keep_days=3_000)
)
ROWS = 1_200
CLIENTS = [f"10.0.{n}.{m}" for n in range(3) for m in range(4)] + ["2001:db8::7", "unknown", None]
USERS = ["ann", "bob", "", "ü", None]


def rows():
    for seq in range(1, ROWS + 1):
        old = 12 - seq // 120 if seq <= 1_000 else 0
        client = CLIENTS[seq * seq % len(CLIENTS)] if seq % 400 else "10.9.9.9"
        yield row(
            seq,
            ts=NOW - old * DAY + seq * SECOND,
            client=client,
            user=USERS[seq % 7 % len(USERS)],
            session="late" if seq in {300, 1_150} else f"s{seq // 9}",
            severity=("LOW", "HIGH")[seq % 11 == 0],
        )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = EventStore(tmp_path_factory.mktemp("events"), SETTINGS, ManualClock(NOW))
    store.put(table(list(rows())))
    store.flush()
    store.maintain(at_once=True)
    assert len(list((store.database.path / FOLDER).iterdir())) > 5
    yield store
    store.close()


@pytest.fixture
def without(store, monkeypatch):
    """The same questions to the same store, without its indices."""

    def ask(work):
        with monkeypatch.context() as off:
            off.setattr(store.index, "narrowed", lambda _cursor, cold, _conditions: Found(cold))
            return work()

    return ask


def answers(store, conditions, first, last):
    return (
        store.list_events(conditions, Page("ts", limit=7)),
        store.list_events(conditions, Page("risk", descending=False, limit=90)),
        store.facets(["severity", "client", "attack_types", "status"], conditions, 500),
        store.top("session", conditions, 10),
        store.week(conditions),
        store.timeseries(conditions, first, last, group="severity", points=40),
        store.timeseries(conditions, first, last, measure="risk"),
        list(store.export_events(conditions, 30)),
    )


ONE = st.one_of(
    st.sampled_from(CLIENTS).map(lambda c: Condition("client", Op.EQ, c)),
    st.just(Condition("client", Op.EQ, "10.9.9.9")),
    st.just(Condition("client", Op.EQ, "nobody")),
    st.sampled_from(USERS).map(lambda u: Condition("user", Op.EQ, u)),
    st.integers(0, 140).map(lambda n: Condition("session", Op.EQ, f"s{n}")),
    st.just(Condition("session", Op.EQ, "late")),
    st.just(Condition("client", Op.IN, ("10.0.0.1", "10.9.9.9", "x"))),
    st.just(Condition("client", Op.NE, "10.0.0.1")),
    st.sampled_from(["10.0.1.0/24", "10.0.0.0/16", "10.0.0.0/23", "10.0.1.2/31", "::/0"]).map(
        lambda text: Condition("client", Op.CIDR, text)
    ),
)
OTHER = st.sampled_from(
    [
        (),
        (Condition("severity", Op.EQ, "HIGH"),),
        (Condition("ts", Op.GTE, NOW - 9 * DAY), Condition("ts", Op.LTE, NOW - 4 * DAY)),
        (Condition("ts", Op.GTE, NOW - DAY),),
        (Condition("user", Op.EQ, "ann"), Condition("status", Op.GTE, 404)),
    ]
)


@given(one=ONE, other=OTHER)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_answers_are_those_without_indices(store, without, one, other) -> None:
    conditions = (*other, one)
    first, last = NOW - 13 * DAY, NOW + DAY
    found = answers(store, conditions, first, last)
    assert found == without(lambda: answers(store, conditions, first, last))


@pytest.mark.parametrize("hits", [4, 10_000])
def test_answers_are_the_same_where_the_database_has_many_rows(
    store, without, monkeypatch, hits
) -> None:
    monkeypatch.setattr(event_facets, "EXACT_ROWS", 50)
    monkeypatch.setattr(event_facets, "FEW_HITS", hits)
    conditions = (Condition("client", Op.EQ, "10.0.0.0"),)
    found = store.facets(["client"], conditions)
    if hits > 100:
        assert found == without(lambda: store.facets(["client"], conditions))
    assert found["client"][0][0] == "10.0.0.0"


def reading(store, *conditions):
    with store.database.snapshot() as cursor:
        return store.index.narrowed(cursor, parts(cursor), conditions)


def test_only_files_with_the_value_are_read(store) -> None:
    found = reading(store, Condition("session", Op.EQ, "late"))
    assert found.numbers == (300,)
    assert len(found) == 1
    assert not reading(store, Condition("user", Op.EQ, "nobody"))


def test_values_of_many_rows_are_read_from_end_to_end(store, monkeypatch) -> None:
    monkeypatch.setattr(event_index, "MOST_FOUND", 3)
    found = reading(store, Condition("client", Op.EQ, "10.0.0.1"))
    assert found.numbers is None
    assert found == reading(store)


def test_where_values_are_is_remembered_for_a_bounded_number(store, monkeypatch) -> None:
    monkeypatch.setattr(event_index, "REMEMBERED", 2)
    for n in range(5):
        reading(store, Condition("session", Op.EQ, f"s{n}"))
    assert len(store.index._known) == 2


@pytest.fixture
def opening(tmp_path):
    stores = []

    def work():
        stores.append(EventStore(tmp_path, SETTINGS, ManualClock(NOW)))
        return stores[-1]

    yield SimpleNamespace(store=work, path=tmp_path)
    for store in stores:
        store.close()


def filled(opening):
    store = opening.store()
    store.put(table(list(rows())))
    store.flush()
    store.maintain(at_once=True)
    return store


def names(opening):
    return sorted(path.name for path in (opening.path / FOLDER).iterdir())


def test_files_of_earlier_versions_get_their_index(opening) -> None:
    filled(opening).close()
    first = names(opening)
    (opening.path / FOLDER / first[0]).unlink()
    (opening.path / FOLDER / first[1]).rename(
        opening.path / FOLDER / first[1].replace(ENDING, ".v0.parquet")
    )
    store = opening.store()
    ann = (Condition("session", Op.EQ, "s3"),)
    assert reading(store, *ann).numbers is None
    before = store.list_events(ann, Page("seq")).items
    store.maintain()
    assert names(opening) == first
    assert reading(store, *ann).numbers is not None
    assert store.list_events(ann, Page("seq")).items == before


def test_an_index_goes_with_its_file(opening) -> None:
    store = filled(opening)
    with store.database.cursor() as cursor:
        gone = parts(cursor)[0]
    store.files._forget(gone)
    store.maintain()
    assert len(names(opening)) == len(list(opening.path.glob("dt=*/*.parquet")))
    assert store.index.bytes == sum(
        path.stat().st_size for path in (opening.path / FOLDER).iterdir()
    )


def test_a_damaged_index_is_made_anew(opening) -> None:
    filled(opening).close()
    path = opening.path / FOLDER / names(opening)[0]
    path.write_bytes(b"no index")
    store = opening.store()
    session = Condition("session", Op.EQ, "s3")
    wanted = [each["seq"] for each in rows() if each["session"] == "s3"]
    found = store.list_events((session,), Page("seq", descending=False))
    assert [each["seq"] for each in found.items] == wanted
    store.maintain()
    assert path.read_bytes() != b"no index"
