"""Evidence to risk: the only place where suspicion gets a number."""

from apisentinel.scoring.attribution import attributed, counterfactual
from apisentinel.scoring.cases import Cases
from apisentinel.scoring.fusion import (
    PRIOR_LOG10,
    case_odds,
    pooled_log10_odds,
    pooled_log10_odds_of_many,
    risk_of,
    score_of,
)
from apisentinel.scoring.ledger import Ledger, LedgerSettings
from apisentinel.scoring.origin import LEARNED, counts

__all__ = [
    "LEARNED",
    "PRIOR_LOG10",
    "Cases",
    "Ledger",
    "LedgerSettings",
    "attributed",
    "case_odds",
    "counterfactual",
    "counts",
    "pooled_log10_odds",
    "pooled_log10_odds_of_many",
    "risk_of",
    "score_of",
]
