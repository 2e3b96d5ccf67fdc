"""Incidents that have something in common, and how common each value is."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from apisentinel.api.query.shapes import incident_row
from apisentinel.pipeline.service import Service
from apisentinel.storage.query import Condition, Op, Page

MOST_VALUES: Final = 20
"""Entities and endpoints of an incident that are compared; more say no more."""
CANDIDATES: Final = 50
"""Incidents looked at for each value, the latest ones."""

WEIGHTS: Final = {"entities": 3.0, "endpoints": 1.0, "attack_types": 1.0}
"""What one value in common counts: the same actor says more than the same place."""


def values_of(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """The values by which an incident is compared."""
    entities = [str(each["id"]) for each in document.get("entities") or ()]
    return {
        "entities": entities[:MOST_VALUES],
        "endpoints": list(document.get("endpoints") or ())[:MOST_VALUES],
        "attack_types": list(document.get("attack_types") or ())[:MOST_VALUES],
    }


def similar_incidents(service: Service, document: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """The incidents that have the most in common with one, and prevalence of its values.

    Returns:
        ``items``: rows with ``similarity`` 0-1 and ``shared``; ``prevalence``: field, value, and
        the number of other incidents that have it.
    """
    own = values_of(document)
    newest = Page("last_ts", limit=CANDIDATES)
    found: dict[str, dict[str, Any]] = {}
    prevalence = []
    for field, values in own.items():
        for value in values:
            listing = service.control.list_incidents((Condition(field, Op.HAS, value),), newest)
            others = [each for each in listing.items if each["id"] != document["id"]]
            found |= {each["id"]: each for each in others}
            prevalence.append(
                {"field": field, "value": value, "incidents": max(0, listing.total - 1)}
            )
    ranked = sorted(
        (_compared(own, each) for each in found.values()),
        key=lambda entry: (-entry["similarity"], entry["id"]),
    )
    return {"items": ranked[:limit], "prevalence": prevalence}


def _compared(own: Mapping[str, Iterable[str]], other: Mapping[str, Any]) -> dict[str, Any]:
    theirs = values_of(other)
    shared = {field: sorted(set(values) & set(theirs[field])) for field, values in own.items()}
    both = sum(WEIGHTS[field] * len(values) for field, values in shared.items())
    either = sum(
        WEIGHTS[field] * len(set(values) | set(theirs[field])) for field, values in own.items()
    )
    row = incident_row(other)
    keep = ("id", "risk", "severity", "attack_types", "entities", "reason", "status", "verdict",
            "first_ts", "last_ts", "succeeded")  # fmt: skip
    return {
        **{name: row.get(name) for name in keep},
        "similarity": round(both / either, 3) if either else 0.0,
        "shared": {field: values for field, values in shared.items() if values},
    }
