"""Impossible travel through the whole pipeline, with a database and without."""

import json

import pytest
from tests.unit.mmdb_files import database

from apisentinel.enrichment import EnrichmentSettings
from apisentinel.enrichment.settings import GeoSettings
from apisentinel.errors import ConfigError
from apisentinel.pipeline import ScanSettings, ScoreSession

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
OTHER = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
CITIES = {
    "192.0.2.0/24": {"country": {"iso_code": "DE"}, "asn": "AS3320",
                     "location": {"latitude": 52.5, "longitude": 13.4}},
    "198.51.100.0/24": {"country": {"iso_code": "PE"}, "asn": "AS6147",
                        "location": {"latitude": -12.0, "longitude": -77.0}},
}  # fmt: skip


def lines(away: str = "198.51.100.7") -> list[str]:
    visits = [(day, 10, "192.0.2.1", AGENT) for day in range(1, 6)] + [(5, 11, away, OTHER)]
    return [
        json.dumps({
            "ts": f"2026-11-{day:02d}T{hour}:00:{k:02d}Z", "method": "GET", "path": "/me",
            "client_ip": ip, "user_agent": agent, "user_id": "u1",
            "session_id": f"s{day}-{hour}", "status": 200,
        })
        for day, hour, ip, agent in visits
        for k in range(3)
    ]  # fmt: skip


@pytest.fixture
def settings(tmp_path) -> ScanSettings:
    (tmp_path / "city.mmdb").write_bytes(database(CITIES))
    geo = GeoSettings(country=tmp_path / "city.mmdb")
    return ScanSettings(enrichment=EnrichmentSettings(geo=geo))


def answers(settings: ScanSettings, some: list[str], *, piecewise: bool = False) -> list[dict]:
    session = ScoreSession(settings)
    if piecewise:
        return [json.loads(session.score(one.encode() + b"\n")) for one in some]
    return [json.loads(one) for one in session.score("\n".join(some).encode()).splitlines()]


def test_the_user_is_told_at_the_first_request_from_far_away(settings):
    told = answers(settings, lines())
    first = next(one for one in told if one["risk"] >= 40)
    assert told.index(first) == 15
    assert "account_takeover" in first["attack_types"]
    assert first["detectors"]["impossible_travel"] > 0.5
    assert "speed between two sign-ins" in first["reason"]
    assert answers(settings, lines(), piecewise=True) == told


def test_without_a_database_and_at_home_nothing_is_said(settings):
    assert max(one["risk"] for one in answers(ScanSettings(), lines())) < 40
    assert max(one["risk"] for one in answers(settings, lines("192.0.2.9"))) < 40


def test_a_wrong_path_stops_the_start(tmp_path):
    geo = GeoSettings(asn=tmp_path / "absent.mmdb")
    with pytest.raises(ConfigError, match="absent"):
        ScoreSession(ScanSettings(enrichment=EnrichmentSettings(geo=geo)))
