"""When a case is over, and what its successor knows."""

from apisentinel.incidents import AlertPolicy
from apisentinel.records.case import Case
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import Ledger

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def alerted(ledger: Ledger, kind: str = "client") -> Case:
    made = ledger.open((kind, 7), EntityRef(kind, "192.0.2.7"), MINUTE)
    made.agent, made.attributes = "1", {"agent": "1"}
    evidence = Evidence("payload", AttackType.SQLI, 9.0)
    ledger.add(made, evidence, "x", MINUTE, 1)
    assert AlertPolicy().consider(made, evidence, MINUTE, 1, "GET /a") is not None
    return made


def test_another_program_at_an_alerted_address_is_another_visitor() -> None:
    ledger = Ledger()
    made = alerted(ledger)
    assert ledger.current(made.key, 5 * MINUTE, HOUR, "2") is made
    assert ledger.current(made.key, 30 * MINUTE, HOUR, "1") is made
    other = ledger.current(made.key, 30 * MINUTE, HOUR, "2")
    assert other is not None
    assert other is not made
    assert not other.attributes
    assert list(ledger.past) == [made]


def test_a_user_may_change_the_program() -> None:
    ledger = Ledger()
    made = alerted(ledger, "user")
    assert ledger.current(made.key, 30 * MINUTE, HOUR, "2") is made
    assert ledger.current(made.key, 2 * HOUR, HOUR, "1") is not made
