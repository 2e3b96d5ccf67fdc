"""The same conditions and pages give the same results in SQLite, in DuckDB and in memory."""

import json
from datetime import UTC, datetime, timedelta

import apsw
import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.storage.query import ALLOWED, Condition, Field, Fields, Kind, Op, Page
from apisentinel.storage.query_memory import matcher, select
from apisentinel.storage.query_sql import Dialect, install, joined, order, where

FIELDS = Fields(
    "id",
    [
        Field("id", Kind.INTEGER, sortable=True),
        Field("count", Kind.INTEGER, column="n", sortable=True),
        Field("score", Kind.REAL, sortable=True),
        Field("path", Kind.TEXT, sortable=True),
        Field("client", Kind.ADDRESS, sortable=True),
        Field("worked", Kind.FLAG),
        Field("types", Kind.LIST),
        Field("seen", Kind.MOMENT, sortable=True),
    ],
)
NAMES = [field.name for field in FIELDS]

WORDS = st.sampled_from(
    ["", "a", "A", "ab", "b%", "b_", "%", "_", "'", '"', "\\", "[ab]", "ä", "é", "🙂", "a\nb",
     "a*", "ab.c", "\ufffd", "\U0010ffff", "null", "--", "; DROP TABLE t"]
)  # fmt: skip
TEXT = st.one_of(WORDS, st.builds("{}{}".format, WORDS, WORDS))
ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6, network="2001:d80::/26").map(str).filter(lambda t: "." not in t),
    st.sampled_from(
        ["10.0.0.1", "10.255.0.1", "11.0.0.0", "::", "::1", "1::", "fe80::1", "1:2:3:4:5:6:7:8"]
    ),
    st.sampled_from(["", "unknown", "10.0.0", "10.0.0.256", "1:2:3", "::1::", ":::", "010.1.1.1"]),
)
NETWORKS = st.sampled_from(
    ["10.0.0.0/8", "0.0.0.0/0", "10.0.0.1", "10.0.0.0/31", "::/0", "2001:db8::/32", "::1",
     "2001:d80::/26", "fe80::/10", "1::/16"]
)  # fmt: skip
INTEGERS = st.one_of(st.integers(-3, 3), st.sampled_from([-(1 << 63), (1 << 63) - 1]))
REALS = st.integers(-8, 8).map(lambda n: n / 4)
PATTERNS = st.sampled_from(["a", "^a", "b$", "[a-b]+", "a|ä", ".", "^$", r"\.", "(?i)A", "%"])
VALUES = {
    Kind.INTEGER: INTEGERS,
    Kind.REAL: REALS,
    Kind.TEXT: TEXT,
    Kind.ADDRESS: ADDRESSES,
    Kind.FLAG: st.booleans(),
    Kind.LIST: TEXT,
    Kind.MOMENT: INTEGERS,
}


@st.composite
def conditions(draw):
    field = FIELDS.named(draw(st.sampled_from(NAMES)))
    op = draw(st.sampled_from(sorted(ALLOWED[field.kind])))
    value = VALUES[field.kind]
    if op is Op.IN:
        return Condition(field.name, op, tuple(draw(st.lists(value, max_size=4))))
    if op is Op.CIDR:
        return Condition(field.name, op, draw(NETWORKS))
    if op is Op.RE:
        return Condition(field.name, op, draw(PATTERNS))
    if op in {Op.EQ, Op.NE} and field.kind is not Kind.LIST and draw(st.booleans()):
        return Condition(field.name, op, None)
    return Condition(field.name, op, draw(value))


DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "count": st.none() | INTEGERS,
            "score": st.none() | REALS,
            "path": st.none() | TEXT,
            "client": st.none() | ADDRESSES,
            "worked": st.none() | st.booleans(),
            "types": st.none() | st.lists(TEXT, max_size=3),
            "seen": st.none() | INTEGERS,
        }
    ),
    max_size=12,
).map(lambda rows: [{"id": number, **row} for number, row in enumerate(rows)])


@pytest.fixture(scope="module")
def databases():
    sqlite = apsw.Connection(":memory:")
    install(sqlite)
    sqlite.execute("CREATE TABLE t (id INT, n INT, score REAL, path TEXT, client TEXT,"
                   " worked INT, types TEXT, seen INT)")  # fmt: skip
    duck = duckdb.connect()
    duck.execute("CREATE TABLE t (id BIGINT, n BIGINT, score DOUBLE, path VARCHAR, client VARCHAR,"
                 " worked BOOLEAN, types VARCHAR[], seen BIGINT)")  # fmt: skip
    yield sqlite, duck
    sqlite.close()
    duck.close()


def fill(databases, documents):
    sqlite, duck = databases
    sqlite.execute("DELETE FROM t")
    duck.execute("DELETE FROM t")
    for document in documents:
        row = [document[name] for name in NAMES]
        duck.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        row[6] = None if row[6] is None else json.dumps(row[6])
        sqlite.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def ids(databases, dialect, pieces, tail):
    condition = joined(pieces)
    statement = f"SELECT id FROM t WHERE {condition.text} {tail}"
    connection = databases[0] if dialect is Dialect.SQLITE else databases[1]
    return [row[0] for row in connection.execute(statement, list(condition.values)).fetchall()]


@settings(max_examples=300)
@given(documents=DOCUMENTS, wanted=st.lists(conditions(), max_size=3))
def test_conditions_agree(databases, documents, wanted):
    fill(databases, documents)
    test = matcher(wanted, FIELDS)
    expected = [document["id"] for document in documents if test(document)]
    for dialect in Dialect:
        found = ids(databases, dialect, [where(wanted, FIELDS, dialect)], "ORDER BY id")
        assert found == expected, dialect


EDGES = [
    "10.0.0.1", "10.255.255.255", "11.0.0.0", "9.255.255.255", "0.0.0.0", "255.255.255.255",
    "010.1.1.1", "10.0.0", "10.0.0.256", "10.0.0.1.2", "10.0.0.1 ", "1e1.0.0.1", "::", "::1", "1::",
    "fe80::1", "febf:ffff::", "fec0::", "1:2:3:4:5:6:7:8", "1:2:3", "1:2:3:4:5:6:7:8:9", "::1::",
    ":::", "1:2:3:4:5::6:7:8", "1:2:3:4::6:7:8", "::ffff:10.0.0.1", "FE80::1", "fe80::1%eth0",
    "12345::", ":1", "1:", "", "unknown", None,
]  # fmt: skip


@pytest.mark.parametrize(
    "cidr",
    ["10.0.0.0/8", "0.0.0.0/0", "10.0.0.1", "::/0", "::/127", "1::/16", "fe80::/10", "::1/128"],
)
def test_networks_agree_on_every_odd_address(databases, cidr):
    empty = dict.fromkeys(NAMES)
    documents = [{**empty, "id": k, "client": address} for k, address in enumerate(EDGES)]
    fill(databases, documents)
    wanted = [Condition("client", Op.CIDR, cidr)]
    test = matcher(wanted, FIELDS)
    expected = [document["client"] for document in documents if test(document)]
    for dialect in Dialect:
        found = ids(databases, dialect, [where(wanted, FIELDS, dialect)], "ORDER BY id")
        assert [EDGES[k] for k in found] == expected, dialect
    assert expected


@settings(max_examples=100)
@given(
    documents=DOCUMENTS,
    sort=st.sampled_from([field.name for field in FIELDS if field.sortable]),
    descending=st.booleans(),
    limit=st.integers(1, 4),
)
def test_pages_agree_and_together_give_every_row_once(
    databases, documents, sort, descending, limit
):
    fill(databases, documents)
    page = Page(sort, descending, None, limit)
    seen = []
    while True:
        listing = select(documents, FIELDS, (), page)
        expected = [item["id"] for item in listing.items]
        assert listing.total == len(documents)
        for dialect in Dialect:
            begin, tail = order(page, FIELDS)
            found = ids(databases, dialect, [begin], tail.text)
            assert found[:limit] == expected, dialect
            assert (len(found) > limit) == (listing.next is not None)
        seen += expected
        if listing.next is None:
            break
        page = Page(sort, descending, listing.next, limit)
    assert sorted(seen) == [document["id"] for document in documents]


@given(documents=DOCUMENTS, moments=st.lists(st.integers(0, 10**15), min_size=1, max_size=5))
def test_moments_may_be_text_in_documents(documents, moments):
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    rows = [{"id": k, "seen": m} for k, m in enumerate(moments)]
    texts = [
        {"id": k, "seen": (epoch + timedelta(microseconds=m)).isoformat().replace("+00:00", "Z")}
        for k, m in enumerate(moments)
    ]
    wanted = [Condition("seen", Op.GTE, moments[0])]
    page = Page("seen", limit=10)
    a = select(rows, FIELDS, wanted, page)
    b = select(texts, FIELDS, wanted, page)
    assert [x["id"] for x in a.items] == [x["id"] for x in b.items]
