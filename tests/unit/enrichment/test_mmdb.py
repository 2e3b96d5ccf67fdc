"""Databases of networks: what they say, and files that lie."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.mmdb_files import MARK, database, encoded

from apisentinel.enrichment.mmdb import Database, DatabaseError, _Values

FOUR = {"192.0.2.0/24": {"asn": 1, "name": "a" * 40}, "198.51.100.128/25": {"asn": 70_000}}
SIX = {"2001:db8::/32": {"city": {"names": {"en": "X"}}, "list": [1, 2.5, True]}}


def found(db: Database, address: str):
    parsed = ipaddress.ip_address(address)
    value = int(parsed) | (0xFFFF << 32 if parsed.version == 4 else 0)
    return db.lookup(value >> 64, value & (1 << 64) - 1)


@pytest.mark.parametrize("bits", [24, 28, 32])
def test_addresses_find_their_network(bits):
    db = Database(database(FOUR | SIX, bits=bits))
    assert found(db, "192.0.2.77") == FOUR["192.0.2.0/24"]
    assert found(db, "198.51.100.200") == {"asn": 70_000}
    assert found(db, "198.51.100.1") is None
    assert found(db, "2001:db8:1::9") == SIX["2001:db8::/32"]
    assert found(db, "2001:db9::1") is None
    assert (db.kind, db.built) == ("Test", 1_800_000_000)


def test_a_tree_of_the_old_addresses_knows_no_new_ones():
    db = Database(database(FOUR, six=False))
    assert found(db, "192.0.2.1") == FOUR["192.0.2.0/24"]
    assert found(db, "2001:db8::1") is None


def test_pointers_are_followed_once():
    shared = encoded("shared text")
    assert _Values(shared + b"\x20\x00").at(len(shared)) == ("shared text", len(shared) + 2)
    with pytest.raises(DatabaseError, match="pointer"):
        _Values(b"\x20\x02\x20\x00").at(0)


def test_a_record_that_explodes_is_refused():
    """Maps of pointers to maps: two bytes each would make 2^40 values."""
    layers, places = b"", [0]
    layers += encoded({"a": 1})
    for _ in range(40):
        at = places[-1]
        places.append(len(layers))
        pointer = bytes([0x20 | at >> 8, at & 255])
        layers += b"\xe2" + encoded("a") + pointer + encoded("b") + pointer
    with pytest.raises(DatabaseError):
        _Values(layers).at(places[-1])


@pytest.mark.parametrize(
    "data",
    [b"", b"no database", MARK, MARK + b"\xe0", b"x" * 40 + MARK + encoded({"node_count": 9})],
)
def test_what_is_no_database_is_said(data):
    with pytest.raises(DatabaseError):
        Database(data)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DatabaseError, match=r"absent\.mmdb"):
        Database.open(tmp_path / "absent.mmdb")
    (tmp_path / "broken.mmdb").write_bytes(b"x")
    with pytest.raises(DatabaseError, match=r"broken\.mmdb: this is no database"):
        Database.open(tmp_path / "broken.mmdb")


@given(st.data())
def test_broken_files_are_errors_and_nothing_else(data):
    raw = bytearray(database(FOUR | SIX, bits=24))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[len(raw) - data.draw(st.integers(0, 20)) :]
    try:
        db = Database(bytes(raw))
        for address in ("192.0.2.1", "198.51.100.200", "2001:db8::1", "::"):
            found(db, address)
    except DatabaseError:
        pass


values = st.recursive(
    st.one_of(st.booleans(), st.text(max_size=50), st.integers(0, 2**63), st.floats(-1e9, 1e9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=30), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(values)
def test_what_is_written_is_read(value):
    raw = encoded(value)
    assert _Values(raw).at(0) == (value, len(raw))
