"""Tables are the same in DuckDB as in Python."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.storage.arrow import Incoming
from apisentinel.storage.columns import ColumnType, Table, column_of

SCHEMA = {
    "whole": ColumnType.INT64,
    "small": ColumnType.INT16,
    "real": ColumnType.FLOAT32,
    "text": ColumnType.TEXT,
    "many": ColumnType.TEXTS,
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
            "small": st.none() | st.integers(-(2**15), 2**15 - 1),
            "real": st.none() | st.floats(width=32, allow_nan=False),
            "text": st.none() | texts,
            "many": st.lists(texts, max_size=3),
        }
    ),
    min_size=1,
    max_size=30,
)


@pytest.fixture(scope="module")
def database():
    with duckdb.connect() as connection:
        yield connection


def asked(database, tables):
    incoming = Incoming(tables)
    database.register("incoming", incoming)
    try:
        found = database.execute("SELECT * FROM incoming").fetchall()
    finally:
        database.unregister("incoming")
    return [dict(zip(SCHEMA, row, strict=True)) for row in found]


@given(given_rows=rows)
def test_rows_come_back_from_a_table(given_rows):
    assert Table.of_rows(SCHEMA, given_rows).rows() == given_rows


@given(blocks=st.lists(rows, min_size=1, max_size=3), data=st.data())
def test_duckdb_sees_the_rows_of_all_tables_without_the_first_ones(database, blocks, data):
    tables, expected = [], []
    for block in blocks:
        left = data.draw(st.integers(0, len(block)))
        tables.append(Table.of_rows(SCHEMA, block).after(left))
        expected += block[left:]
    assert asked(database, tables) == expected


def test_a_stream_can_be_read_again(database):
    incoming = Incoming([Table.of_rows(SCHEMA, [{"whole": n} for n in range(5_000)])])
    database.register("twice", incoming)
    for _ in range(2):
        assert database.execute("SELECT sum(whole) FROM twice").fetchall() == [(12_497_500,)]
    database.unregister("twice")


def test_a_large_table_keeps_its_order_and_places(database):
    block = [
        {"whole": n, "text": None if n % 7 == 0 else f"t{n}", "many": ["x"] * (n % 4)}
        for n in range(20_000)
    ]
    found = asked(database, [Table.of_rows(SCHEMA, block).after(4_095)])
    assert [(row["whole"], row["text"], row["many"]) for row in found] == [
        (row["whole"], row["text"], row["many"]) for row in block[4_095:]
    ]


def test_lone_surrogates_become_question_marks():
    assert column_of(ColumnType.TEXT, ["a\ud800"]).at(0) == "a?"


def test_columns_of_two_lengths_are_no_table():
    one, two = (column_of(ColumnType.INT16, [1] * n) for n in (1, 2))
    with pytest.raises(ValueError, match="one length"):
        Table({"one": one, "two": two})
