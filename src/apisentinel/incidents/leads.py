"""Weak signs support a suspicion; together they are none.

Over a day every busy person leaves a few weak signs: a page that polls by itself, a pasted command,
a step left out. The detectors behind them are many, and the odds of different groups are added as
if the signs were independent, which for one active person they are not. So the first alert about an
entity needs a lead: one piece of evidence that nearly convinces by itself, or several different
places or fields that only lists of attackers name. Then all others count.
"""

from apisentinel.records.case import Case, FamilyCase
from apisentinel.records.taxonomy import AttackType

LEAD_LLR = 4.0
"""Strength (nats) of a lead, a bit below the 5.1 that alert alone. What supports by design stays
below: automation (3.5), the lone text of an ordinary client (3.6), takings without a past (2.4).
"""
BYPASS = 60.0
"""Risk, HIGH, that needs no lead: so many weak signs are no coincidence any more."""

LISTED = frozenset({AttackType.PROBING, AttackType.MASS_ASSIGNMENT})
"""Types whose pieces count together as a lead: nobody comes upon two such places by chance, or
fills in several fields of privileges that no form has.
"""


def has_lead(case: Case) -> bool:
    """True when one piece of evidence speaks for itself, or all together beyond doubt."""
    return case.risk >= BYPASS or any(
        _strongest(family) >= LEAD_LLR or (kind in LISTED and family.llr >= LEAD_LLR)
        for kind, family in case.families.items()
    )


def _strongest(family: FamilyCase) -> float:
    return max((piece.llr * family.fade for piece in family.strongest.values()), default=0.0)
