"""Rows of the event store against a naive way to make them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.pipeline.live.live_traffic import SMALL, batch_of, requests

from apisentinel.kernels.bytes import padded
from apisentinel.kernels.hashing import HashKey
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.event_rows import QUIET, TEXT_KEPT, RowMaker, Sources
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.live.text_columns import (
    chosen,
    filled,
    sparse_lists,
    sparse_text,
    text_column,
)
from apisentinel.records.batch import TEXT_INDEX, RequestBatch, empty_columns
from apisentinel.records.taxonomy import severity_of
from apisentinel.storage.columns import Column
from apisentinel.storage.events_schema import EVENT_SCHEMA


def batch_with(texts: list[bytes | None]) -> RequestBatch:
    spans, numbers = empty_columns(len(texts))
    at = 0
    for i, text in enumerate(texts):
        if text is not None:
            spans[TEXT_INDEX["path"], i] = (at, at + len(text))
            at += len(text)
    buffer: Any = padded(b"".join(text or b"" for text in texts))
    return RequestBatch(buffer, spans, numbers)


def plain(column: Column) -> list[Any]:
    return [column.at(row) for row in range(len(column))]


@given(st.lists(st.sampled_from([None, "", "a", "é", "long name"])), st.data())
def test_names_picked_by_number_are_those_names(names, data) -> None:
    index = data.draw(st.lists(st.integers(0, max(len(names) - 1, 0)), max_size=9))
    index = index if names else []
    column = chosen(names, np.array(index, np.int64))
    assert plain(column) == [names[at] for at in index]


@given(st.lists(st.none() | st.binary(min_size=1, max_size=9), min_size=1))
def test_filled_columns_have_a_text_in_every_row(texts) -> None:
    column = text_column(batch_with(texts), "path", 16)
    missing = np.array([i for i, text in enumerate(texts) if text is None], np.int64)
    if not len(missing):
        return
    found = filled(column, missing, [f"row-{row}" for row in missing])
    assert plain(found) == [
        f"row-{i}" if text is None else text.decode("utf-8", "replace")
        for i, text in enumerate(texts)
    ]


def test_sources_of_several_blocks_are_joined_in_order() -> None:
    one = Sources(["http", "hec"], np.array([0, 1, 1]))
    both = Sources.joined([one, Sources(["file"], np.array([0]))])
    assert [both.names[at] for at in both.take(np.array([1, 2, 3])).picks] == ["hec", "hec", "file"]


@given(st.lists(st.none() | st.binary(max_size=40) | st.text(max_size=20).map(str.encode)))
def test_text_columns_equal_decoding_each_text(texts) -> None:
    column = text_column(batch_with(texts), "path", 16)
    assert plain(column) == [
        text[:16].decode("utf-8", "replace") if text else None for text in texts
    ]


@given(st.dictionaries(st.integers(0, 9), st.text(max_size=5)))
def test_sparse_columns_hold_what_they_were_given(texts) -> None:
    texts = {k: v.encode("utf-8", "replace").decode() for k, v in texts.items()}
    assert plain(sparse_text(10, texts)) == [texts.get(i) for i in range(10)]
    lists = {row: [text, "x"] for row, text in texts.items()}
    assert plain(sparse_lists(10, lists)) == [lists.get(i, []) for i in range(10)]


@pytest.fixture(scope="module")
def judged() -> tuple[LiveEngine, list[dict[str, Any]], Any]:
    rows = requests(800)
    del rows[5]["event_id"], rows[7]["user_agent"]
    live = LiveEngine(SMALL, RuntimeSettings(), HashKey(1, 2))
    (block,) = live.advance(live.prepare(batch_of(rows)), 101)
    return live, rows, block


def test_rows_say_what_was_received(judged) -> None:
    live, rows, block = judged
    table = RowMaker(live.engine).table(block, "http")
    assert list(table.schema.items()) == list(EVENT_SCHEMA.items())
    shown = table.rows()
    assert [row["seq"] for row in shown] == list(range(101, 901))
    for given_row, row in zip(rows, shown, strict=True):
        assert row["client"] == given_row["client_ip"]
        assert row["network"] == given_row["client_ip"].rpartition(".")[0] + ".0/24"
        assert row["user"] == given_row.get("user_id")
        assert row["status"] == given_row["status"]
        assert row["response_bytes"] == given_row.get("response_bytes")
        assert row["source"] == "http"
        assert row["method"] == given_row["method"]
        assert row["user_agent"] == given_row.get("user_agent")
        assert row["endpoint"].startswith(given_row["method"])
        assert row["endpoint"].endswith(row["route"])
        assert row["event_id"] == given_row.get("event_id", f"seq-{row['seq']}")


def test_rows_with_evidence_carry_the_risk_of_that_moment(judged) -> None:
    live, _, block = judged
    shown = RowMaker(live.engine).table(block, "http").rows()
    for i, row in enumerate(shown):
        found = block.findings.get(i)
        if found is None:
            assert (row["risk"], row["attack_types"], row["reason"]) == (round(QUIET), [], None)
            continue
        assert row["risk"] == round(found.risk)
        assert row["score"] == pytest.approx(found.risk / 100)
        assert set(row["attack_types"]) == {piece.attack_type.value for piece in found.pieces}
        assert set(row["detectors"]) == {piece.detector for piece in found.pieces}
        assert row["reason"]
    assert all(row["severity"] == severity_of(row["risk"]).value for row in shown)
    assert {row["severity"] for row in shown} >= {"LOW", "MEDIUM", "HIGH"}


def test_alerts_agree_with_the_row_that_raised_them(judged) -> None:
    live, _, block = judged
    shown = {row["seq"]: row for row in RowMaker(live.engine).table(block, "http").rows()}
    assert block.alerts
    for alert in block.alerts:
        assert alert.attack_type.value in shown[alert.seq]["attack_types"]
        assert shown[alert.seq]["risk"] >= alert.risk


def test_some_rows_are_the_same_as_in_the_whole_table(judged) -> None:
    live, _, block = judged
    maker = RowMaker(live.engine)
    rows = np.array([0, 3, 17, *sorted(block.findings)[:20], 799])
    rows = np.unique(rows)
    part = maker.table(block, "http", rows)
    assert part.rows() == maker.table(block, "http").rows(rows.tolist())


def test_long_texts_are_cut_and_hostile_bytes_replaced(judged) -> None:
    live = judged[0]
    row = {
        "method": "GET",
        "path": "/" + "é" * 3_000,
        "query": "q=" + "a" * 9_999,
        "client_ip": "x",
    }
    (block,) = live.advance(live.prepare(batch_of([row])), live.seq + 1)
    (shown,) = RowMaker(live.engine).table(block, "http").rows()
    assert len(shown["query"]) == TEXT_KEPT["query"]
    assert shown["path"].endswith("�")
    assert shown["client"] == "x"
    assert shown["network"] is None
