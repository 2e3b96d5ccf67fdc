"""Weak signs support a suspicion; together they are none.

Over a day every busy person leaves a few weak signs: a page that polls by itself, a pasted command,
a step left out. The detectors behind them are many, and the odds of different groups are added as
if the signs were independent, which for one active person they are not. So the first alert about an
entity needs a lead: one piece of evidence that nearly convinces by itself. Then all others count.
"""

from apisentinel.records.case import Case

LEAD_LLR = 4.0
"""Strength (nats) of a lead, a bit below the 5.1 that alert alone. What supports by design stays
below: automation (3.5), the lone text of an ordinary client (3.6), takings without a past (2.4).
"""
BYPASS = 60.0
"""Risk, HIGH, that needs no lead: so many weak signs are no coincidence any more."""


def has_lead(case: Case) -> bool:
    """True when one piece of evidence speaks for itself, or all together beyond doubt."""
    return case.risk >= BYPASS or any(
        piece.llr * family.fade >= LEAD_LLR
        for family in case.families.values()
        for piece in family.strongest.values()
    )
