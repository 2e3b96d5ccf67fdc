"""A network is looked for among the networks of the rows, and has the addresses that lie in it."""

from ipaddress import ip_address

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apisentinel.enrichment import canonical_address
from apisentinel.storage.event_fields import EVENT_FIELDS
from apisentinel.storage.query import NETWORK_BITS, Condition, Op, network
from apisentinel.storage.query_memory import in_network
from apisentinel.storage.query_sql import Dialect, where

ADDRESSES = st.one_of(
    st.ip_addresses(v=4, network="10.0.0.0/13"),
    st.ip_addresses(v=4),
    st.ip_addresses(v=6, network="2001:db8::/46"),
    st.ip_addresses(v=6).filter(lambda found: found.ipv4_mapped is None),
)


def told(found):
    """Client and network as rows of events have them."""
    bits = NETWORK_BITS[found.version]
    if found.version == 4:
        high, low = 0, 0xFFFF << 32 | int(found)
        return canonical_address(high, low), f"{canonical_address(high, low & ~0xFF)}/{bits}"
    high, low = int(found) >> 64, int(found) & (1 << 64) - 1
    return canonical_address(high, low), f"{canonical_address(high, 0)}/{bits}"


@given(ADDRESSES)
@example(ip_address("::1"))
@example(ip_address("1:0:0:2::"))
@example(ip_address("1:0:2:0::5"))
def test_rows_tell_networks_as_conditions_ask_for_them(found) -> None:
    client, near = told(found)
    assert network(f"{client}/{NETWORK_BITS[found.version]}").around == near


@pytest.fixture(scope="module")
def database():
    connection = duckdb.connect()
    connection.execute("CREATE TABLE rows (client VARCHAR, network VARCHAR)")
    yield connection
    connection.close()


@given(
    rows=st.lists(st.tuples(ADDRESSES, st.booleans()), min_size=1, max_size=12),
    bits=st.integers(0, 32) | st.integers(0, 128),
    pick=st.integers(0, 11),
)
@settings(max_examples=60, deadline=None)
def test_a_network_has_the_addresses_in_it(database, rows, bits, pick) -> None:
    """Rows of clients that are no address, and those that tell no network, among them."""
    around = rows[pick % len(rows)][0]
    cidr = f"{around}/{min(bits, around.max_prefixlen)}"
    stored = [(told(found)[0], told(found)[1] if knows else None) for found, knows in rows]
    stored += [("unknown", None), (None, None)]
    database.execute("DELETE FROM rows")
    database.executemany("INSERT INTO rows VALUES (?, ?)", stored)
    wanted = where((Condition("client", Op.CIDR, cidr),), EVENT_FIELDS, Dialect.DUCKDB)
    found = database.execute(
        f"SELECT client FROM rows WHERE {wanted.text} ORDER BY 1", list(wanted.values)
    ).fetchall()
    expected = [client for client, _ in stored if client and in_network(client, cidr)]
    assert [client for (client,) in found] == sorted(expected)
