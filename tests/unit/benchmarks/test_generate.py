"""The generated logs: exact, repeatable, valid, and with the attacks that they promise."""

import gzip
import io
import json
import re
import tomllib
from datetime import UTC, datetime

import numpy as np
import pytest
from benchmarks.generate import START, LogPlan, main, write_log
from benchmarks.layouts import LAYOUTS, crowd_addresses, json_escaped, nginx_escaped
from benchmarks.measure import ROOT
from benchmarks.payloads import SHARES, TEMPLATES, attack_requests
from benchmarks.rows import expanded, times_of, zipf
from benchmarks.shop import SiteSize, build_site

SMALL = SiteSize(clients=300, products=400, queries=800, agents=120, payloads=700, attackers=20)
SITE = build_site(7, SMALL)
COMBINED = re.compile(
    rb'(\S+) - (\S+) \[([^\]]+)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+) '
    rb'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"'
)
CUSTOM = re.compile(
    rb'(\S+) - (\S+) \[([^\]]+)\] (\S+) "((?:[^"\\]|\\.)*)" (\d{3}) (\d+) (\d+\.\d{3}) '
    rb'"((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" (\d+) "(\d+\.\d{3})" ([0-9a-f]{32})'
)


def log_of(layout="combined", **plan):
    stream = io.BytesIO()
    size = plan.pop("size", SMALL)
    planted = write_log(LogPlan(size=size, **plan), layout, stream, SITE if size is SMALL else None)
    return stream.getvalue(), planted


def lines_of(layout="combined", **plan):
    return log_of(layout, **plan)[0].splitlines()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_the_same_plan_gives_the_same_bytes(layout):
    assert log_of(layout, lines=3_000) == log_of(layout, lines=3_000)


def test_another_seed_gives_another_log():
    assert log_of(lines=500, seed=8, size=SiteSize(50, 50, 50, 100, 50, 5)) != log_of(
        lines=500, seed=9, size=SiteSize(50, 50, 50, 100, 50, 5)
    )


@pytest.mark.parametrize("lines", [1, 999, 12_345])
def test_a_log_has_exactly_the_lines_that_were_asked_for(lines):
    data = log_of(lines=lines)[0]
    assert data.count(b"\n") == lines
    assert data.endswith(b"\n")


def test_every_combined_line_is_valid_and_in_order():
    last = datetime.fromtimestamp(START / 1e6, UTC)
    for line in lines_of(lines=8_000):
        found = COMBINED.fullmatch(line)
        assert found, line
        time = datetime.strptime(found[3].decode(), "%d/%b/%Y:%H:%M:%S %z")
        assert time >= last
        last = time


def test_every_custom_line_is_valid():
    assert all(CUSTOM.fullmatch(line) for line in lines_of("custom", lines=4_000))


def test_every_json_line_holds_a_request():
    for line in lines_of("ndjson", lines=4_000):
        request = json.loads(line)
        assert request["method"]
        assert request["url"]
        assert datetime.fromisoformat(request["ts"]).tzinfo is not None


def test_every_mapped_line_has_the_names_of_the_mapping():
    mapping = tomllib.loads((ROOT / "benchmarks" / "mapping.toml").read_text())["fields"]
    for line in lines_of("mapped", lines=2_000):
        found = json.loads(line)
        assert set(found) == set(mapping)
        assert all(set(found[name]) == set(mapping[name]) for name in ("client", "req", "res"))


def test_layouts_tell_of_the_same_requests():
    combined = [COMBINED.fullmatch(line) for line in lines_of(lines=2_000)]
    requests = [json.loads(line) for line in lines_of("ndjson", lines=2_000)]
    assert [int(found[5]) for found in combined] == [request["status"] for request in requests]
    assert [found[1].decode() for found in combined] == [r["peer_ip"] for r in requests]


@pytest.mark.parametrize("share", [0.0, 0.03, 0.2])
def test_the_share_of_attacks_is_near_the_one_asked_for(share):
    attackers = set(SITE.clients[SMALL.clients : SMALL.clients + SMALL.attackers])
    lines = lines_of(lines=30_000, attacks=share, campaigns=False)
    found = sum(line.split(b" ", 1)[0] in attackers for line in lines) / len(lines)
    assert found == pytest.approx(share, rel=0.35, abs=0.001)


def test_attack_requests_are_distinct_and_of_all_families():
    requests = attack_requests(np.random.default_rng(1), 5_000)
    assert len(set(requests)) == 5_000
    assert {request.family for request in requests} == set(SHARES) == {*TEMPLATES, "probing"}


def test_an_attack_request_has_no_byte_that_ends_a_request_line():
    for request in attack_requests(np.random.default_rng(2), 3_000):
        assert not set(request.target) & {0x20, 0x0A, 0x0D, 0x00}


def test_the_log_holds_what_the_campaigns_say():
    data, planted = log_of(lines=20_000)
    assert [c.attack_type for c in planted] == [
        "brute_force", "credential_stuffing", "scanning", "scraping",
    ]  # fmt: skip
    by_client = {}
    for line in data.splitlines():
        client, _, rest = line.partition(b" ")
        by_client.setdefault(client, []).append(rest)
    for campaign in planted:
        assert sum(len(by_client[c.encode()]) for c in campaign.clients) == campaign.requests
    guesses = by_client[planted[0].clients[0].encode()]
    assert all(b'"POST /api/v1/login HTTP/2.0" 401 ' in line for line in guesses)


def test_stuffing_succeeds_at_its_end():
    data, planted = log_of("ndjson", lines=20_000)
    sources = set(planted[1].clients)
    requests = [json.loads(line) for line in data.splitlines()]
    statuses = [r["status"] for r in requests if r["peer_ip"] in sources]
    assert statuses[-1] == 200
    assert statuses[0] == 401


def test_in_a_crowd_every_client_comes_once_but_one():
    data, (campaign,) = log_of(lines=8_000, crowd=True, rate=2_000.0)
    clients = [line.split(b" ", 1)[0] for line in data.splitlines()]
    guesser = campaign.clients[0].encode()
    others = [client for client in clients if client != guesser]
    assert len(set(others)) == len(others)
    assert clients.count(guesser) == campaign.requests == 400
    where = [k for k, client in enumerate(clients) if client == guesser]
    assert where[0] < 400
    assert where[-1] > 7_000


def test_crowd_addresses_are_distinct():
    numbers = np.concatenate([np.arange(50_000), np.arange(2**31, 2**31 + 50_000)])
    assert len(set(crowd_addresses(numbers))) == numbers.size


def test_many_clients_in_few_lines_come_for_short_visits():
    size = SiteSize(4_000, 400, 800, 120, 200, 20)
    lines = lines_of(lines=5_000, size=size, campaigns=False)
    assert len({line.split(b" ", 1)[0] for line in lines}) > 1_500


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (b"/plain?a=b%20c", b"/plain?a=b%20c"),
        (b'a"b', rb"a\x22b"),
        (b"a\\b", rb"a\x5Cb"),
        (b"\x16\x03\xff\n", rb"\x16\x03\xFF\x0A"),
    ],
)
def test_text_is_escaped_as_nginx_does(text, escaped):
    assert nginx_escaped(text) == escaped


@pytest.mark.parametrize("text", [b"plain", b'"\\', b"\x00\x16\xff\x7f", b"\n\t"])
def test_json_text_comes_back(text):
    assert json.loads(b'"' + json_escaped(text) + b'"').encode("latin-1") == text


def test_expanded_counts_from_zero_for_each_owner():
    owner, position = expanded(np.array([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert position.tolist() == [0, 1, 0, 1, 2]


def test_times_add_up_the_gaps_of_their_owner():
    owner, position = expanded(np.array([2, 2]))
    times = times_of(np.array([10, 1_000]), owner, position, np.array([9.0, 1.0, 9.0, 2.0]))
    assert times.tolist() == [10, 1_000_010, 1_000, 2_001_000]


def test_small_numbers_are_drawn_more_often():
    drawn = zipf(np.random.default_rng(3), 1_000, 0.8, 20_000)
    assert drawn.min() >= 0
    assert drawn.max() < 1_000
    assert (drawn < 100).mean() > 0.3


def test_packed_output_holds_the_same_log_and_no_time(tmp_path):
    plain, packed, truth = (tmp_path / name for name in ("a.log", "a.log.gz", "truth.json"))
    options = ["--lines", "1500", "--clients", "200", "--output"]
    main([*options, str(plain), "--truth", str(truth)])
    main([*options, str(packed)])
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    assert packed.read_bytes()[3:8] == bytes(5)
    assert len(json.loads(truth.read_text())) == 4
