"""Incidents: what belongs together, why, and what people make of it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query

from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.http.etag import etag, expected, stale
from apisentinel.api.query.fields import ALERTS, INCIDENTS
from apisentinel.api.query.paging import Asked
from apisentinel.api.query.shapes import alert_row, incident_row, row
from apisentinel.api.read.asking import listing_of, projected
from apisentinel.api.read.explanation import incident_explanation
from apisentinel.api.read.explanation_models import Explanation
from apisentinel.api.read.graph import incident_graph
from apisentinel.api.read.models import (
    AlertRow,
    Bulk,
    BulkResult,
    Change,
    Comment,
    Feedback,
    IncidentDetail,
    IncidentRow,
    Listing,
    NewComment,
    Shape,
    problems,
)
from apisentinel.api.read.similar import similar_incidents
from apisentinel.api.read.stix import file_name, stix_bundle
from apisentinel.api.read.story import incident_story
from apisentinel.api.stream.triage import TheTriage
from apisentinel.errors import RefusedError
from apisentinel.pipeline.service import Service
from apisentinel.storage.base import StaleVersionError
from apisentinel.storage.findings import findings_mark
from apisentinel.storage.query import Condition, Op, Page

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

MEMBERS = ("factors", "samples", "version", "comment_count")
EXPLAINED_ALERTS = 500
"""Newest alerts whose evidence goes into the explanation of an incident."""

IncidentId = Annotated[str, Path(max_length=64, examples=["i-9f86d081884c7d65"])]
TheService = Annotated[Service, Depends(get_service)]
Reader = Annotated[Principal, Depends(needs("read"))]
Writer = Annotated[Principal, Depends(needs("write"))]
IfMatch = Annotated[
    str | None,
    Header(
        max_length=200,
        description="ETag of the last read, its version alone, or `*` to change any version.",
    ),
]


def incident_of(service: Service, name: str) -> dict[str, Any]:
    """One incident with its comments as it is stored.

    Raises:
        RefusedError: 404.
    """
    document: dict[str, Any] | None = service.control.get_incident(name)
    if document is None:
        raise RefusedError(404, "there is no incident of this id")
    return document


def _shown(document: dict[str, Any]) -> Json:
    shown = incident_row(document)
    shown["comments"] = [row(comment) for comment in document.get("comments") or ()]
    answer = Json(shown)
    answer.headers["ETag"] = etag(
        int(document["version"]), findings_mark(document), bytes(answer.body)
    )
    return answer


@router.get(
    "", response_model=Listing[IncidentRow], responses=problems(400), summary="List incidents"
)
def list_incidents(
    _: Reader, asked: Annotated[Asked, Depends(listing_of(INCIDENTS, MEMBERS))], service: TheService
) -> Json:
    """Incidents, latest first.

    Those that became part of another one are left out unless a condition names `merged_into`.
    """
    with turn():
        found = service.control.list_incidents(asked.conditions, asked.page)
    rows = projected([incident_row(each) for each in found.items], asked)
    return Json({"items": rows, "next": asked.next_cursor(found.next), "total": found.total})


@router.post(
    "/bulk", response_model=BulkResult, responses=problems(), summary="Change many incidents"
)
def change_many(principal: Writer, body: Bulk, service: TheService, triage: TheTriage) -> Json:
    """Makes the same change of up to 500 incidents, each in a step of its own; audited each."""
    changes = body.changes.model_dump(exclude_unset=True)
    done: list[str] = []
    failed: list[dict[str, Any]] = []
    for name in dict.fromkeys(body.ids):
        try:
            triage.changed(service.control.patch_incident(name, changes, None, principal.actor))
            done.append(name)
        except RefusedError as error:
            failed.append({"id": name, "status": error.status, "detail": str(error)})
    return Json({"done": done, "failed": failed})


@router.get(
    "/{incident_id}",
    response_model=IncidentDetail,
    responses=problems(404),
    summary="Show an incident",
)
def get_incident(_: Reader, incident_id: IncidentId, service: TheService) -> Json:
    """One incident with its comments.

    The ETag has three parts, `"3-a1b2c3d4.9f86d081"`: the version of what people set; a mark of
    what detection says: severity, attack types, success, and that it is part of another incident;
    and a mark of all that is shown. `If-None-Match` is about the whole. `If-Match` is about the
    first two: growth, such as more requests, does not stand against a change.
    """
    return _shown(incident_of(service, incident_id))


@router.patch(
    "/{incident_id}",
    response_model=IncidentDetail,
    responses=problems(404, 412, 428),
    summary="Change an incident",
)
def change_incident(
    principal: Writer,
    incident_id: IncidentId,
    body: Change,
    service: TheService,
    triage: TheTriage,
    if_match: IfMatch = None,
) -> Json:
    """Sets status, verdict or assignee; If-Match makes sure that nobody is overwritten.

    With the ETag of the last read the change is also refused when detection has changed its mind
    since. With the version alone, `If-Match: "3"`, only changes of people refuse it.
    """
    changes = body.model_dump(exclude_unset=True)
    if not changes:
        raise RefusedError(422, "name at least one of status, verdict, assignee")
    known = incident_of(service, incident_id)
    wanted = expected(if_match, int(known["version"]), findings_mark(known))
    try:
        document = service.control.patch_incident(
            incident_id, changes, wanted.version, principal.actor, wanted.findings
        )
    except StaleVersionError as error:
        tag = etag(wanted.version or 0, wanted.findings or "")
        raise RefusedError(412, stale((tag,), error.current, error.findings)) from error
    triage.changed(document)
    return _shown(document)


@router.post(
    "/{incident_id}/comments",
    status_code=201,
    response_model=Comment,
    responses=problems(404, 409),
    summary="Comment on an incident",
)
def add_comment(
    principal: Writer,
    incident_id: IncidentId,
    body: NewComment,
    service: TheService,
    triage: TheTriage,
) -> Json:
    """Adds a comment; comments cannot be changed."""
    added = service.control.add_comment(incident_id, principal.actor, body.text)
    triage.changed(incident_of(service, incident_id))
    return Json(row(added), 201)


@router.post(
    "/{incident_id}/feedback",
    response_model=IncidentDetail,
    responses=problems(404, 409),
    summary="Say what an incident was",
)
def give_feedback(
    principal: Writer,
    incident_id: IncidentId,
    body: Feedback,
    service: TheService,
    triage: TheTriage,
) -> Json:
    """Sets the verdict and keeps the reason as a comment; thresholds learn from it."""
    document = service.control.patch_incident(
        incident_id, {"verdict": body.verdict}, None, principal.actor
    )
    if body.reason.strip():
        service.control.add_comment(
            incident_id, principal.actor, f"{body.verdict}: {body.reason.strip()}"
        )
        document = incident_of(service, incident_id)
    triage.changed(document)
    return _shown(document)


def alerts_of(service: Service, incident_id: str, limit: int) -> list[dict[str, Any]]:
    """The newest alerts of an incident as rows."""
    wanted = (Condition("incident", Op.EQ, incident_id),)
    found = service.control.list_alerts(wanted, Page("ts", limit=limit))
    return [alert_row(each) for each in found.items]


@router.get(
    "/{incident_id}/explanation",
    response_model=Explanation,
    responses=problems(404),
    summary="Explain an incident",
)
def explain_incident(_: Reader, incident_id: IncidentId, service: TheService) -> Json:
    """The sentence, factors that add up to the risk, detectors, agreement, and references."""
    document = incident_of(service, incident_id)
    return Json(incident_explanation(document, alerts_of(service, incident_id, EXPLAINED_ALERTS)))


@router.get(
    "/{incident_id}/stix",
    response_model=Shape,
    responses=problems(404),
    summary="Export an incident as STIX 2.1",
)
def export_incident(principal: Reader, incident_id: IncidentId, service: TheService) -> Json:
    """A STIX 2.1 bundle for other tools: observables, indicators, sightings, attack patterns.

    Marked TLP:AMBER. An incident that was judged a false positive or benign has no indicators.
    """
    document = incident_of(service, incident_id)
    why = incident_explanation(document, alerts_of(service, incident_id, EXPLAINED_ALERTS))
    demo = service.settings.demo
    answer = Json(stix_bundle(incident_row(document), int(why["confidence"]), demo=demo))
    name = file_name(incident_id, demo=demo)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    service.control.audit_append(principal.actor, "export", incident_id, {"format": "stix"})
    return answer


@router.get(
    "/{incident_id}/alerts",
    response_model=Listing[AlertRow],
    responses=problems(400, 404),
    summary="List the alerts of an incident",
)
def list_alerts_of_incident(
    _: Reader,
    incident_id: IncidentId,
    asked: Annotated[Asked, Depends(listing_of(ALERTS))],
    service: TheService,
) -> Json:
    """Its alerts, newest first; filters as for alerts."""
    incident_of(service, incident_id)
    wanted = (*asked.conditions, Condition("incident", Op.EQ, incident_id))
    with turn():
        found = service.control.list_alerts(wanted, asked.page)
    rows = projected([alert_row(each) for each in found.items], asked)
    return Json({"items": rows, "next": asked.next_cursor(found.next), "total": found.total})


@router.get(
    "/{incident_id}/timeline",
    response_model=Shape,
    responses=problems(404),
    summary="Tell an incident in time",
)
def tell_incident(_: Reader, incident_id: IncidentId, service: TheService) -> Json:
    """Requests of its entities before, during and after; detections; what people did."""
    document = incident_of(service, incident_id)
    with turn():
        return Json(incident_story(service, document, alerts_of(service, incident_id, 500)))


@router.get(
    "/{incident_id}/similar",
    response_model=Shape,
    responses=problems(404),
    summary="List similar incidents",
)
def list_similar(
    _: Reader,
    incident_id: IncidentId,
    service: TheService,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> Json:
    """Incidents that have the most in common with it and their verdicts, and how common each of
    its values is among all incidents.
    """
    document = incident_of(service, incident_id)
    with turn():
        return Json(similar_incidents(service, document, limit))


@router.get(
    "/{incident_id}/graph",
    response_model=Shape,
    responses=problems(404),
    summary="Draw an incident",
)
def draw_incident(_: Reader, incident_id: IncidentId, service: TheService) -> Json:
    """Its leading entities with the users, sessions, clients and endpoints of their requests, as
    at most 50 nodes and the edges between them.
    """
    document = incident_of(service, incident_id)
    with turn():
        return Json(incident_graph(service, document))
