import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from apisentinel.api.access.auth import address
from apisentinel.api.http.guard import Guard, host_check, host_name
from apisentinel.api.http.limits import CALLERS, ByteBudget, Rate
from apisentinel.clock import ManualClock
from apisentinel.errors import RefusedError
from apisentinel.pipeline.server_settings import ServerSettings


@given(
    per_minute=st.integers(1, 600),
    steps=st.lists(st.floats(0, 30), max_size=60),
)
def test_nobody_gets_more_than_the_rate_and_the_burst(per_minute, steps):
    clock = ManualClock()
    rate = Rate(per_minute, clock)
    taken = 0
    for step in steps:
        clock.advance(step)
        while rate.wait("me") == 0:
            taken += 1
    assert taken <= max(1, per_minute // 5) + sum(steps) * per_minute / 60 + 1e-6


@given(per_minute=st.integers(1, 600))
def test_waiting_as_told_is_enough(per_minute):
    clock = ManualClock()
    rate = Rate(per_minute, clock)
    while (seconds := rate.wait("me")) == 0:
        pass
    clock.advance(seconds)
    assert rate.wait("me") == 0


def test_callers_are_told_apart_and_their_number_is_bounded():
    rate = Rate(5, ManualClock())
    assert rate.wait("a") == 0
    assert rate.wait("a") > 0
    assert rate.wait("b") == 0
    for number in range(CALLERS + 10):
        rate.wait(str(number))
    assert len(rate._buckets) == CALLERS


@given(st.lists(st.integers(1, 40), max_size=30))
def test_the_budget_is_never_passed(sizes):
    budget = ByteBudget(100)
    held = []
    for size in sizes:
        if sum(held) + size > 100:
            with pytest.raises(RefusedError):
                budget.reserve(size)
        else:
            budget.reserve(size)
            held.append(size)
    assert budget.used == sum(held) <= 100
    for size in held:
        budget.release(size)
    assert budget.used == 0


@given(st.text(max_size=40))
def test_any_host_header_is_answered(header):
    host_name(header)
    host_check(ServerSettings())(header)


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("LOCALHOST", True),
        ("sentinel.example.", True),
        ("sentinel.example.attacker.net", False),
        ("localhost.attacker.net", False),
        ("[::1", False),
        ("a b", False),
        ("127.0.0.1:8080, attacker.net", False),
        ("", False),
    ],
)
def test_host_headers(header, good):
    check = host_check(ServerSettings(allowed_hosts=("sentinel.example",)))
    assert check(header) is good


def scope(headers, client=("10.0.0.1", 1)):
    return {"type": "http", "scheme": "http", "client": client, "headers": headers}


@pytest.mark.parametrize(
    ("hops", "forwarded", "expected"),
    [
        (0, b"1.2.3.4", "10.0.0.1"),
        (1, b"1.2.3.4", "1.2.3.4"),
        (1, b"6.6.6.6, 1.2.3.4", "1.2.3.4"),
        (2, b"6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        (2, b"1.2.3.4", "1.2.3.4"),
        (1, b"1.2.3.4:5555", "1.2.3.4"),
        (1, b"[2001:db8::1]:5", "2001:db8::1"),
        (1, b"", "10.0.0.1"),
    ],
)
def test_forwarded_addresses_count_from_our_side(hops, forwarded, expected):
    seen = scope([(b"x-forwarded-for", forwarded), (b"x-forwarded-proto", b"https")])
    Guard(None, ServerSettings(trusted_hops=hops))._believe_proxies(seen)
    assert seen["client"][0] == expected
    assert seen["scheme"] == ("https" if hops else "http")


def test_addresses_of_one_household_are_one_caller():
    def of(host):
        return address(HTTPConnection(scope([], (host, 1))))

    assert of("2001:db8:0:1::1") == of("2001:db8:0:1:ffff::2") == "2001:db8:0:1::"
    assert of("2001:db8:0:2::1") != of("2001:db8:0:1::1")
    assert of("192.0.2.1") == "192.0.2.1"
    assert of("fe80::1%eth0") == "fe80::"
