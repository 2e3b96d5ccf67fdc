"""Properties of the pool: order, bounds, independence of order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.records.case import Case, FamilyCase
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import (
    Ledger,
    LedgerSettings,
    pooled_log10_odds,
    pooled_log10_odds_of_many,
    risk_of,
)
from apisentinel.scoring.fusion import TYPE_CAP, case_odds, soften, type_llr

llrs = st.floats(0, 60)
types = st.dictionaries(st.sampled_from(list(AttackType)), st.floats(0, 12), max_size=8)


@given(llrs, llrs)
def test_softening_keeps_the_order(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert soften(low) <= soften(high) <= 6.91


@given(st.floats(-60, 60), st.floats(0, 20))
def test_risk_rises_with_the_odds_and_stays_between_0_and_100(odds: float, more: float) -> None:
    assert 0.0 <= risk_of(odds) <= risk_of(odds + more) <= 100.0


@given(types, st.sampled_from(list(AttackType)), st.floats(0, 12))
def test_more_evidence_never_lowers_the_risk(
    known: dict[AttackType, float], kind: AttackType, llr: float
) -> None:
    more = known | {kind: max(llr, known.get(kind, 0.0))}
    assert pooled_log10_odds(more) >= pooled_log10_odds(known) - 1e-12


@given(types)
def test_the_order_of_evidence_does_not_matter(known: dict[AttackType, float]) -> None:
    backwards = dict(reversed(known.items()))
    assert abs(pooled_log10_odds(backwards) - pooled_log10_odds(known)) < 1e-9


@given(st.lists(llrs, max_size=30))
def test_one_type_alone_is_bounded(pieces: list[float]) -> None:
    assert type_llr(pieces) <= TYPE_CAP
    assert risk_of(pooled_log10_odds({AttackType.SQLI: type_llr(pieces)})) < 63


def test_no_evidence_is_low_and_one_firm_piece_is_medium() -> None:
    assert risk_of(pooled_log10_odds({})) == 12.5
    assert 40 <= risk_of(pooled_log10_odds({AttackType.SQLI: type_llr([7.5])})) < 60


def test_two_kinds_of_attack_are_high() -> None:
    assert risk_of(pooled_log10_odds({AttackType.SQLI: 6.9, AttackType.SCANNING: 6.9})) >= 80


def evidence(
    llr: float, kind: AttackType = AttackType.SQLI, *, succeeded: bool | None = None
) -> Evidence:
    return Evidence("payload", kind, llr, (), (), succeeded)


def test_repeats_of_the_same_evidence_add_nothing() -> None:
    ledger = Ledger()
    case = ledger.open(("client", 1), EntityRef("client", "192.0.2.1"), 0)
    first = ledger.add(case, evidence(6.0), "same", 0, 1)
    for k in range(100):
        assert ledger.add(case, evidence(6.0), "same", k, k) == first


def test_old_evidence_fades_and_the_peak_stays() -> None:
    ledger = Ledger()
    case = ledger.open(("client", 1), EntityRef("client", "192.0.2.1"), 0)
    high = ledger.add(case, evidence(6.9), "a", 0, 1)
    later = ledger.add(case, evidence(0.1, AttackType.SCANNING), "b", 3 * 86_400_000_000, 2)
    assert later < high
    assert case.peak == high


def test_a_shared_address_stays_below_high() -> None:
    ledger = Ledger()
    case = ledger.open(("client", 1), EntityRef("client", "192.0.2.1"), 0)
    case.shared = True
    for k, kind in enumerate((AttackType.SQLI, AttackType.SCANNING, AttackType.BRUTE_FORCE)):
        ledger.add(case, evidence(9.0, kind), str(k), 0, k)
    assert case.peak < 60


def test_success_raises_the_risk() -> None:
    risks = []
    for succeeded in (None, True):
        ledger = Ledger()
        case = ledger.open(("client", 1), EntityRef("client", "192.0.2.1"), 0)
        risks.append(
            ledger.add(case, evidence(8, AttackType.BRUTE_FORCE, succeeded=succeeded), "a", 0, 1)
        )
    assert risks[1] > risks[0] + 10


def test_the_ledger_is_bounded_and_keeps_the_worst() -> None:
    ledger = Ledger(LedgerSettings(cases=100))
    bad = ledger.open(("client", 0), EntityRef("client", "bad"), 0)
    ledger.add(bad, evidence(9), "a", 0, 1)
    for k in range(1, 2000):
        case = ledger.open(("client", k), EntityRef("client", str(k)), k)
        ledger.add(case, evidence(1.0), "a", k, 1)
    assert len(ledger.cases) <= 100
    assert ("client", 0) in ledger.cases
    assert ledger.dropped >= 1900


@given(
    st.dictionaries(st.sampled_from(list(AttackType)), st.floats(0.0, TYPE_CAP + 2.31), max_size=4)
)
def test_a_case_has_exactly_the_odds_of_its_pooled_types(llrs: dict[AttackType, float]) -> None:
    case = Case(
        key=("client", 1), ref=EntityRef("client", "192.0.2.1"), parent=0, first_ts=1, last_ts=1
    )
    for attack, llr in llrs.items():
        case.families[attack] = FamilyCase(first_ts=1)
        case.families[attack].llr = llr
    assert case_odds(case) == pooled_log10_odds(llrs)


@given(st.lists(st.lists(st.floats(0, 12), min_size=6, max_size=6), max_size=20), st.randoms())
def test_pooling_many_is_pooling_each_to_the_last_bit(rows: list[list[float]], random) -> None:
    kinds = random.sample(list(AttackType), 6)
    many = pooled_log10_odds_of_many(np.array(rows).reshape(-1, 6), kinds)
    alone = [pooled_log10_odds(dict(zip(kinds, row, strict=True))) for row in rows]
    assert many.tolist() == alone
