"""The alert budget: what statistics alone may tell, and what is never held back."""

import pytest

from apisentinel.incidents import AlertPolicy, AlertSettings
from apisentinel.incidents.budget import BYPASS, DAY_US, AlertBudget
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import Ledger


def told(detector: str, count: int, budget: int, llr: float = 5.5, step_us: int = 1) -> AlertPolicy:
    """A policy after so many entities with one piece of evidence each."""
    policy, ledger = AlertPolicy(AlertSettings(budget=budget)), Ledger()
    for k in range(count):
        ts = 1 + k * step_us
        case = ledger.open(("client", k + 1), EntityRef("client", f"c{k}"), ts)
        evidence = Evidence(detector, AttackType.CRAWLING, llr)
        ledger.add(case, evidence, "x", ts, 1)
        policy.consider(case, evidence, ts, 1, "GET /")
    return policy


@pytest.mark.parametrize(
    ("detector", "budget", "alerts"),
    [("crawling", 0, 50), ("crawling", 10, 5), ("scanner_agent", 10, 50)],
)
def test_statistics_are_bounded_and_certainty_is_not(
    detector: str, budget: int, alerts: int
) -> None:
    policy = told(detector, 50, budget)
    assert len(policy.alerts) == alerts
    assert policy.budget.state.held == 50 - alerts


def test_the_budget_comes_back_within_a_day() -> None:
    assert len(told("crawling", 50, 10, step_us=DAY_US // 10).alerts) == 50


def test_the_risk_that_is_needed_rises_as_the_budget_is_used_up() -> None:
    budget = AlertBudget(10)
    needed = []
    for _ in range(10):
        needed.append(budget.needed(40.0, 1))
        budget.state.left -= 1
    assert needed == sorted(needed)
    assert (needed[0], needed[-1]) == (40.0, BYPASS)


def test_an_entity_is_held_once_and_told_when_more_is_known() -> None:
    policy = told("crawling", 20, 2)
    held = policy.budget.state.held
    ledger = Ledger()
    case = ledger.open(("client", 99), EntityRef("client", "c"), 2)
    for detector, alerts in (("crawling", 0), ("crawling", 0), ("payload", 1)):
        evidence = Evidence(detector, AttackType.SQLI, 6.0)
        ledger.add(case, evidence, detector, 2, 1)
        assert (policy.consider(case, evidence, 2, 1, "GET /") is not None) == alerts
    assert policy.budget.state.held == held + 1
