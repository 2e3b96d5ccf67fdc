"""Every alert about every type of attack says all of why."""

import math
from collections.abc import Iterator

import pytest

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.explaining import (
    LN_TEN,
    MEDIUM,
    explained,
    references,
    window_of,
)
from apisentinel.pipeline.prepare import prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.summary import Summary
from apisentinel.records.case import Case, FamilyCase
from apisentinel.records.evidence import EntityRef, Evidence, Explanation, Factor, Reason
from apisentinel.records.taxonomy import PAYLOAD_TYPES, REFERENCES, AttackType
from apisentinel.scoring import PRIOR_LOG10, attributed, case_odds, counterfactual, risk_of
from apisentinel.scoring.fusion import family_llr
from apisentinel.simulator import Simulation, plan


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Three hours with attacks of all types, judged; alerts carry their explanations."""
    settings = ScanSettings()
    watch, detector = Stopwatch(), PayloadDetector()
    enricher = Enricher(settings.enrichment)
    engine = Engine(settings, enricher, detector, watch)
    engine.cases.policy.explain = explained
    for block in Simulation(plan(3.0, 2.0, density=0.25, seed=77)).blocks():
        batch = parse_requests(block.text).batch
        engine.advance(prepare(batch, enricher, detector, watch))
    return engine


def of_sums(why: Explanation) -> Iterator[str]:
    """Shares that do not add up."""
    nats, above = sum(item.nats for item in why.reasons), why.log_odds - PRIOR_LOG10 * LN_TEN
    if not math.isclose(nats, above, abs_tol=0.02):
        yield f"nats {nats} are not {above}"
    told = sum(factor.contribution for item in why.reasons for factor in item.factors)
    if abs(why.base + told + why.rest - why.risk) > 0.05 or abs(why.rest) > 1.0:
        yield f"factors come to {told}, rest {why.rest}, risk {why.risk}"
    for item in why.reasons:
        if item.nats > 0.05 and item.points <= 0:
            yield f"{item.detector} adds {item.nats} nats and {item.points} points"


def of_factors(item: Reason) -> Iterator[str]:
    """Factors that lack something."""
    if not item.card.startswith("reference/detectors/") or not item.factors:
        yield f"card or factors of {item.detector}"
    for factor in item.factors:
        if not (factor.name and factor.window) or factor.actual in {None, ""}:
            yield f"{item.detector}: {factor}"
        if isinstance(factor.usual, int | float) and factor.n is None:
            yield f"{item.detector}: {factor.name} is usual from nothing"


def of_change(why: Explanation) -> Iterator[str]:
    """A counterfactual that changes nothing."""
    change = why.counterfactual
    if not change.text or change.risk >= MEDIUM:
        yield f"counterfactual {change}"
    if not change.without and "faded" not in change.text:
        yield f"nothing to change: {change}"


def of_references(why: Explanation) -> Iterator[str]:
    """References that lead nowhere."""
    if not why.references:
        yield "no references"
    for known in why.references:
        others = known["cwe"] or known["attack"] or known["capec"]
        if not (known["owasp"]["id"] and known["title"] and others):
            yield f"references {known}"


def complaints(why: Explanation) -> Iterator[str]:
    """What an explanation lacks."""
    if len(why.sentence) < 15 or not why.sentence.endswith("."):
        yield f"sentence {why.sentence!r}"
    if not why.reasons:
        yield "no reasons"
    yield from of_sums(why)
    for item in why.reasons:
        yield from of_factors(item)
    if not why.evidence or not all(found.match and found.where for found in why.evidence):
        yield f"evidence {why.evidence}"
    yield from of_change(why)
    if not (0 < why.confidence <= 100 and why.data):
        yield f"confidence {why.confidence}, {why.data!r}"
    yield from of_references(why)


def test_every_alert_says_all_of_why(engine: Engine) -> None:
    alerts = engine.cases.policy.alerts
    assert len(alerts) > 100
    wrong = {}
    for alert in alerts:
        assert alert.explanation is not None
        found = list(complaints(alert.explanation))
        if found:
            wrong[alert.attack_type, alert.evidence[0].detector] = found
    assert wrong == {}


def test_every_type_of_attack_is_walked(engine: Engine) -> None:
    """All types but the few that a short simulation may not bring to an alert."""
    seen = {
        item.attack_type
        for alert in engine.cases.policy.alerts
        if alert.explanation is not None
        for item in alert.explanation.reasons
    }
    missing = set(AttackType) - seen
    assert len(missing) <= 4, sorted(missing)


def test_the_matched_part_is_shown_with_its_layers(engine: Engine) -> None:
    chains = [
        found
        for alert in engine.cases.policy.alerts
        if alert.attack_type in PAYLOAD_TYPES and alert.explanation is not None
        for found in alert.explanation.evidence
        if found.decoded
    ]
    assert chains
    assert all(len(found.decoded) >= 2 for found in chains)
    assert all(found.decoded[0] != found.decoded[-1] for found in chains)


def test_incidents_of_a_report_carry_explanations(engine: Engine) -> None:
    incidents = Summary(engine).incidents()
    assert incidents
    for incident in incidents:
        why = incident.explanation
        assert why is not None
        assert why.risk == incident.risk
        told = sum(factor.contribution for factor in incident.factors)
        assert told == pytest.approx(incident.risk - why.base, abs=1.0)
        assert all(factor.window for factor in incident.factors)
        assert why.counterfactual.text


def case_of(*pieces: tuple[str, AttackType, float]) -> Case:
    case = Case(key=("client", 1), ref=EntityRef("client", "192.0.2.1"))
    for name, kind, llr in pieces:
        family = case.families.setdefault(kind, FamilyCase())
        factor = Factor(f"things of {name}", 9, 1.0, "things")
        family.strongest[name] = Evidence(name, kind, llr, (factor,))
        family.llr = family_llr(family)
    case.risk = case.peak = risk_of(case_odds(case))
    return case


def test_shares_add_up_to_the_odds() -> None:
    case = case_of(
        ("scraping", AttackType.SCRAPING, 6.0), ("pace", AttackType.SCRAPING, 5.0),
        ("crawling", AttackType.CRAWLING, 4.0), ("payload", AttackType.SQLI, 9.0),
        ("foreign_objects", AttackType.BOLA, 5.5), ("many_objects", AttackType.BOLA, 2.0),
    )  # fmt: skip
    shares = [nats for _, _, nats in attributed(case)]
    assert sum(shares) == pytest.approx((case_odds(case) - PRIOR_LOG10) * LN_TEN)
    assert shares == sorted(shares, reverse=True)


def test_what_lowers_the_risk_does() -> None:
    case = case_of(("payload", AttackType.SQLI, 6.5), ("pace", AttackType.SCRAPING, 5.2))
    removed, risk = counterfactual(case, MEDIUM)
    assert len(removed) == 2
    assert risk == pytest.approx(risk_of(PRIOR_LOG10))
    one = case_of(("payload", AttackType.SQLI, 6.5), ("pace", AttackType.SCRAPING, 2.0))
    assert [name for _, name in counterfactual(one, MEDIUM)[0]] == ["payload"]
    assert "instead of 9" in explained(one).counterfactual.text
    low = case_of(("pace", AttackType.SCRAPING, 2.0))
    assert counterfactual(low, MEDIUM)[0] == []


def test_a_shared_address_says_so() -> None:
    case = case_of(("pace", AttackType.SCRAPING, 6.0))
    case.shared = True
    assert "share this address" in explained(case).data


def test_windows_stand_in_names_or_come_from_the_detector() -> None:
    assert window_of("brute_force", "failed logins in an hour") == "1 h"
    assert window_of("unknown", "things") == "since first seen"
    for name in type(ScanSettings().detectors).model_fields:
        assert window_of(name, "x") != "since first seen" or name == "anomaly", name


def test_every_type_has_references() -> None:
    found = {entry["attack_type"] for entry in references(kind.value for kind in REFERENCES)}
    assert found == {kind.value for kind in AttackType}
