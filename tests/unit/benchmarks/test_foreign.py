"""Worlds of another author: the same from the same seed, readable, with ground truth that fits."""

from datetime import UTC, datetime

import pytest
from benchmarks.foreign.__main__ import SITES, START, build
from benchmarks.foreign.attacks import VARIANTS, plans
from benchmarks.foreign.core import World
from benchmarks.foreign.formats import SUFFIX, write
from benchmarks.foreign.matching import judge
from benchmarks.foreign.tables import tables

from apisentinel.pipeline import ScanSettings, scan

ONE_OF_EACH = {site.format: name for name, site in reversed(SITES.items())}


@pytest.fixture(scope="module")
def attacked():
    return build("bank", 3, 400, 5)


def test_the_same_seed_makes_the_same_world(attacked) -> None:
    again = build("bank", 3, 400, 5)
    assert attacked.w.hits == again.w.hits
    assert build("bank", 4, 400, 5).w.hits != again.w.hits


@pytest.mark.parametrize("name", ONE_OF_EACH.values(), ids=ONE_OF_EACH)
def test_the_product_reads_every_line(name: str, tmp_path) -> None:
    site = SITES[name](World(3, 0.05, START))
    site.honest(300)
    log = write(site, tmp_path)
    assert log.suffix == SUFFIX[site.format]
    lines = scan([str(log)], ScanSettings(models=False)).report.input
    assert (lines.lines, lines.parsed) == (len(site.w.hits), len(site.w.hits))


@pytest.mark.parametrize("name", SITES)
def test_every_site_can_be_attacked_in_several_ways(name: str) -> None:
    kinds = {plan.kind for plan in plans(SITES[name](World(5, 1.0, START)))}
    assert len(kinds) >= 8


def incident(campaign, *, names=(), places=(), kind="anomaly", later: float = 1.0) -> dict:
    when = datetime.fromtimestamp(campaign.first + later, UTC).isoformat()
    return {
        "id": "i-1", "entities": [{"kind": "client", "id": name} for name in names],
        "endpoints": list(places), "attack_types": [kind], "first_ts": when, "last_ts": when,
        "alert_ts": when,
    }  # fmt: skip


def test_an_incident_is_about_a_campaign_by_its_source_or_by_place_and_kind(attacked) -> None:
    campaign = next(c for c in attacked.w.campaigns.values() if c.requests)
    assert campaign.variant in VARIANTS
    method, path = min(campaign.places)
    source, place = min(campaign.actors), f"{method} {attacked.host}{path}"
    for told, found, right in (
        (incident(campaign, names=[source]), True, False),
        (incident(campaign, names=[source], kind=campaign.type), True, True),
        (incident(campaign, places=[place], kind=campaign.type), True, True),
        (incident(campaign, places=[place]), False, False),
        (incident(campaign, names=["192.0.2.1"]), False, False),
        (incident(campaign, names=[source], later=-9_000.0), False, False),
    ):
        line, about = judge(campaign, [told])
        assert (line["found"], line["right"], bool(about)) == (found, right, found)


def test_tables_count_what_is_false_and_what_is_found() -> None:
    one = {"kind": "BOLA", "variant": "paced", "found": True, "right": False}
    quiet = {"site": "bank", "attacks": 0, "requests": 9, "honest": 1e6, "false": [1, 2]}
    text = tables(
        [
            quiet | {"campaigns": []},
            quiet | {"attacks": 5, "false": [], "campaigns": [one, one | {"right": True}]},
        ]
    )
    assert "| bank | 18 | 2 | 0 |" in text
    assert "| BOLA |  | 2, 1, 2 |  |  | 2, 1, 2 |" in text
