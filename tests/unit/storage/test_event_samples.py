"""Of many events a sample is counted, and the answer says so; rare ones are counted to the last."""

from collections import Counter

import pytest
from tests.contract.events_contract import DAY, NOW, SECOND, row, table

from apisentinel.clock import ManualClock
from apisentinel.storage import answers, event_facets, event_query
from apisentinel.storage.events import EventStore
from apisentinel.storage.query import Condition, Op, Page
from apisentinel.storage.settings import EventSettings, StorageSettings

ROWS = 12_000
OLD = 5_000
"""Rows of these that are in files."""


def rows():
    for seq in range(1, ROWS + 1):
        begin = NOW - 9 * DAY if seq <= OLD else NOW
        yield row(
            seq,
            ts=begin + seq * SECOND,
            session="rare" if seq % 2_999 == 0 else None,
            method="GET" if seq % 4 else "POST",
        )


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    wanted = StorageSettings(events=EventSettings(flush_ms=5, maintenance_seconds=1e9, hot_days=2))
    store = EventStore(tmp_path_factory.mktemp("events"), wanted, ManualClock(NOW))
    every = list(rows())
    store.put(table(every[:OLD]))
    store.flush()
    store.maintain(at_once=True)
    store.put(table(every[OLD:]))
    store.flush()
    yield store
    store.close()


@pytest.fixture
def small(monkeypatch):
    """The bounds as they would be for a store of this size."""
    monkeypatch.setattr(event_facets, "EXACT_ROWS", 1_000)
    monkeypatch.setattr(event_facets, "STRETCH_ROWS", 64)
    monkeypatch.setattr(event_facets, "MOST_STRETCH_ROWS", 300)
    monkeypatch.setattr(event_facets, "WANTED_HITS", 500)
    monkeypatch.setattr(event_query, "WINDOW_ROWS", 50)


def test_few_rows_are_counted_to_the_last(store) -> None:
    found = store.facets(["method"], ())
    assert found.share == 1.0
    assert dict(found["method"]) == Counter(each["method"] for each in rows())


@pytest.mark.usefixtures("small")
def test_a_sample_tells_about_how_many_there_are(store) -> None:
    found = store.facets(["method", "attack_types"], ())
    assert 0.05 < found.share < 0.2
    counts = dict(found["method"])
    assert counts["GET"] == pytest.approx(ROWS * 3 / 4, rel=0.1)
    assert counts["POST"] == pytest.approx(ROWS / 4, rel=0.2)
    assert dict(found["attack_types"])["sqli"] == pytest.approx(ROWS / 7, rel=0.2)


@pytest.mark.usefixtures("small")
def test_one_field_of_few_values_is_counted_to_the_last(store) -> None:
    found = store.facets(["method"], ())
    assert found.share == 1.0
    assert dict(found["method"]) == Counter(each["method"] for each in rows())


@pytest.mark.usefixtures("small")
def test_conditions_that_fewer_fulfil_get_a_larger_sample(store) -> None:
    post = Condition("method", Op.EQ, "POST")
    found = store.facets(["client"], (post,))
    assert found.share > 1.5 * store.facets(["client"], ()).share
    assert sum(count for _, count in found["client"]) == pytest.approx(ROWS / 4, rel=0.1)


@pytest.mark.usefixtures("small")
def test_what_is_rare_is_counted_to_the_last(store) -> None:
    found = store.facets(["session", "status"], (Condition("session", Op.EQ, "rare"),))
    assert found.share == 1.0
    assert found["session"] == [("rare", 4)]


@pytest.mark.usefixtures("small")
def test_a_sample_keeps_to_its_period(store) -> None:
    found = store.facets(["method", "host"], (Condition("ts", Op.LTE, NOW - DAY),))
    assert found.share < 1.0
    assert sum(count for _, count in found["method"]) == pytest.approx(OLD, rel=0.05)


@pytest.mark.usefixtures("small")
def test_the_figures_of_the_most_frequent_are_of_all_their_rows(store) -> None:
    found = store.top("client", (), 5)
    counts = Counter(each["client"] for each in rows())
    assert {each["value"]: each["requests"] for each in found} == counts


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("sort", ["ts", "seq", "risk", "score"])
@pytest.mark.parametrize(
    "conditions",
    [
        (),
        (Condition("session", Op.EQ, "rare"),),
        (Condition("method", Op.EQ, "POST"),),
        (Condition("ts", Op.LTE, NOW - DAY), Condition("method", Op.EQ, "POST")),
    ],
)
def test_pages_are_those_of_all_rows(store, sort, conditions) -> None:
    every = [
        each
        for each in rows()
        if all(
            each[c.field] <= c.value if c.op is Op.LTE else each[c.field] == c.value
            for c in conditions
        )
    ]
    every.sort(key=lambda each: (each[sort], each["seq"]), reverse=True)
    cursor, found = None, []
    for _ in range(3):
        page = store.list_events(conditions, Page(sort, cursor=cursor, limit=150))
        assert page.total == len(every)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert [each["seq"] for each in found] == [each["seq"] for each in every[:450]]
    assert all(each["path"] == f"/items/{each['seq']}" for each in found)


def test_an_answer_to_another_period_of_the_same_store_is_another(store, monkeypatch) -> None:
    monkeypatch.setattr(answers, "FEW_ROWS", 1)
    monkeypatch.setattr(answers, "SLOW_S", -1.0)
    monkeypatch.setattr(answers, "WORTH", 1e9)
    for last in (ROWS - 1, ROWS, ROWS - 2):
        conditions = (
            Condition("ts", Op.GTE, NOW - DAY),
            Condition("ts", Op.LTE, NOW + last * SECOND),
        )
        found = store.list_events(conditions, Page("ts", limit=1))
        assert found.total == last - OLD
