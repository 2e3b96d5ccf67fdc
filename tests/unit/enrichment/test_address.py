"""Addresses are read as the standard library reads them."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.enrichment.address import (
    MAPPED,
    canonical_address,
    canonical_network,
    parse_addresses,
)
from apisentinel.kernels.bytes import padded


def parse(text: str) -> int | None:
    raw = text.encode()
    high, low = np.ones(1, np.uint64), np.ones(1, np.uint64)
    parse_addresses(padded(raw), np.array([[0, len(raw)]], np.int32), high, low)
    return int(high[0]) << 64 | int(low[0]) or None


def expected(text: str) -> int | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (int(address) | MAPPED if address.version == 4 else int(address)) or None


@st.composite
def spellings(draw) -> str:
    groups = draw(st.lists(st.sampled_from([0, 0, 1, 0xFFFF, 0xAB]), min_size=8, max_size=8))
    address = IPv6Address(":".join(f"{group:x}" for group in groups))
    tail = address.exploded.rpartition(":")[0].rpartition(":")[0] + ":1.2.3.4"
    text = draw(st.sampled_from([str(address), address.exploded, address.exploded.upper(), tail]))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        text = (
            text[:at] + draw(st.sampled_from(["", ":", "::", ".", "g", "0", "1"])) + text[at + 1 :]
        )
    return text


@settings(max_examples=600)
@given(
    spellings()
    | st.ip_addresses().map(str)
    | st.text("0123456789abcdefABCDEF:.", max_size=40)
    | st.lists(st.integers(0, 300).map(str), min_size=3, max_size=5).map(".".join)
)
def test_addresses_are_read_as_by_the_standard_library(text):
    wanted = expected(text)
    if wanted is None and text.count(":") == 1:
        return  # an IPv4 address with a port
    assert parse(text) == wanted


@given(st.ip_addresses(v=4), st.integers(0, 65535))
def test_ports_quotes_and_spaces_are_left_out(address, port):
    for text in (f"{address}:{port}", f' "{address}" ', f"\t{address}:{port}"):
        assert parse(text) == (int(address) | MAPPED)


@given(st.ip_addresses(v=6), st.integers(0, 65535), st.sampled_from(["", "%eth0", "%en-1.2"]))
def test_brackets_and_zones_are_left_out(address, port, zone):
    for text in (f"[{address}{zone}]:{port}", f'"[{address}{zone}]"', f"{address}{zone}"):
        assert parse(text) == (int(address) or None)


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "unknown", "_hidden", "example.org", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4:",
        "1.2.3.4:123456", "[1.2.3.4]", "[::1", "::1]", "fe80::1%", "fe80::1%a%b", "fe80::1%]",
        "1" * 100, ":" * 100, "[" * 100, "1.2.3.4, 5.6.7.8", "::ffff:1.2.3.4.5", "12345::",
    ],
)  # fmt: skip
def test_anything_else_is_no_address(text):
    assert parse(text) is None


@given(st.binary(max_size=120))
def test_hostile_bytes_never_fail(raw):
    high, low = np.ones(1, np.uint64), np.ones(1, np.uint64)
    parse_addresses(padded(raw), np.array([[0, len(raw)]], np.int32), high, low)


@given(st.ip_addresses())
def test_canonical_text_reads_back(address):
    value = int(address) | MAPPED if address.version == 4 else int(address)
    text = canonical_address(value >> 64, value & 0xFFFFFFFFFFFFFFFF)
    assert parse(text) == (value or None)
    if address.version == 4:
        assert text == str(address)


def test_networks_are_those_of_the_contract():
    high, low = divmod(int(IPv6Address("2001:db8:1:2:3::4")), 1 << 64)
    assert canonical_network(high, low) == "2001:db8:1:2::/64"
    assert canonical_network(0, MAPPED | int(IPv4Address("10.1.2.3"))) == "10.1.2.0/24"
