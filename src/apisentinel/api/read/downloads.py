"""Exports of lists: the same filter, more rows, as a file."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import StreamingResponse

from apisentinel import __version__
from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.query.fields import RESOURCES
from apisentinel.api.query.filters import parse_filter, parse_names, parse_order
from apisentinel.api.query.moments import moment_text
from apisentinel.api.query.paging import Asked
from apisentinel.api.query.shapes import alert_row, event_row, incident_row
from apisentinel.api.read.asking import MOST_COLUMNS, Conditions, From, Now, Sort, To
from apisentinel.api.read.endpoints import seen_of
from apisentinel.api.read.entity_query import select_entities
from apisentinel.api.read.exports import ROWS, csv_blocks, ndjson_blocks, paged
from apisentinel.api.read.figures import Name
from apisentinel.api.read.known import Knowledge, Known, checked_kind
from apisentinel.api.read.learned_openapi import learned_openapi
from apisentinel.api.read.models import Shape, problems
from apisentinel.pipeline.service import Service
from apisentinel.storage.query import Listing, Page
from apisentinel.storage.query_memory import select

router = APIRouter(prefix="/api/v1/exports", tags=["exports"])

TheService = Annotated[Service, Depends(get_service)]

DESCRIBED: Final = 300
"""Endpoints in one description."""
REQUESTS_EACH: Final = 200
"""Stored requests that are looked at for each: enough for types, and all of it in some seconds."""

MEDIA: Final = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
SHAPES: Final[dict[str, Callable[[Any], dict[str, Any]]]] = {
    "events": event_row,
    "alerts": alert_row,
    "incidents": incident_row,
}


@router.get(
    "/openapi",
    response_model=Shape,
    responses=problems(),
    summary="Export what was learned of the API as OpenAPI",
)
def export_openapi(
    principal: Annotated[Principal, Depends(needs("read"))],
    service: TheService,
    known: Known,
    host: Annotated[
        str | None, Query(max_length=300, description="Endpoints of this host alone.")
    ] = None,
) -> Json:
    """An OpenAPI 3.1 document of the 300 busiest endpoints from the newest 200 stored requests of
    each: paths, parameters with types, answers. Bodies are not stored and not described.
    """
    rows = [each for each in known.endpoints.rows if host is None or each["host"] == host]
    rows.sort(key=lambda each: (-each["requests"], each["endpoint"]))
    seen = []
    for each in rows[:DESCRIBED]:
        with turn():
            seen.append(seen_of(service, each, REQUESTS_EACH))
    seen.sort(key=lambda each: (each.host, each.route, each.method))
    demo = service.settings.demo
    service.control.audit_append(
        principal.actor, "export", "endpoints", {"format": "openapi", "host": host}
    )
    answer = Json(learned_openapi(seen, __version__, demo=demo))
    name = f"apisentinel-{'demo-' if demo else ''}openapi.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@router.get(
    "/{of}",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The rows, in pieces.",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        **problems(400),
    },
    summary="Export a list",
)
def export(  # noqa: PLR0913, PLR0917 (FastAPI calls it with names)
    of: Annotated[Name, Path(description="The list that is exported.")],
    principal: Annotated[Principal, Depends(needs("read"))],
    service: TheService,
    known: Known,
    clock: Now,
    format_: Annotated[Literal["csv", "ndjson"], Query(alias="format")] = "csv",
    begin: From = None,
    end: To = None,
    f: Conditions = None,
    sort: Sort = None,
    cols: Annotated[str | None, Query(max_length=2000)] = None,
    rows: Annotated[int, Query(ge=1, le=ROWS, description="Rows at most.")] = 100_000,
    kind: Annotated[str, Query(max_length=20, description="Kind of entities.")] = "client",
) -> StreamingResponse:
    """The rows of a list as a file.

    CSV is safe to open in a spreadsheet: a cell that it would run begins with an apostrophe, and
    control characters are written as escapes. The name of the file says the cap of rows. Events
    come oldest first unless `sort` says otherwise.
    """
    resource = RESOURCES[of]
    wanted = parse_filter(resource, f or (), clock.now(), begin, end)
    names = parse_names("cols", cols or "", tuple(resource.fields), MOST_COLUMNS)
    order = parse_order(resource, sort or ("ts" if of == "events" else None))
    asked = Asked(resource, wanted, order, 1, None, names)
    checked_kind(kind)  # before anything is sent
    found = _rows(service, known, of, kind, asked, rows)
    if of == "events" and str(order) == "ts":
        found = _events(service, asked, rows)
    columns = names or tuple(resource.fields)
    blocks = csv_blocks(found, columns) if format_ == "csv" else ndjson_blocks(found, names)
    service.control.audit_append(
        principal.actor, "export", of, {"format": format_, "f": list(f or ()), "rows": rows}
    )
    demo = "demo-" if service.settings.demo else ""
    stamp = moment_text(clock.now())[:19].replace(":", "")
    name = f"apisentinel-{demo}{of}-{stamp}Z-max{rows}.{format_}"
    return StreamingResponse(
        blocks,
        media_type=MEDIA[format_],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _events(service: Service, asked: Asked, most: int) -> Iterator[dict[str, Any]]:
    """Events in order of time, oldest first, in large blocks."""
    found = service.events.export_events(asked.conditions, most)
    while True:
        with turn():
            document = next(found, None)
        if document is None:
            return
        yield event_row(document)


def _rows(
    service: Service, known: Knowledge, of: str, kind: str, asked: Asked, most: int
) -> Iterator[dict[str, Any]]:
    """The rows of a list in their order."""
    listed = known.entities(kind)
    ask: dict[str, Callable[[Page], Listing]] = {
        "events": lambda page: service.events.list_events(asked.conditions, page),
        "alerts": lambda page: service.control.list_alerts(asked.conditions, page),
        "incidents": lambda page: service.control.list_incidents(asked.conditions, page),
        "decisions": lambda page: service.control.list_decisions(asked.conditions, page),
        "entities": lambda page: select_entities(listed, asked.conditions, page),
        "endpoints": lambda page: select(
            known.endpoints.rows, asked.resource.searchable, asked.conditions, page
        ),
    }

    def read(page: Page) -> Listing:
        with turn():
            return ask[of](page)

    shape = SHAPES.get(of)
    for each in paged(read, asked, most):
        yield shape(each) if shape is not None else each
