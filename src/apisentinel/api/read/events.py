"""Events: every judged request."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from apisentinel.api.access.gate import needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.query.fields import EVENTS
from apisentinel.api.query.paging import Asked
from apisentinel.api.query.shapes import event_row
from apisentinel.api.read.asking import listing_of, projected
from apisentinel.api.read.models import EventRow, Listing, problems
from apisentinel.errors import RefusedError
from apisentinel.pipeline.explaining import references
from apisentinel.pipeline.service import Service

router = APIRouter(prefix="/api/v1/events", tags=["events"], dependencies=[Depends(needs("read"))])

TheService = Annotated[Service, Depends(get_service)]


@router.get("", response_model=Listing[EventRow], responses=problems(400), summary="List events")
def list_events(asked: Annotated[Asked, Depends(listing_of(EVENTS))], service: TheService) -> Json:
    """Judged requests, newest first."""
    with turn():
        found = service.events.list_events(asked.conditions, asked.page)
    rows = projected([event_row(each) for each in found.items], asked)
    return Json({"items": rows, "next": asked.next_cursor(found.next), "total": found.total})


@router.get(
    "/{event_id}", response_model=EventRow, responses=problems(404), summary="Show an event"
)
def get_event(
    event_id: Annotated[
        str, Path(max_length=256, description="Its `event_id`, or its `seq` as a number.")
    ],
    service: TheService,
) -> Json:
    """One judged request, with what the field says about its attack types."""
    with turn():
        found = None
        if event_id.isascii() and event_id.isdigit() and len(event_id) <= 18:
            found = service.events.get_event(seq=int(event_id))
        if found is None:
            found = service.events.get_event(event_id=event_id)
    if found is None:
        raise RefusedError(404, "there is no event of this id; old ones are removed in time")
    shown = event_row(found)
    return Json({**shown, "references": references(shown.get("attack_types") or ())})
