"""Entities are found on columns as they would be found in rows."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.api.query.fields import ENTITIES
from apisentinel.api.query.filters import parse_filter
from apisentinel.api.read.entity_query import count_entities, select_entities
from apisentinel.api.read.remembered_entities import CaseNote, Listed, base_risks
from apisentinel.pipeline.summary import Summary
from apisentinel.records.signal import Family
from apisentinel.storage.query import Page
from apisentinel.storage.query_memory import select


def listed(count=200, seed=1):
    draw = np.random.default_rng(seed)
    names = [f"10.0.{n // 256}.{n % 256}" for n in range(count)]
    keys = draw.permutation(np.arange(1, count + 1)).astype(np.uint64) << np.uint64(50)
    odd = draw.choice([0.0, 0.0, 1.0, 3.0], count)
    peaks = draw.choice([0.0, 0.0, 1.5, 4.0, 9.0], (count, len(Family))).astype(np.float32)
    columns = {
        "key": keys,
        "n": draw.integers(1, 5, count),
        "first": draw.integers(0, 3, count) * 1_000_000,
        "last": draw.integers(2, 5, count) * 1_000_000,
        "base": base_risks(peaks, odd),
        "agent_kind": draw.integers(0, 9, count),
    }
    cases = {
        int(keys[row]): CaseNote(
            float(draw.integers(20, 100)),
            int(draw.integers(1, 9)) if draw.random() < 0.7 else None,
            ("sqli", "xss")[: int(draw.integers(1, 3))],
        )
        for row in draw.choice(count, count // 5, replace=False).tolist()
    }
    cases[12345] = CaseNote(99.0, 1, ("bola",))  # of an entity that is not remembered any more
    return Listed("client", columns, cases, names)


ALL = listed()
ROWS = [ALL.row(n) for n in range(len(ALL))]
CONDITIONS = (
    "risk:gte:40", "risk:lte:12", "risk:in:49,99", "score:gte:0.5", "severity:eq:HIGH",
    "severity:ne:LOW", "severity:in:LOW,CRITICAL", "requests:eq:3", "requests:ne:3",
    "first_alert_request:eq:", "first_alert_request:ne:", "first_alert_request:gte:5",
    "first_alert_request:ne:5", "first_ts:eq:", "first_ts:gte:1970-01-01T00:00:02Z",
    "last_ts:lte:1970-01-01T00:00:03Z", "attack_types:has:xss", "attack_types:ne:sqli",
    "attack_types:in:xss,bola", "agent_kind:eq:browser", "agent_kind:ne:tool",
    "agent_kind:in:tool,library", "kind:eq:client", "kind:ne:client", "id:has:.1",
    "id:cidr:10.0.0.0/28", "id:in:10.0.0.1,10.0.0.9", "id:ne:10.0.0.1", "id:re:7$",
)  # fmt: skip


def conditions_of(texts):
    return parse_filter(ENTITIES, texts, 0, None, None).conditions


@given(
    st.lists(st.sampled_from(CONDITIONS), max_size=3),
    st.sampled_from(ENTITIES.sortable),
    st.booleans(),
    st.sampled_from([1, 7, 50, 500]),
)
@settings(max_examples=150)
def test_pages_are_those_of_rows(texts, sort, descending, limit):
    conditions = conditions_of(texts)
    wanted = select(ROWS, ENTITIES.searchable, conditions, Page("id", limit=500)).items
    found, cursor = [], None
    while True:
        page = select_entities(ALL, conditions, Page(sort, descending, cursor, limit))
        found += page.items
        cursor = page.next
        assert page.total == len(wanted)
        if cursor is None:
            break
    assert sorted(row["id"] for row in found) == sorted(row["id"] for row in wanted)
    lowest = "" if sort in {"id", "first_ts", "last_ts"} else -1
    values = [lowest if row[sort] is None else row[sort] for row in found]
    assert values == sorted(values, reverse=descending)


@given(st.lists(st.sampled_from(CONDITIONS), max_size=2))
def test_counts_are_those_of_rows(texts):
    conditions = conditions_of(texts)
    rows = select(ROWS, ENTITIES.searchable, conditions, Page("id", limit=500)).items
    names = ENTITIES.groupable
    told = count_entities(ALL, conditions, names, 100)
    for name in names:
        values = [row[name] for row in rows]
        if name == "attack_types":
            values = [each for value in values for each in value]
        assert dict(told[name]) == {value: values.count(value) for value in set(values)}


@given(
    st.lists(
        st.lists(st.floats(0, 20, width=32), min_size=len(Family), max_size=len(Family)),
        min_size=1,
        max_size=20,
    ),
    st.floats(0, 3),
)
def test_risks_are_those_of_the_summary(peaks, odd):
    records = np.zeros(len(peaks), [("peak", "f4", (len(Family),))])
    records["peak"] = peaks
    summary = SimpleNamespace(
        engine=SimpleNamespace(settings=SimpleNamespace(rules=True)),
        _odd_llrs=lambda _kind, rows: np.full(len(rows), odd),
    )
    wanted = Summary._base_risks(summary, "client", records, np.arange(len(records)))
    odds = np.full(len(records), odd)
    assert base_risks(records["peak"], odds) == pytest.approx(wanted, abs=1e-9)


def test_no_entities_are_an_empty_page():
    empty = Listed(
        "network",
        {name: np.zeros(0, np.uint64 if name == "key" else np.int64)
         for name in ("key", "n", "first", "last", "label_hi", "label_lo")},
        {},
    )  # fmt: skip
    page = select_entities(empty, conditions_of(["risk:gte:1", "id:has:x"]), Page("score"))
    assert (page.items, page.next, page.total) == ([], None, 0)
    assert count_entities(empty, (), ENTITIES.groupable, 5)["severity"] == []
