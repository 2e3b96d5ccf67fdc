"""Weak signs alone raise no alert, whatever their sum; one lead makes them count."""

import pytest

from apisentinel.incidents import AlertPolicy
from apisentinel.incidents.leads import has_lead
from apisentinel.records.case import Case
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType as T
from apisentinel.scoring import Ledger

WEAK = ((T.AUTOMATION, 3.5), (T.XSS, 3.6))


def told(*pieces: tuple[T, float]) -> tuple[bool, Case]:
    """Whether an alert came, and the case; every piece has a signature of its own."""
    ledger, policy = Ledger(), AlertPolicy()
    case = ledger.open(("user", 1), EntityRef("user", "u"), 0)
    alerts = []
    for number, (kind, llr) in enumerate(pieces):
        piece = Evidence(kind.value, kind, llr)
        ledger.add(case, piece, f"{kind.value}|{number}", 0, 1)
        alerts.append(policy.consider(case, piece, 0, 1, "GET /"))
    return any(alerts), case


def test_weak_signs_of_two_kinds_stay_untold():
    is_told, case = told(*WEAK)
    assert case.risk > AlertPolicy().settings.threshold
    assert not is_told


@pytest.mark.parametrize("place", [0, 2])
def test_a_lead_makes_the_others_count(place: int):
    pieces = [*WEAK]
    pieces.insert(place, (T.BOLA, 4.2))
    assert told(*pieces)[0]
    assert not told((T.BOLA, 4.2))[0]


def test_so_many_weak_signs_are_no_coincidence():
    is_told, case = told(*WEAK, (T.SCANNING, 3.9), (T.MASS_ASSIGNMENT, 3.9))
    assert case.risk >= 60
    assert is_told


def test_places_that_only_lists_of_attackers_name_are_a_lead_together():
    several = ((T.PROBING, 3.5), (T.PROBING, 3.5))
    assert told(*several, (T.SCANNING, 1.5))[0]
    assert not told((T.PROBING, 3.5), (T.SCANNING, 3.5))[0]
    assert not told((T.XSS, 3.6), (T.XSS, 3.6), (T.SCANNING, 1.5))[0]


def test_a_lead_that_has_faded_is_none():
    _, case = told((T.BOLA, 4.2))
    assert has_lead(case)
    case.families[T.BOLA].fade = 0.5
    assert not has_lead(case)


def test_several_fields_of_privileges_are_a_lead_together():
    assert told((T.MASS_ASSIGNMENT, 3.7), (T.MASS_ASSIGNMENT, 3.1))[0]
    assert not told((T.MASS_ASSIGNMENT, 3.7), (T.AUTOMATION, 3.5))[0]
