"""The benchmark counts what it says it counts."""

import pytest

from apisentinel.cli.evaluate import markdown, seeds_of
from apisentinel.errors import ConfigError
from apisentinel.evaluation import Benchmark, Outcome, evaluate
from apisentinel.evaluation.benchmark import group, wilson
from apisentinel.evaluation.matching import Planted, Told, about, family_of, outcome_of
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.evidence import EntityRef, Incident
from apisentinel.records.taxonomy import AttackType as T
from apisentinel.records.taxonomy import Severity

HOUR = 3_600_000_000


def incident(types, entities=(), endpoints=()):
    return Incident(
        id="i", risk=60, severity=Severity.HIGH, attack_types=tuple(types),
        entities=tuple(EntityRef(*item) for item in entities), first_ts=None, last_ts=None,
        alert_ts=None, requests=1, requests_before_alert=1, endpoints=tuple(endpoints), reason="",
        factors=(), samples=(),
    )  # fmt: skip


CAMPAIGN = Planted(
    "c1", T.SQLI, "burst", frozenset({"198.51.100.7", "u9"}), frozenset({"GET a /x"}),
    [10 * HOUR, 11 * HOUR, 12 * HOUR],
)  # fmt: skip


@pytest.mark.parametrize(
    ("types", "entities", "endpoints", "times", "is_about"),
    [
        ([T.SCRAPING], [("client", "198.51.100.7")], [], (10, 11, 11), True),
        ([T.SCRAPING], [("user", "u9")], [], (10, 11, 11), True),
        ([T.SCRAPING], [("network", "198.51.100.0/24")], [], (10, 11, 11), True),
        ([T.SCRAPING], [("network", "2001:db8::/32")], [], (10, 11, 11), False),
        ([T.SCRAPING], [("client", "198.51.100.8")], ["GET a /x"], (10, 11, 11), False),
        ([T.XSS], [("client", "198.51.100.8")], ["GET a /x"], (10, 11, 11), True),
        ([T.XSS], [("client", "198.51.100.8")], ["GET a /y"], (10, 11, 11), False),
        ([T.SQLI], [("client", "198.51.100.7")], [], (8, 11, 9), False),
        ([T.SQLI], [("client", "198.51.100.7")], [], (8, 9, 9), False),
        ([T.SQLI], [("client", "198.51.100.7")], [], (14, 15, 14), False),
        ([T.SQLI], [("client", "198.51.100.7")], [], (13, 15, 13), True),
    ],
    ids=["its client", "its user", "its network", "another network", "another type", "its endpoint",
         "another endpoint", "an alert from before", "over before", "long after", "soon after"],
)  # fmt: skip
def test_an_incident_is_about_a_campaign_or_not(types, entities, endpoints, times, is_about):
    first, last, alert = (time * HOUR for time in times)
    told = Told(incident(types, entities, endpoints), first, last, alert)
    assert bool(about(CAMPAIGN, [told])) is is_about


def test_the_outcome_says_how_soon():
    told = Told(incident([T.XSS]), 10 * HOUR, 12 * HOUR, 11 * HOUR)
    found = outcome_of(CAMPAIGN, [told], seed=1)
    assert (found.found, found.right_type, found.right_family) == (True, False, True)
    assert (found.seconds, found.until_alert) == (3_600.0, 2)
    missed = outcome_of(CAMPAIGN, [], seed=1)
    assert (missed.found, missed.seconds, missed.until_alert) == (False, None, None)


def test_every_attack_type_has_one_family():
    assert all(kind in family_of(kind) for kind in T)


def test_the_interval_holds_the_share():
    for of in (1, 5, 40):
        for hits in range(of + 1):
            low, high = wilson(hits, of)
            assert 0 <= low <= hits / of <= high <= 1
    assert wilson(0, 0) == (0.0, 1.0)


def test_groups_take_medians_over_what_was_found():
    rows = [
        Outcome(1, f"c{k}", "sqli", "burst", 9, k < 3, k < 2, k < 3, s, s)
        for k, s in enumerate((1, 5, 30, None))
    ]
    found = group("burst", rows)
    assert (found.campaigns, found.found, found.right_type, found.seconds) == (4, 3, 2, 5.0)


def test_a_small_benchmark_runs_and_repeats_itself():
    wanted = Benchmark(seeds=(5,), hours=1.0, rate=1.0, attacks="sqli,scanning")
    settings = ScanSettings(models=False)
    first, steps = evaluate(settings, wanted), []
    assert evaluate(settings, wanted, lambda name, _share: steps.append(name)) == first
    assert steps == ["seed 5, attacked", "seed 5, quiet"]
    assert first.total.campaigns == len(first.outcomes) > 0
    assert {item.type for item in first.outcomes} <= {"sqli", "scanning"}
    assert first.total.found > 0
    assert first.benign > 1_000
    page = markdown(first)
    assert "| sqli |" in page
    assert "per million" in page


@pytest.mark.parametrize("text", ["", "a", "3-1", "1,,2", "-4", "1-5000"])
def test_seeds_that_are_none_are_refused(text):
    with pytest.raises(ConfigError):
        seeds_of(text)
