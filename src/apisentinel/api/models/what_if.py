"""What another threshold would have meant: alarms a day, and what would be lost."""

from typing import Any

from pydantic import Field

from apisentinel.api.query.shapes import incident_row
from apisentinel.api.read.models import Shape
from apisentinel.pipeline.service import Service
from apisentinel.storage.query import Condition, Op, Page

DAY_US = 86_400_000_000
MOST_INCIDENTS = 5_000
"""Newest incidents that are looked at."""
PAGE = 500
EXAMPLES = 5


class Counted(Shape):
    """What a threshold would have meant."""

    threshold: int = 0
    days: float = 0.0
    incidents: int = Field(0, description="Incidents of the period, whatever their risk.")
    alarms: int = Field(0, description="Those at or above the threshold.")
    alarms_per_day: float = 0.0
    confirmed_kept: int = Field(0, description="Judged true by people, at or above it.")
    confirmed_lost: int = Field(0, description="Judged true by people, below it.")
    false_kept: int = Field(0, description="Judged false or expected by people, at or above it.")
    false_avoided: int = Field(0, description="Judged false or expected by people, below it.")
    lost: list[dict[str, Any]] = Field(
        default_factory=list, description="Examples of confirmed incidents below it."
    )
    risks: list[int] = Field(
        default_factory=list, description="Incidents by risk, one number a point from 0 to 100."
    )
    complete: bool = Field(True, description="False when there are more than were looked at.")


def simulated(service: Service, threshold: int, days: float, now: int) -> dict[str, Any]:
    """Counts the stored incidents of a period for a threshold."""
    since = now - round(days * DAY_US)
    risks = [0] * 101
    counts = {"confirmed_kept": 0, "confirmed_lost": 0, "false_kept": 0, "false_avoided": 0}
    lost: list[dict[str, Any]] = []
    seen = 0
    page = Page(sort="last_ts", limit=PAGE)
    complete = True
    while True:
        found = service.control.list_incidents((Condition("last_ts", Op.GTE, since),), page)
        for document in found.items:
            seen += 1
            risk = min(max(int(document["risk"]), 0), 100)
            risks[risk] += 1
            name = _kind(document.get("verdict"), risk >= threshold)
            if name is not None:
                counts[name] += 1
            if name == "confirmed_lost" and len(lost) < EXAMPLES:
                shown = incident_row(document)
                lost.append({key: shown.get(key) for key in ("id", "risk", "reason")})
        if found.next is None:
            break
        if seen >= MOST_INCIDENTS:
            complete = False
            break
        page = Page(sort="last_ts", cursor=found.next, limit=PAGE)
    alarms = sum(risks[threshold:])
    return {
        "threshold": threshold,
        "days": days,
        "incidents": seen,
        "alarms": alarms,
        "alarms_per_day": round(alarms / days, 3),
        **counts,
        "lost": lost,
        "risks": risks,
        "complete": complete,
    }


def _kind(verdict: str | None, kept: bool) -> str | None:  # noqa: FBT001 (two plain facts)
    if verdict is None:
        return None
    if verdict == "true_positive":
        return "confirmed_kept" if kept else "confirmed_lost"
    return "false_kept" if kept else "false_avoided"
