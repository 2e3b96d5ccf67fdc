"""Decisions: listed, tried, made and lifted. This version keeps and tells them; carrying them out
at a gateway is the business of whoever reads them.
"""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from apisentinel.api.access.audit import audited
from apisentinel.api.access.auth import address
from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.query.fields import DECISIONS
from apisentinel.api.query.paging import Asked
from apisentinel.api.query.shapes import row
from apisentinel.api.read.asking import Now, listing_of, projected
from apisentinel.api.read.models import Listing, Shape, problems
from apisentinel.api.respond.guards import canonical, check_action, objections
from apisentinel.api.respond.preview import condition_of, tried
from apisentinel.errors import RefusedError
from apisentinel.pipeline.service import Service
from apisentinel.storage.decisions import Decision
from apisentinel.storage.query import Condition, Op

router = APIRouter(prefix="/api/v1/decisions", tags=["decisions"])

TheService = Annotated[Service, Depends(get_service)]
Reader = Annotated[Principal, Depends(needs("read"))]
Responder = Annotated[Principal, Depends(needs("respond"))]
DecisionId = Annotated[str, Path(max_length=64, examples=["d-9f86d081884c7d65"])]

Scope = Literal["client", "network", "user", "session", "credential", "endpoint"]
Action = Literal["watch", "challenge", "rate_limit", "step_up", "revoke_session", "block"]
State = Literal["active", "expired", "lifted"]

HOUR_S: Final = 3_600
SHORTEST_S: Final = 60
LONGEST_S: Final = 365 * 24 * HOUR_S

DRY_RUN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "What it would have done; nothing was decided."}
}


class DecisionRow(Shape):
    """Something that is to be done to somebody until it ends."""

    id: str = Field("", examples=["d-9f86d081884c7d65"])
    scope: Scope = "client"
    value: str = Field("", examples=["203.0.113.9"])
    action: Action = "watch"
    reason: str = ""
    source: str = Field("manual", description="Who makes such decisions: `manual` is a person.")
    author: str = ""
    incident: str | None = Field(None, description="Id of the incident that it answers to.")
    state: State = "active"
    created: str | None = None
    expires: str | None = None
    ends: str | None = Field(None, description="When it is or was over, by time or by hand.")
    lifted_by: str | None = None
    enforcement: Literal["none"] = Field(
        "none", description="Nothing carries decisions out yet: `none` says so."
    )


class Wanted(BaseModel):
    """A decision to be made."""

    model_config = ConfigDict(extra="forbid")

    scope: Scope
    value: str = Field(min_length=1, max_length=1_000)
    action: Action
    duration_seconds: int = Field(
        ge=SHORTEST_S, le=LONGEST_S, description="How long it lasts; there is none for ever."
    )
    reason: str = Field(min_length=3, max_length=500)
    incident: str | None = Field(default=None, min_length=1, max_length=64)


class Objection(BaseModel):
    """Why a decision is refused."""

    code: Literal["allowed_range", "own_address", "share"]
    detail: str


class Preview(Shape):
    """What a decision would have done in the last 24 hours."""

    total_requests: int = Field(description="All requests of the period.")
    requests: int = Field(description="Those that the decision is about.")
    share: float
    clients: int
    clients_without_alert: int
    requests_without_alert: int
    share_without_alert: float
    complete: bool = Field(description="False when there are more clients than were looked at.")


class Tried(Shape):
    """A decision that was tried."""

    allowed: bool
    objections: list[Objection]
    preview: Preview


class Hits(Shape):
    """Requests since a decision was made that it is about."""

    id: str
    requests: int
    clients: int


def decision_row(document: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A decision as lists show it."""
    if document["ends"] > now:
        state = "active"
    else:
        state = "expired" if document["lifted_by"] is None else "lifted"
    return {**row(document), "state": state, "enforcement": "none"}


def _of_id(service: Service, name: str) -> dict[str, Any]:
    found = service.control.decision(name)
    if found is None:
        raise RefusedError(404, "there is no decision of this id")
    return found


@router.get(
    "", response_model=Listing[DecisionRow], responses=problems(400), summary="List decisions"
)
def list_decisions(
    _principal: Reader,
    asked: Annotated[Asked, Depends(listing_of(DECISIONS, ("state", "enforcement")))],
    service: TheService,
    clock: Now,
    *,
    active: Annotated[
        bool | None, Query(description="Only those in force, or only those that have ended.")
    ] = None,
) -> Json:
    """Decisions, newest first, ended ones too."""
    now = clock.now()
    conditions = asked.conditions
    if active is not None:
        ends = Condition("ends", Op.GTE, now + 1) if active else Condition("ends", Op.LTE, now)
        conditions = (*conditions, ends)
    with turn():
        found = service.control.list_decisions(conditions, asked.page)
    rows = projected([decision_row(each, now) for each in found.items], asked)
    return Json({"items": rows, "next": asked.next_cursor(found.next), "total": found.total})


@router.post(
    "",
    status_code=201,
    response_model=DecisionRow,
    responses={**DRY_RUN, **problems(404, 409)},
    summary="Make or try a decision",
)
def make_decision(
    request: Request,
    principal: Responder,
    wanted: Wanted,
    service: TheService,
    clock: Now,
    *,
    dry_run: Annotated[
        bool, Query(description="Only tell what it would have done, with status 200.")
    ] = False,
) -> Response:
    """Decides that something is done to a client, network, user, session, credential or endpoint.

    First it is tried on the requests of the last 24 hours. It is refused with 409 when it touches a
    network of `response.allow` or the address of the caller, or when too many of these requests
    came from clients without any alert. `watch` takes nothing away and is never refused.
    """
    now = clock.now()
    value = canonical(wanted.scope, wanted.value)
    check_action(wanted.scope, wanted.action)
    with turn():
        preview = tried(service, wanted.scope, value, now)
    caller = request.client.host if request.client else address(request)
    against = objections(
        scope=wanted.scope,
        value=value,
        action=wanted.action,
        caller=caller,
        preview=preview,
        settings=service.settings.response,
    )
    if dry_run:
        shown = {"allowed": not against, "objections": against, "preview": preview}
        return Json(shown)
    target = f"{wanted.scope}:{value}"
    with audited(
        request,
        principal,
        "decision.create",
        target,
        decided=wanted.action,
        seconds=wanted.duration_seconds,
        reason=wanted.reason,
        requests=preview["requests"],
        without_alert=preview["requests_without_alert"],
    ) as more:
        _check_duration(service, principal, wanted.duration_seconds)
        if wanted.incident is not None and service.control.get_incident(wanted.incident) is None:
            raise RefusedError(404, "there is no incident of this id")
        if against:
            raise ObjectionError(against)
        decision = Decision(
            id=f"d-{secrets.token_hex(8)}",
            scope=wanted.scope,
            value=value,
            action=wanted.action,
            reason=wanted.reason,
            source="manual",
            author=principal.actor,
            incident=wanted.incident,
            created=now,
            expires=now + wanted.duration_seconds * 1_000_000,
            ends=now + wanted.duration_seconds * 1_000_000,
        )
        service.control.add_decision(decision, service.settings.response.active)
        more["decision"] = decision.id
    made = decision_row(service.control.decision(decision.id) or {}, now)
    service.bus.publish("decisions", [made])
    return Json(made, 201)


class ObjectionError(RefusedError):
    """A guard stands against a decision."""

    def __init__(self, against: list[dict[str, str]]) -> None:
        details = "; ".join(each["detail"] for each in against)
        super().__init__(409, f"this decision is refused: {details}")
        self.more = {"objections": against}


def _check_duration(service: Service, principal: Principal, seconds: int) -> None:
    settings = service.settings.response
    hours = settings.admin_hours if principal.may("admin") else settings.responder_hours
    if seconds > hours * HOUR_S:
        raise RefusedError(403, f"{principal.actor} may decide for {hours:,} hours at most")


@router.get(
    "/{decision_id}",
    response_model=DecisionRow,
    responses=problems(404),
    summary="Show a decision",
)
def get_decision(
    _principal: Reader, decision_id: DecisionId, service: TheService, clock: Now
) -> Json:
    """One decision."""
    return Json(decision_row(_of_id(service, decision_id), clock.now()))


@router.get(
    "/{decision_id}/hits",
    response_model=Hits,
    responses=problems(404),
    summary="Count what a decision is about",
)
def get_hits(_principal: Reader, decision_id: DecisionId, service: TheService, clock: Now) -> Json:
    """Stored requests since it was made that it is about; of an ended one until its end."""
    found = _of_id(service, decision_id)
    end = max(min(found["ends"], clock.now() + 1), found["created"] + 1)
    with turn():
        condition = condition_of(found["scope"], found["value"])
        touched = service.events.touched((condition,), found["created"], end)
    return Json(
        {
            "id": decision_id,
            "requests": touched.requests,
            "clients": len(touched.clients),
            "complete": touched.is_whole,
        }
    )


@router.delete(
    "/{decision_id}",
    response_model=DecisionRow,
    responses=problems(404),
    summary="Lift a decision",
)
def lift_decision(
    request: Request,
    principal: Responder,
    decision_id: DecisionId,
    service: TheService,
    clock: Now,
) -> Json:
    """Ends a decision before its time; it stays in the list."""
    now = clock.now()
    with audited(request, principal, "decision.lift", decision_id):
        found = service.control.lift_decision(decision_id, principal.actor, now)
        if found is None:
            raise RefusedError(404, "there is no decision of this id in force")
    lifted = decision_row(found, now)
    service.bus.publish("decisions", [lifted])
    return Json(lifted)
