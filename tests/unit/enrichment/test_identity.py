"""Who sends a request: which address counts, what makes a session, what is hashed."""

from ipaddress import ip_address

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.enrichment.batches import batch_of

from apisentinel.enrichment import canonical_address
from apisentinel.enrichment.address import MAPPED
from apisentinel.enrichment.identity import HASHES, add_identity
from apisentinel.kernels.hashing import DEFAULT_KEY, HashKey, hash_bytes
from apisentinel.records.batch import RequestBatch
from apisentinel.records.flags import NO_OBJECT, PATH_PAGINATION
from apisentinel.records.taxonomy import METHODS

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/119.0.0.0 Safari/537.36"


def identified(*rows, hops: int = 0, key: HashKey = DEFAULT_KEY) -> RequestBatch:
    batch = batch_of(rows)
    add_identity(batch, key, trusted_hops=hops)
    return batch


def client_of(row, hops: int = 0) -> str:
    batch = identified(row, hops=hops)
    high, low = batch.enriched["address_hi"][0], batch.enriched["address_lo"][0]
    return canonical_address(high, low) if high or low else ""


def column(name, *rows, **options):
    return identified(*rows, **options).enriched[name].tolist()


def test_the_client_is_the_peer_unless_the_source_names_it():
    assert client_of({"peer_ip": "10.0.0.1"}) == "10.0.0.1"
    assert client_of({"peer_ip": "10.0.0.1", "client_ip": "192.0.2.7"}) == "192.0.2.7"
    assert client_of({}) == ""


FORWARDED = [("x-forwarded-for", "198.51.100.9, 203.0.113.5"), ("X-Forwarded-For", "10.9.9.9")]


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        (0, "10.0.0.1"),
        (1, "10.9.9.9"),
        (2, "203.0.113.5"),
        (3, "198.51.100.9"),
        (9, "198.51.100.9"),
    ],
)
def test_forwarding_headers_are_walked_from_the_right(hops, client):
    assert client_of({"peer_ip": "10.0.0.1", "headers": FORWARDED}, hops) == client


@pytest.mark.parametrize(
    ("value", "hops", "client"),
    [
        ('for="[2001:db8::1]:4711"', 1, "2001:db8::1"),
        ("for=192.0.2.43, by=203.0.113.60;For=198.51.100.17", 1, "198.51.100.17"),
        ("for=192.0.2.43, for=198.51.100.17", 2, "192.0.2.43"),
        ("for=_hidden, for=198.51.100.17", 2, "198.51.100.17"),
        ("for=unknown", 1, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
    ],
)
def test_the_forwarded_header_is_read_where_the_older_one_is_missing(value, hops, client):
    row = {"peer_ip": "10.0.0.1", "headers": [("forwarded", value)]}
    assert client_of(row, hops) == client


@given(
    st.lists(st.ip_addresses(v=4).filter(lambda a: int(a) > 0), min_size=1, max_size=6),
    st.integers(1, 8),
)
def test_what_a_client_writes_left_of_the_trusted_part_never_counts(chain, hops):
    row = {"peer_ip": "10.0.0.1", "headers": [("x-forwarded-for", ", ".join(map(str, chain)))]}
    assert client_of(row, hops) == str(chain[max(len(chain) - hops, 0)])


def test_spellings_of_an_address_are_one_client():
    rows = [{"peer_ip": text} for text in ("10.0.0.1", "::ffff:10.0.0.1", "[::ffff:a00:1]:80")]
    assert len(set(column("h_client", *rows))) == 1
    assert len(set(column("h_network", *rows))) == 1


@given(st.lists(st.ip_addresses().map(str) | st.text("abc.:1", max_size=18), max_size=12))
def test_clients_are_equal_when_their_canonical_addresses_are(texts):
    found = identified(*({"peer_ip": text} for text in texts)).enriched
    for text, client, high, low in zip(
        texts, found["h_client"], found["address_hi"], found["address_lo"], strict=True
    ):
        packed = (int(high) << 64 | int(low)).to_bytes(16, "big")
        if any(packed):
            assert int(client) == hash_bytes(packed)
        assert (int(client) == 0) == (text == "")


def test_neighbours_share_a_network():
    rows = [{"peer_ip": text} for text in ("10.0.0.1", "10.0.0.255", "10.0.1.1")]
    one, two, three = column("h_network", *rows)
    assert one == two != three
    rows = [{"peer_ip": text} for text in ("2001:db8::1", "2001:db8::ffff:0:1", "2001:db8:0:1::1")]
    one, two, three = column("h_network", *rows)
    assert one == two != three


def test_a_host_name_is_a_client_without_address_and_network():
    found = identified({"peer_ip": "crawler.example.org"}).enriched
    assert found["h_client"][0] != 0
    assert found["h_network"][0] == 0
    assert found["address_lo"][0] == 0


def test_a_given_session_counts_for_every_client():
    rows = [{"peer_ip": text, "session_id": "abc"} for text in ("10.0.0.1", "10.0.0.2")]
    assert len(set(column("h_session", *rows))) == 1
    assert column("session_given", *rows, {"peer_ip": "10.0.0.1"}) == [1, 1, 0]


def test_without_an_id_client_and_program_make_the_session():
    same = {"peer_ip": "10.0.0.1", "user_agent": CHROME}
    newer = same | {"user_agent": CHROME.replace("119", "120")}
    other = same | {"user_agent": "curl/8.4.0"}
    elsewhere = same | {"peer_ip": "10.0.0.2"}
    one, two, three, four, nobody = column("h_session", same, newer, other, elsewhere, {})
    assert one == two
    assert len({one, three, four}) == 3
    assert nobody == 0


def test_order_and_classes_of_headers_shape_the_fingerprint():
    names = [("host", "a"), ("user-agent", CHROME), ("accept-language", "de")]
    rows = [
        {"headers": names},
        {"headers": [*names, ("x-request-id", "1"), ("cookie", "a=1")]},
        {"headers": names[::-1]},
        {"headers": [*names[:2], ("accept-language", "fr")]},
        {"user_agent": CHROME},
    ]
    plain, noise, order, language, unknown = column("h_fingerprint", *rows)
    assert plain == noise
    assert len({plain, order, language, unknown}) == 4


def test_headers_fill_what_the_source_left_out():
    headers = [("Host", "api.example.org"), ("User-Agent", CHROME), ("Referer", "/a")]
    batch = identified({"headers": headers}, {"headers": headers, "user_agent": "curl/8"})
    assert batch.text("host", 0) == b"api.example.org"
    assert batch.text("user_agent", 0) == CHROME.encode()
    assert batch.text("referer", 0) == b"/a"
    assert batch.text("user_agent", 1) == b"curl/8"


def test_credentials_and_session_cookies_are_hashed_and_never_pointed_to():
    headers = [("authorization", "Bearer abc"), ("cookie", "theme=x; PHPSESSID=q1; a=b")]
    batch = identified({"headers": headers}, {"headers": headers[:1]}, {"credential_id": "key-1"})
    assert batch.enriched["h_credential"].tolist() == [
        hash_bytes(b"Bearer abc"), hash_bytes(b"Bearer abc"), hash_bytes(b"key-1"),
    ]  # fmt: skip
    assert int(batch.enriched["h_session"][0]) == hash_bytes(b"q1")
    assert batch.enriched["session_given"].tolist() == [1, 0, 0]
    assert batch.text("credential_id", 0) is batch.text("session_id", 0) is None


@pytest.mark.parametrize("method", [*METHODS[1:-1], "get", "GETT", "G", "PROPFINDX", "", None])
def test_methods_have_codes(method):
    known = METHODS.index(method) if method in METHODS[:-1] else len(METHODS) - 1
    assert column("method", {"method": method}) == [known if method else 0]


@pytest.mark.parametrize(
    ("query", "number", "is_named"),
    [
        ("id=17", 17, True), ("a=1&user_id=5", 5, True), ("orderId=9", 9, True),
        ("doc-id=3", 3, True),
        ("id=1&id=2", 2, True), ("uuid=ab-cd", NO_OBJECT, True), ("valid=1", NO_OBJECT, False),
        ("grid=1", NO_OBJECT, False), ("id=", NO_OBJECT, False), ("id", NO_OBJECT, False),
        ("id=1234567890123456789", NO_OBJECT, True), ("", NO_OBJECT, False), ("&&=&id=4", 4, True),
    ],
)  # fmt: skip
def test_parameters_name_objects(query, number, is_named):
    found = identified({"query": query}).enriched
    assert found["query_object"].tolist() == [number]
    assert bool(found["h_query_object"][0]) is is_named


@pytest.mark.parametrize("query", ["page=2", "a=1&offset=20", "cursor=abc", "PAGE_SIZE=5"])
def test_parameters_name_pages(query):
    assert column("query_flags", {"query": query}) == [PATH_PAGINATION]


def test_hosts_are_equal_without_case_port_and_final_dot():
    rows = [{"host": h} for h in ("API.example.org", "api.example.org:443", "api.example.org.")]
    assert len(set(column("h_host", *rows))) == 1
    assert len(set(column("h_host", {"host": "[::1]:80"}, {"host": "[::1]"}))) == 1


def test_hashes_are_those_of_the_text():
    row = {"path": "/a", "query": "b=c", "user_id": "u", "user_agent": "curl/8"}
    found = identified(row, {}).enriched
    for name, text in (("h_path", b"/a"), ("h_query", b"b=c"), ("h_user", b"u")):
        assert found[name].tolist() == [hash_bytes(text), 0]
    assert found["h_agent"].tolist() == [hash_bytes(b"curl/8"), 0]


TEXTS = (
    "method", "host", "path", "query", "peer_ip", "client_ip", "user_id", "user_agent",
    "session_id", "credential_id",
)  # fmt: skip
values = st.none() | st.sampled_from(["", "10.0.0.1", "a", CHROME, "::1"]) | st.text(max_size=30)
names = st.sampled_from(["cookie", "Forwarded", "x-forwarded-for", "accept", ""])
headers = st.lists(st.tuples(names, st.text("a=1;,: .", max_size=20)), max_size=4)
rows_of_anything = st.lists(
    st.fixed_dictionaries(dict.fromkeys(TEXTS, values) | {"headers": headers}), max_size=8
)


@given(rows_of_anything, st.integers(0, 3), st.integers(0, 8))
def test_a_row_depends_on_nothing_else(rows, hops, cut):
    whole = identified(*rows, hops=hops)
    parts = [identified(*half, hops=hops) for half in (rows[:cut], rows[cut:])]
    for name, values_of_column in whole.enriched.items():
        joined = np.concatenate([part.enriched[name] for part in parts])
        np.testing.assert_array_equal(values_of_column, joined)


def test_another_key_gives_other_hashes():
    row = {"peer_ip": "10.0.0.1", "user_agent": CHROME, "path": "/", "query": "id=1", "host": "a"}
    row |= {"user_id": "u", "credential_id": "c", "session_id": "s"}
    one, two = identified(row).enriched, identified(row, key=HashKey(1, 2)).enriched
    assert all(one[name][0] != two[name][0] for name in HASHES)


def test_the_client_is_a_real_address():
    batch = identified({"peer_ip": "192.0.2.1"})
    assert int(batch.enriched["address_lo"][0]) == int(ip_address("192.0.2.1")) | MAPPED
