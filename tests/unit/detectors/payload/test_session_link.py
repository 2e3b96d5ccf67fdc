"""A session id in a link of another site."""

import pytest
from tests.unit.detectors.payload.requests import batch_of, headers

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.detectors.payload.session_link import fixation_finding
from apisentinel.records.taxonomy import AttackType

FOREIGN = b"https://evil.example/start"


def found(**columns):
    batch = batch_of({"method": b"GET", "path": b"/login", "host": b"shop.example", **columns})
    detector = PayloadDetector()
    findings = detector.inspect(batch, detector.screen(batch))
    return {f.attack_type for row in findings for f in row}


@pytest.mark.parametrize("query", [b"PHPSESSID=abc123", b"a=1&jsessionid=74B0CB41", b"cfid=9"])
def test_a_foreign_link_with_a_session_is_found(query):
    assert found(query=query, referer=FOREIGN) == {AttackType.TOKEN_ABUSE}


@pytest.mark.parametrize(
    "columns",
    [
        {"referer": b"https://shop.example/cart"},
        {"referer": b"https://shop.example:8443/cart"},
        {},
        {"referer": FOREIGN, "headers": headers(cookie=b"PHPSESSID=abc123")},
    ],
)
def test_own_links_and_known_sessions_are_not(columns):
    assert found(query=b"PHPSESSID=abc123", **columns) == set()


def test_other_parameters_say_nothing():
    assert found(query=b"id=7&page=2", referer=FOREIGN) == set()


def test_the_host_may_stand_in_the_headers():
    block = headers(host=b"shop.example")
    assert fixation_finding(b"phpsessid=a", FOREIGN, None, block) is not None
    assert fixation_finding(b"phpsessid=a", b"http://shop.example/", None, block) is None
    assert fixation_finding(b"phpsessid=a", FOREIGN, None, None) is None
