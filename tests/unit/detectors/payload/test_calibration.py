"""A threshold set on some sites holds on others: whole header names, kinds of values and sites are
kept out of what sets it.
"""

import numpy as np
import pytest
from tests.unit.detectors.payload.requests import batch_of

from apisentinel.detectors.payload import PayloadDetector, request_score
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT
from apisentinel.simulator.values import BENIGN, benign
from apisentinel.simulator.values.dice import Dice

CLAIMED = 0.01
"""Share of honest requests above the threshold that is asked for."""
WITHIN = 2.0
"""How many times as many may be above it on other sites."""
SITES, REQUESTS = 48, 90
KINDS_OF_SITE, HEADERS_OF_SITE = 4, 3
MEDIUM_LLR = 5.07
"""Nats of even odds, from which on a request is an alert."""

HEADERS = (
    "x-trace", "x-tenant", "x-widget", "x-flags", "x-origin-hint", "x-cart", "x-shape",
    "sec-fetch-dest", "sec-ch-ua-full-version-list", "sec-gpc", "priority", "accept-signature",
    "client-cert", "cache-status", "dpop", "x-forwarded-for", "forwarded", "via", "if-match",
)  # fmt: skip


class Site:
    """Sends honest values of a few kinds in a few headers of its own."""

    def __init__(self, number):
        self.dice = Dice(77, "site", number)
        self.kinds = [self.dice.pick(BENIGN) for _ in range(KINDS_OF_SITE)]
        self.headers = [self.dice.pick(HEADERS) for _ in range(HEADERS_OF_SITE)]

    def request(self):
        dice = self.dice
        value = benign(dice.pick(self.kinds), dice).text
        plain = value.replace(b"&", b"%26").replace(b"#", b"%23").replace(b"\n", b"%0A")
        header = benign("headers", dice).text.replace(b"\n", b" ").replace(b"\r", b" ")
        name = dice.pick(self.headers).encode()
        return {
            "path": b"/p",
            "query": b"q=" + plain.replace(b" ", b"+"),
            "headers": name + bytes([HEADER_SPLIT]) + header + bytes([HEADER_END]),
        }


def scores_of(detector, requests):
    found = (detector.inspect(batch_of(each), np.zeros(1, np.int32))[0] for each in requests)
    return np.array([request_score(each) for each in found])


@pytest.fixture(scope="module")
def sites():
    detector = PayloadDetector()
    made = []
    for number in range(SITES):
        site = Site(number)
        made.append((site, scores_of(detector, [site.request() for _ in range(REQUESTS)])))
    return made


def off_by(fixing, measured):
    """How many times as often honest requests lie above a threshold as was claimed."""
    ordered = np.sort(np.concatenate(fixing))
    cut = ordered[int(len(ordered) * (1 - CLAIMED))]
    return float((np.concatenate(measured) > cut).mean()) / CLAIMED


def test_on_other_sites(sites):
    scores = [each for _, each in sites]
    ratios = [off_by(scores[at::2], scores[1 - at :: 2]) for at in range(2)]
    assert max(ratios) <= WITHIN, ratios


def test_with_headers_never_seen(sites):
    for name in HEADERS:
        using = [each for site, each in sites if name in site.headers]
        others = [each for site, each in sites if name not in site.headers]
        if using and others:
            assert off_by(others, using) <= WITHIN * 1.5, name


def test_headers_by_grammar_are_no_alert_under_any_name():
    detector, dice = PayloadDetector(), Dice(5, "headers")
    requests = []
    for _ in range(800):
        name = "".join(dice.pick("abcdefghijklmnopqrstuvwxyz-") for _ in range(9)).encode()
        value = benign("headers", dice).text.replace(b"\n", b" ").replace(b"\r", b" ")
        line = b"x" + name + bytes([HEADER_SPLIT]) + value + bytes([HEADER_END])
        requests.append({"path": b"/p", "headers": line})
    scores = scores_of(detector, requests)
    assert (scores >= MEDIUM_LLR).mean() <= 0.005


def test_kinds_of_values_never_seen(sites):
    above = []
    for kind in BENIGN:
        using = [each for site, each in sites if kind in site.kinds]
        others = [each for site, each in sites if kind not in site.kinds]
        above.append(off_by(others, using))
    assert np.median(above) <= WITHIN, above
