"""How many entities a day may be told of for statistical reasons alone.

A statistical detector is wrong now and then, and people stop reading when it is often. With a
budget the risk that such an alert needs rises as the budget is used up, and falls again as the day
goes on. What rests on certain evidence is never held back, and what is held back is counted.
"""

import msgspec

from apisentinel.records.case import Case

DAY_US = 86_400_000_000
FREE_SHARE = 0.5
"""Share of the budget that is left up to which nothing changes."""
BYPASS = 90.0
"""Risk that is told whatever is left."""

STATISTICAL = frozenset(
    {
        "access_rate", "agent_switching", "automation", "crawling", "endpoint_flood",
        "endpoint_surge", "ensemble", "enumeration", "many_objects", "pace", "profile",
        "repeated_calls", "resource_abuse", "scraping", "sequence", "skipped_steps",
        "unusual_replies", "volume",
    }
)  # fmt: skip
"""Detectors that say "more than usual" rather than "this is an attack"."""


class BudgetMemory(msgspec.Struct, forbid_unknown_fields=True):
    """What of a budget is kept.

    Attributes:
        left: Alerts that may still be told.
        ts: Event time up to which the budget was refilled, µs; None before the first alert.
        held: Entities that were held back.
    """

    left: float = 0.0
    ts: int | None = None
    held: int = 0


class AlertBudget:
    """A bucket of alerts that fills evenly over a day of event time."""

    def __init__(self, per_day: int) -> None:
        self.per_day = per_day
        self.state = BudgetMemory(left=float(per_day))

    def needed(self, threshold: float, ts: int) -> float:
        """Risk that a statistical alert needs now.

        Args:
            threshold: What it needs without a budget.
            ts: Event time, µs.
        """
        if self.per_day == 0:
            return threshold
        state = self.state
        if state.ts is not None and ts > state.ts:
            refill = self.per_day * (ts - state.ts) / DAY_US
            state.left = min(state.left + refill, float(self.per_day))
        state.ts = ts if state.ts is None else max(ts, state.ts)
        share = max(state.left - 1.0, 0.0) / max(self.per_day - 1.0, 1.0)
        used = 1.0 - min(share / FREE_SHARE, 1.0)
        return threshold + (BYPASS - threshold) * used

    def holds(self, case: Case, threshold: float, ts: int) -> bool:
        """True when an alert about a case has to wait; else it is paid for."""
        if self.per_day == 0 or not is_statistical(case):
            return False
        if case.risk < self.needed(threshold, ts):
            self.state.held += not case.held
            case.held = True
            return True
        self.state.left = max(self.state.left - 1.0, 0.0)
        return False


def is_statistical(case: Case) -> bool:
    """True when nothing but statistics speaks against an entity."""
    return all(
        piece.detector in STATISTICAL
        for family in case.families.values()
        for piece in family.strongest.values()
    )
