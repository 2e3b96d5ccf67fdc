"""Entities: who acts, how they usually act, and what belongs to them."""

import base64
import binascii
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query

from apisentinel.api.access.gate import needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.query.fields import ENTITIES, EVENTS
from apisentinel.api.query.filters import Filter
from apisentinel.api.query.paging import Asked
from apisentinel.api.query.shapes import (
    alert_row,
    clip,
    clipped,
    event_row,
    incident_row,
    time_of,
)
from apisentinel.api.read.asking import From, Now, To, filter_of, listing_of, projected
from apisentinel.api.read.compared import profile
from apisentinel.api.read.entity_query import select_entities
from apisentinel.api.read.figures import AMeasure, chart
from apisentinel.api.read.known import Known, checked_kind
from apisentinel.api.read.models import Chart, EntityRow, Listing, Shape, Week, problems
from apisentinel.api.read.story import COLUMN_OF
from apisentinel.errors import RefusedError
from apisentinel.features.actor_record import LABEL_BYTES
from apisentinel.pipeline.live import entities as live_entities
from apisentinel.pipeline.service import Service
from apisentinel.storage.query import Condition, Op, Page

router = APIRouter(
    prefix="/api/v1/entities", tags=["entities"], dependencies=[Depends(needs("read"))]
)

TheService = Annotated[Service, Depends(get_service)]
Kind = Annotated[str, Path(max_length=20, examples=["client"])]
EntityId = Annotated[
    str,
    Path(
        max_length=1000,
        description="Its id as lists give it, or `~` and the base64url of it.",
        examples=["203.0.113.9"],
    ),
]

LINKED: Final[dict[str, tuple[str, ...]]] = {
    "client": ("user", "session", "credential", "network", "user_agent", "endpoint"),
    "user": ("client", "session", "credential", "network", "user_agent", "endpoint"),
    "session": ("client", "user", "credential", "user_agent", "endpoint"),
    "credential": ("client", "user", "session", "network", "user_agent", "endpoint"),
    "network": ("client", "user", "session", "credential", "user_agent", "endpoint"),
    "endpoint": ("client", "user", "session", "credential", "network", "user_agent"),
}
"""What belongs to an entity of each kind, by the requests that name both."""

SHOWN: Final = 20
"""Alerts, incidents and links shown with an entity."""


def plain_id(text: str) -> str:
    """The id of an entity in an address.

    Example:
        >>> plain_id("203.0.113.9"), plain_id("~MjAzLjAuMTEzLjk")
        ('203.0.113.9', '203.0.113.9')
    """
    if not text.startswith("~"):
        return text
    try:
        data = text[1:] + "=" * (-len(text[1:]) % 4)
        return base64.b64decode(data, b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return text


def condition_of(kind: str, name: str) -> Condition:
    """The requests of an entity; its remembered id may be cut."""
    is_cut = kind in {"user", "session", "credential"} and len(name.encode()) >= LABEL_BYTES
    return Condition(COLUMN_OF[kind], Op.PREFIX if is_cut else Op.EQ, name)


def entity_of(service: Service, kind: str, name: str) -> dict[str, Any]:
    """An entity: as the engine remembers it, else as its stored requests show it.

    Raises:
        RefusedError: 404, nothing is known of it.
    """
    checked_kind(kind)
    row: dict[str, Any] | None = service.view(
        lambda engine: live_entities.entity(engine, kind, name)
    )
    if row is not None:
        row["behaviour"] = row.pop("profile", None)
        return {**clipped(row), "remembered": True}
    with turn():
        found = service.events.list_events((condition_of(kind, name),), Page("ts", limit=1))
    if not found.items:
        raise RefusedError(404, f"nothing is known of this {kind}")
    last = found.items[0]
    return {
        "kind": kind,
        "id": clip(name),
        "requests": found.total,
        "score": 0.0,
        "risk": 0,
        "severity": "LOW",
        "attack_types": [],
        "first_alert_request": None,
        "first_ts": None,
        "last_ts": time_of(last["ts"]),
        "agent_kind": last.get("agent_kind"),
        "remembered": False,
    }


@router.get("", response_model=Listing[EntityRow], responses=problems(400), summary="List entities")
def list_entities(
    asked: Annotated[Asked, Depends(listing_of(ENTITIES))],
    known: Known,
    kind: Annotated[
        str,
        Query(
            max_length=20,
            description="client, user, session, credential, network or endpoint.",
        ),
    ] = "client",
) -> Json:
    """Entities of one kind that the engine remembers, the highest score first.

    The list is at most two seconds old.
    """
    with turn():
        found = select_entities(known.entities(kind), asked.conditions, asked.page)
    shown = projected(found.items, asked)
    return Json({"items": shown, "next": asked.next_cursor(found.next), "total": found.total})


@router.get(
    "/{kind}/{entity_id:path}/profile",
    response_model=Shape,
    responses=problems(400, 404),
    summary="Compare an entity",
)
def get_profile(kind: Kind, entity_id: EntityId, service: TheService) -> Json:
    """Each measure now, as usual for this entity, and for its peers."""
    name = plain_id(entity_id)
    row = entity_of(service, kind, name)
    return Json(
        {
            "kind": kind,
            "id": row["id"],
            "profile": profile(service, kind, name),
            "behaviour": row.get("behaviour"),
        }
    )


@router.get(
    "/{kind}/{entity_id:path}/timeline",
    response_model=Chart,
    responses=problems(400, 404),
    summary="Tell an entity in time",
)
def get_timeline(  # noqa: PLR0913, PLR0917 (FastAPI calls it with names)
    kind: Kind,
    entity_id: EntityId,
    service: TheService,
    clock: Now,
    wanted: Annotated[Filter, Depends(filter_of(EVENTS))],
    group: Annotated[
        str | None,
        Query(max_length=40, description="A line for each value; severity for `requests`."),
    ] = None,
    measure: AMeasure = "requests",
) -> Json:
    """Its requests over time by severity, or another measure of them; the last day when no period
    is named.
    """
    checked_kind(kind)
    last = wanted.end if wanted.end is not None else clock.now() + 1
    first = wanted.begin if wanted.begin is not None else last - DAY_US
    own = Filter((*wanted.conditions, condition_of(kind, plain_id(entity_id))))
    lines = group if group in EVENTS.groupable else "severity" if measure == "requests" else None
    period = (min(max(first, 0), last - 1), last)
    return Json(chart(service, "events", own, period, lines, measure=measure))


@router.get(
    "/{kind}/{entity_id:path}/week",
    response_model=Week,
    responses=problems(400, 404),
    summary="Count an entity's requests by hour of the week",
)
def get_week(
    kind: Kind,
    entity_id: EntityId,
    service: TheService,
    clock: Now,
    wanted: Annotated[Filter, Depends(filter_of(EVENTS))],
) -> Json:
    """Seven days, Monday first, of 24 hours in UTC; of the last four weeks when no period is
    named.
    """
    checked_kind(kind)
    last = wanted.end if wanted.end is not None else clock.now() + 1
    first = wanted.begin if wanted.begin is not None else last - 28 * DAY_US
    own = Filter((*wanted.conditions, condition_of(kind, plain_id(entity_id))), first, last)
    with turn():
        counts = service.events.week(own.all_conditions(EVENTS))
    return Json({"kind": kind, "id": plain_id(entity_id), "counts": counts})


DAY_US: Final = 86_400_000_000


@router.get(
    "/{kind}/{entity_id:path}/links",
    response_model=Shape,
    responses=problems(400, 404),
    summary="List what belongs to an entity",
)
def get_links(
    kind: Kind, entity_id: EntityId, service: TheService, clock: Now, begin: From = None,
    end: To = None,
) -> Json:  # fmt: skip
    """What its requests have in common with: users, sessions, networks, user agents and so on."""
    checked_kind(kind)
    wanted = filter_of(EVENTS)(clock, begin or "now-1d", end)
    own = (*wanted.all_conditions(EVENTS), condition_of(kind, plain_id(entity_id)))
    with turn():
        found = service.events.facets(LINKED[kind], own, SHOWN)
    return Json(
        {
            "kind": kind,
            "id": plain_id(entity_id),
            "links": [
                {
                    "kind": name,
                    "values": [
                        {"id": value, "requests": count}
                        for value, count in found[name]
                        if value is not None
                    ],
                }
                for name in LINKED[kind]
            ],
        }
    )


@router.get(
    "/{kind}/{entity_id:path}/sessions",
    response_model=Shape,
    responses=problems(400, 404),
    summary="List the sessions of an entity",
)
def get_sessions(
    kind: Kind, entity_id: EntityId, service: TheService, clock: Now, begin: From = None,
    end: To = None,
) -> Json:  # fmt: skip
    """Its sessions with their requests, worst risk, errors and last use."""
    checked_kind(kind)
    wanted = filter_of(EVENTS)(clock, begin or "now-1d", end)
    own = (
        *wanted.all_conditions(EVENTS),
        condition_of(kind, plain_id(entity_id)),
        Condition("session", Op.NE, None),
    )
    with turn():
        found = service.events.top("session", own, 100)
    return Json(
        {
            "kind": kind,
            "id": plain_id(entity_id),
            "sessions": [
                {"id": each.pop("value"), **each, "last_ts": time_of(each["last_ts"])}
                for each in found
            ],
        }
    )


@router.get(
    "/{kind}/{entity_id:path}",
    response_model=EntityRow,
    responses=problems(400, 404),
    summary="Show an entity",
)
def get_entity(kind: Kind, entity_id: EntityId, service: TheService) -> Json:
    """One entity with its profile, newest alerts, incidents and worst requests."""
    name = plain_id(entity_id)
    row = entity_of(service, kind, name)
    own = (Condition("entity", Op.EQ, name), Condition("entity_kind", Op.EQ, kind))
    newest = Page("ts", limit=SHOWN)
    with turn():
        alerts = service.control.list_alerts(own, newest)
        incidents = service.control.list_incidents(
            (Condition("entities", Op.HAS, name),), Page("last_ts", limit=SHOWN)
        )
        events = service.events.list_events((condition_of(kind, name),), newest)
    return Json(
        {
            **row,
            "profile": profile(service, kind, name),
            "alerts": [alert_row(each) for each in alerts.items],
            "alerts_total": alerts.total,
            "incidents": [incident_row(each) for each in incidents.items],
            "events": [event_row(each) for each in events.items],
            "events_total": events.total,
        }
    )
