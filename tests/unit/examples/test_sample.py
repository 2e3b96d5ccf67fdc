"""The sample log: what its script writes, small, and about nobody real."""

import re
from ipaddress import ip_address, ip_network

from examples.make_sample import PATH, sample

RESERVED = [
    ip_network(block)
    for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
LINE = re.compile(r'(\S+) - (\S+) \[[^\]]+\] "[^"]*" (\d{3}) \d+ "[^"]*" "([^"]*)"')


def test_the_file_is_what_the_script_writes():
    assert PATH.read_text("ascii") == sample()


def test_the_log_is_small():
    lines = sample().splitlines()
    assert 3_000 <= len(lines) <= 5_000
    assert PATH.stat().st_size < 1_000_000


def test_every_line_is_in_the_combined_format():
    assert [line for line in sample().splitlines() if not LINE.fullmatch(line)] == []


def test_every_address_is_reserved_for_documentation():
    clients = {ip_address(line.split(" ", 1)[0]) for line in sample().splitlines()}
    assert [c for c in clients if not any(c in block for block in RESERVED)] == []


def test_every_host_is_a_reserved_name():
    agents_own = {"www.google.com", "www.bing.com"}
    hosts = set(re.findall(r"(?:https?|ldap|rmi)://([a-z.]+)", sample())) - agents_own
    assert [host for host in hosts if not re.search(r"(^|\.)example(\.com)?$", host)] == []


def test_stuffing_ends_with_a_success():
    answers = [
        LINE.fullmatch(line)[3]
        for line in sample().splitlines()
        if line.startswith("198.51.100.249 ") and "/api/login" in line
    ]
    assert answers == ["401"] * 170 + ["200"]
