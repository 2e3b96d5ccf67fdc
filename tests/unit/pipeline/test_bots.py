"""Proven, disproven and claimed programs through the whole pipeline."""

import json
import random

import pytest
from tests.unit.signed_requests import AGENT, KEY, OTHER, key_set, signed

from apisentinel.enrichment import EnrichmentSettings
from apisentinel.enrichment.settings import BotSettings
from apisentinel.pipeline import ScanSettings, ScoreSession

GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SMALL = "ExampleBot/1.0 (+https://bot.example)"
BEGIN = 1_793_000_000
INSIDE, HOSTED, OWN = "203.1.2.9", "93.184.216.34", "66.249.70.1"


@pytest.fixture
def settings(tmp_path) -> ScanSettings:
    (tmp_path / "google").write_text('{"prefixes": [{"ipv4Prefix": "203.1.2.0/24"}]}')
    bots = BotSettings(
        ranges={"googlebot": tmp_path / "google"}, keys=(key_set(tmp_path / f"{AGENT}.json"),)
    )
    return ScanSettings(enrichment=EnrichmentSettings(bots=bots))


def line(k: int, agent: str = GOOGLE, ip: str = HOSTED, **more: object) -> str:
    fields = {
        "ts": BEGIN + k, "method": "GET", "path": f"/articles/{k * 7919 % 5000}", "status": 200,
        "client_ip": ip, "user_agent": agent, "host": "shop.example",
    }  # fmt: skip
    return json.dumps(fields | more)


def answers(settings: ScanSettings, lines: list[str], pieces: list[int] | None = None):
    session = ScoreSession(settings)
    out, at = [], 0
    for size in pieces or [len(lines)]:
        text = "\n".join(lines[at : at + size]).encode() + b"\n"
        out += [json.loads(one) for one in session.score(text).splitlines()]
        at += size
    return out


def highest(settings: ScanSettings, lines: list[str]) -> tuple[int, float]:
    told = answers(settings, lines)
    return max(one["risk"] for one in told), max(
        one["detectors"].get("fake_bot", 0.0) for one in told
    )


def hurried(ip: str, agent: str = GOOGLE) -> list[str]:
    return [line(k // 20, agent, ip, path=f"/articles/{k}") for k in range(200)]


def test_a_crawler_from_its_published_networks_may_hurry(settings):
    assert highest(settings, hurried(INSIDE))[0] < 40


def test_the_published_networks_take_the_place_of_ours(settings):
    """An address inside of what we know by hand, and outside of what the operator publishes."""
    lines = [line(k * 60, ip=OWN) for k in range(12)]
    risk, fake = highest(settings, lines)
    assert risk >= 40
    assert fake > 0.5
    assert highest(ScanSettings(), lines)[1] == 0.0


def test_one_look_under_a_crawlers_name_is_no_alert(settings):
    assert highest(settings, [line(k) for k in range(3)])[0] < 40


def test_an_attack_is_told_whoever_it_is(settings):
    lines = [line(k, ip=INSIDE, query="q=1' UNION SELECT password FROM users--") for k in range(4)]
    assert highest(settings, lines)[0] >= 60


def test_a_right_signature_excuses_a_small_crawler(settings):
    lines = [
        line(k // 20, SMALL, headers=signed(BEGIN + k // 20), path=f"/articles/{k}")
        for k in range(200)
    ]
    assert highest(settings, lines)[0] < 40
    assert highest(ScanSettings(), lines)[0] >= 40


def test_a_wrong_signature_counts_where_right_ones_were_seen(settings):
    honest = [line(k, SMALL, INSIDE, headers=signed(BEGIN + k)) for k in range(3)]
    forged = [
        line(10 + k * 60, SMALL, headers=signed(BEGIN + 10 + k * 60, key=OTHER, named=KEY))
        for k in range(12)
    ]
    told = answers(settings, honest + forged)
    assert max(one["risk"] for one in told[:3]) < 40
    worst = max(told, key=lambda one: one["risk"])
    assert worst["risk"] >= 40
    assert "fake_bot" in worst["attack_types"]
    # a proxy that changes the host breaks every signature alike
    broken = [line(k * 60, SMALL, headers=signed(BEGIN + k * 60, host="inner")) for k in range(9)]
    assert highest(settings, broken)[0] < 40


def test_a_signature_from_another_network_is_replayed(settings):
    headers = signed(BEGIN, nonce="once", life=3_000)
    lines = [line(k, SMALL, INSIDE, headers=headers) for k in range(3)]
    lines += [line(10 + k * 60, SMALL, headers=headers) for k in range(12)]
    told = answers(settings, lines)
    assert max(one["risk"] for one in told[:3]) < 40
    assert max(one["risk"] for one in told) >= 40


def test_blocks_do_not_matter(settings):
    lines = hurried(INSIDE)[:60] + hurried(OWN)[:60]
    lines += [line(k, SMALL, headers=signed(BEGIN + k)) for k in range(20)]
    lines += [
        line(k, SMALL, "93.184.217.1", headers=signed(BEGIN + k, key=OTHER, named=KEY))
        for k in range(20)
    ]
    whole = answers(settings, lines)
    rng = random.Random(3)
    pieces: list[int] = []
    while sum(pieces) < len(lines):
        pieces.append(rng.randint(1, 50))
    assert answers(settings, lines, pieces) == whole
