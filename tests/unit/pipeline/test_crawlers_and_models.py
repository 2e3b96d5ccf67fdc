"""Models have nothing to say of crawlers: they are odd among people by nature."""

from types import SimpleNamespace

from apisentinel.pipeline.judge import Judge
from apisentinel.records.case import Case
from apisentinel.records.evidence import EntityRef, Evidence
from apisentinel.records.flags import AGENT_CLAIMS_GOOD_BOT
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring.ledger import Ledger, LedgerSettings


def case_with(kind: AttackType) -> Case:
    ledger = Ledger(LedgerSettings())
    case = ledger.open(("client", 1), EntityRef("client", "192.0.2.1"), 5)
    ledger.add(case, Evidence("rule", kind, 3.0), "rule", 5, 1)
    return case


def view(flags: int) -> SimpleNamespace:
    return SimpleNamespace(event={"agent_flags": flags})


def test_a_crawler_is_not_raised_by_models_unless_its_claim_is_contradicted() -> None:
    crawler = view(AGENT_CLAIMS_GOOD_BOT)
    assert Judge._is_crawler(crawler, None)  # type: ignore[arg-type]  # a stub
    assert Judge._is_crawler(crawler, case_with(AttackType.CRAWLING))  # type: ignore[arg-type]  # a stub
    assert not Judge._is_crawler(crawler, case_with(AttackType.FAKE_BOT))  # type: ignore[arg-type]  # a stub
    assert not Judge._is_crawler(view(0), None)  # type: ignore[arg-type]  # a stub
