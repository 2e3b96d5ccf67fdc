"""Rules and models can be left out; one opinion under two names counts once."""

import pytest

from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import LEARNED, Ledger, counts


@pytest.mark.parametrize("detector", sorted(LEARNED))
def test_rules_only_leaves_out_what_was_learned(detector: str) -> None:
    assert not counts(detector, rules=True, models=False)
    assert counts(detector, rules=False, models=True)


@pytest.mark.parametrize("detector", ["payload", "scanning", "automation"])
def test_models_only_leaves_out_what_was_written_by_hand(detector: str) -> None:
    assert counts(detector, rules=True, models=False)
    assert not counts(detector, rules=False, models=True)


def test_an_opinion_that_changes_its_name_counts_once() -> None:
    ledger = Ledger()
    case = ledger.open(("client", 1), EntityRef("client", "192.0.2.1"), 0)
    ledger.add(case, Evidence("ensemble", AttackType.ANOMALY, 4.0), "ensemble", 0, 1)
    once = case.risk
    ledger.withdraw(case, "ensemble", AttackType.SCRAPING)
    ledger.add(case, Evidence("ensemble", AttackType.SCRAPING, 4.0), "ensemble", 1, 2)
    assert list(case.families) == [AttackType.SCRAPING]
    assert case.risk == pytest.approx(once)


def test_what_others_say_under_the_old_name_stays() -> None:
    ledger = Ledger()
    case = ledger.open(("client", 1), EntityRef("client", "192.0.2.1"), 0)
    for name in ("ensemble", "profile"):
        ledger.add(case, Evidence(name, AttackType.ANOMALY, 4.0), name, 0, 1)
    ledger.withdraw(case, "ensemble", AttackType.SCRAPING)
    assert list(case.families[AttackType.ANOMALY].strongest) == ["profile"]
    assert case.families[AttackType.ANOMALY].llr == pytest.approx(4.0)
