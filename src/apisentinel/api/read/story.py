"""An incident in time: what its entities asked for before, during and after, what was detected,
and what people did.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apisentinel.api.query.moments import LATEST_US, moment_text, parse_moment
from apisentinel.api.query.shapes import event_row, row
from apisentinel.pipeline.service import Service
from apisentinel.storage.query import Condition, Op, Page

AROUND_US: Final = 15 * 60_000_000
"""Time before and after an incident that is told with it."""
ENTITIES: Final = 50
"""Entities of an incident whose requests are told; the leading ones."""
SHOWN_EVENTS: Final = 200
POINTS: Final = 120

COLUMN_OF: Final = {
    "client": "client",
    "user": "user",
    "session": "session",
    "credential": "credential",
    "network": "network",
    "endpoint": "endpoint",
}
"""Column of an event that names an entity of each kind."""


def conditions_of(entities: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """The requests of the entities of the leading one's kind."""
    if not entities:
        return ()
    kind = str(entities[0].get("kind"))
    ids = [str(each["id"]) for each in entities if each.get("kind") == kind][:ENTITIES]
    return (Condition(COLUMN_OF.get(kind, "client"), Op.IN, tuple(ids)),)


def moment_of(value: Any) -> int | None:
    """µs of a time in a document."""
    return parse_moment(value, 0) if isinstance(value, str) else value


def incident_story(
    service: Service, document: Mapping[str, Any], alerts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The timeline of an incident.

    Returns:
        ``from``, ``to``; ``requests``: a chart by severity; ``events``: the worst requests;
        ``detections``: its alerts, shortened; ``people``: comments and what was set.
    """
    first = moment_of(document.get("first_ts"))
    last = moment_of(document.get("last_ts"))
    out: dict[str, Any] = {
        "from": None,
        "to": None,
        "requests": {"t": [], "series": [], "step_seconds": 0},
        "events": [],
        "detections": [
            {name: alert.get(name) for name in ("id", "ts", "entity", "attack_type", "risk",
             "severity", "reason", "endpoint")}
            for alert in alerts
        ],
        "people": [
            {"ts": comment["created"], "actor": comment["author"], "what": "comment",
             "text": comment["text"]}
            for comment in map(row, document.get("comments") or ())
        ],
    }  # fmt: skip
    wanted = conditions_of(document.get("entities") or ())
    if first is None or last is None or not wanted:
        return out
    begin, end = max(first - AROUND_US, 0), min(last + AROUND_US, LATEST_US)
    found = service.events.timeseries(wanted, begin, end, group="severity", points=POINTS)
    period = (Condition("ts", Op.GTE, begin), Condition("ts", Op.LTE, end))
    worst = service.events.list_events((*wanted, *period), Page("risk", limit=SHOWN_EVENTS))
    out["from"], out["to"] = moment_text(begin), moment_text(end)
    out["requests"] = {
        "t": [moment / 1e6 for moment in found.t],
        "series": [{"key": str(each["key"]), "v": each["v"]} for each in found.series],
        "step_seconds": found.step / 1e6,
    }
    shown = [event_row(each) for each in worst.items]
    out["events"] = sorted(shown, key=lambda event: (event["ts"] or "", event["seq"]))
    out["events_total"] = worst.total
    return out
