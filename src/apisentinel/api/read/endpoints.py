"""Endpoints: what is called, how it answers, and who calls it."""

from collections import Counter
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query

from apisentinel import __version__
from apisentinel.api.access.gate import needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.query.fields import ENDPOINTS, EVENTS
from apisentinel.api.query.filters import Filter
from apisentinel.api.query.paging import Asked
from apisentinel.api.query.shapes import alert_row, clipped, time_of
from apisentinel.api.read.asking import filter_of, listing_of, projected
from apisentinel.api.read.compared import record_of
from apisentinel.api.read.entities import plain_id
from apisentinel.api.read.known import Knowledge, Known
from apisentinel.api.read.learned_openapi import Seen, learned_openapi
from apisentinel.api.read.models import (
    Callers,
    EndpointParameters,
    EndpointRow,
    Listing,
    Shape,
    problems,
)
from apisentinel.api.read.parameters import REQUESTS, parameters_of
from apisentinel.api.read.remembered_endpoints import histogram
from apisentinel.errors import RefusedError
from apisentinel.kernels.sketches import log_bin_edge
from apisentinel.pipeline.service import Service
from apisentinel.storage.query import LARGEST_LIMIT, Condition, Op, Page
from apisentinel.storage.query_memory import select

router = APIRouter(
    prefix="/api/v1/endpoints", tags=["endpoints"], dependencies=[Depends(needs("read"))]
)

TheService = Annotated[Service, Depends(get_service)]

EndpointId = Annotated[
    str,
    Path(
        max_length=2000,
        description="`METHOD host route`, or `~` and the base64url of it.",
        examples=["GET shop.example /orders/{id}"],
    ),
]

CALLERS: Final = 20
"""Callers and alerts shown with an endpoint."""


@router.get(
    "", response_model=Listing[EndpointRow], responses=problems(400), summary="List endpoints"
)
def list_endpoints(asked: Annotated[Asked, Depends(listing_of(ENDPOINTS))], known: Known) -> Json:
    """Endpoints that the engine remembers, the busiest first; at most two seconds old."""
    with turn():
        found = select(known.endpoints.rows, ENDPOINTS.searchable, asked.conditions, asked.page)
    shown = projected(found.items, asked)
    return Json({"items": shown, "next": asked.next_cursor(found.next), "total": found.total})


@router.get(
    "/{endpoint_id:path}/parameters",
    response_model=EndpointParameters,
    responses=problems(404),
    summary="List the parameters of an endpoint",
)
def get_parameters(endpoint_id: EndpointId, known: Known, service: TheService) -> Json:
    """Query parameters in its newest 2,000 stored requests: how often, of what kind, how long, in
    which range; with examples, from which secrets were taken out before they were stored.
    """
    name = plain_id(endpoint_id)
    _row_of(known, name)
    with turn():
        queries = [each["query"] for each in newest_requests(service, name, REQUESTS)]
    return Json({"endpoint": name, "requests": len(queries), "parameters": parameters_of(queries)})


@router.get(
    "/{endpoint_id:path}/openapi",
    response_model=Shape,
    responses=problems(404),
    summary="Describe an endpoint as OpenAPI",
)
def describe_endpoint(endpoint_id: EndpointId, known: Known, service: TheService) -> Json:
    """An OpenAPI 3.1 document of what was seen: parameters with types, answers; no bodies."""
    found = _row_of(known, plain_id(endpoint_id))
    demo = service.settings.demo
    with turn():
        seen = seen_of(service, found, REQUESTS)
    answer = Json(learned_openapi([seen], __version__, demo=demo))
    name = f"apisentinel-{'demo-' if demo else ''}endpoint.openapi.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@router.get(
    "/{endpoint_id:path}/callers",
    response_model=Callers,
    responses=problems(400, 404),
    summary="List who calls an endpoint",
)
def get_callers(
    endpoint_id: EndpointId,
    known: Known,
    service: TheService,
    wanted: Annotated[Filter, Depends(filter_of(EVENTS))],
    by: Annotated[
        Literal["client", "user", "session", "credential", "network", "user_agent"],
        Query(description="What is counted as a caller."),
    ] = "client",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Those with most of its stored requests, with their errors, highest risk and last use.

    Of more than 300,000 requests a sample tells who these are; the figures of each are of all.
    """
    name = plain_id(endpoint_id)
    _row_of(known, name)
    own = (*wanted.all_conditions(EVENTS), Condition("endpoint", Op.EQ, name))
    with turn():
        found = service.events.top(by, own, limit)
    return Json(
        {
            "endpoint": name,
            "by": by,
            "callers": [
                {"id": clipped(each.pop("value")), **each, "last_ts": time_of(each["last_ts"])}
                for each in found
            ],
        }
    )


def newest_requests(service: Service, endpoint: str, most: int) -> list[dict[str, Any]]:
    """The newest stored requests of an endpoint."""
    own = (Condition("endpoint", Op.EQ, endpoint),)
    requests: list[dict[str, Any]] = []
    cursor = None
    while len(requests) < most:
        page = Page("seq", cursor=cursor, limit=min(LARGEST_LIMIT, most - len(requests)))
        found = service.events.list_events(own, page)
        requests += found.items
        cursor = found.next
        if cursor is None:
            break
    return requests


def seen_of(service: Service, row: dict[str, Any], most: int) -> Seen:
    """What the newest stored requests show of an endpoint."""
    requests = newest_requests(service, row["endpoint"], most)
    return Seen(
        row["method"] or "",
        row["host"] or "",
        row["route"] or "",
        [each["path"] for each in requests],
        [each["query"] for each in requests],
        Counter(each["status"] for each in requests).items(),
    )


def _row_of(known: Knowledge, name: str) -> dict[str, Any]:
    found = next((row for row in known.endpoints.rows if row["endpoint"] == name), None)
    if found is None:
        raise RefusedError(404, "nothing is known of this endpoint")
    return found


@router.get(
    "/{endpoint_id:path}",
    response_model=EndpointRow,
    responses=problems(404),
    summary="Show an endpoint",
)
def get_endpoint(
    endpoint_id: EndpointId,
    known: Known,
    service: TheService,
) -> Json:
    """One endpoint with the spread of its sizes and times, its callers and newest alerts."""
    name = plain_id(endpoint_id)
    listed = known.endpoints
    found = _row_of(known, name)
    record = service.view(lambda engine: record_of(engine, "endpoint", listed.keys[name]))
    own = (Condition("endpoint", Op.EQ, name),)
    with turn():
        callers = service.events.top("client", own, CALLERS)
        statuses = service.events.facets(("status",), own, CALLERS)["status"]
        alerts = service.control.list_alerts(own, Page("ts", limit=CALLERS))
    return Json(
        {
            **found,
            "response_bytes": [] if record is None else histogram(record[0]["sizes"], log_bin_edge),
            "duration_us": [] if record is None else histogram(record[0]["times"], log_bin_edge),
            "statuses": [{"status": value, "count": count} for value, count in statuses],
            "callers": [
                {"client": each.pop("value"), **each, "last_ts": time_of(each["last_ts"])}
                for each in callers
            ],
            "alerts": [alert_row(each) for each in alerts.items],
            "alerts_total": alerts.total,
        }
    )
