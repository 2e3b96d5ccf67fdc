"""Alerts: the raw detections."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from apisentinel.api.access.gate import needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.query.fields import ALERTS
from apisentinel.api.query.paging import Asked
from apisentinel.api.query.shapes import alert_row
from apisentinel.api.read.asking import listing_of, projected
from apisentinel.api.read.explanation import alert_explanation
from apisentinel.api.read.explanation_models import Explanation
from apisentinel.api.read.models import AlertRow, Listing, problems
from apisentinel.errors import RefusedError
from apisentinel.pipeline.explaining import references
from apisentinel.pipeline.service import Service

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], dependencies=[Depends(needs("read"))])

MEMBERS = ("evidence", "reason", "succeeded")

AlertId = Annotated[str, Path(max_length=64, examples=["a-1b4f0e9851971998"])]
TheService = Annotated[Service, Depends(get_service)]


@router.get("", response_model=Listing[AlertRow], responses=problems(400), summary="List alerts")
def list_alerts(
    asked: Annotated[Asked, Depends(listing_of(ALERTS, MEMBERS))], service: TheService
) -> Json:
    """Alerts, newest first; each says which entity did what, and which detectors saw it."""
    with turn():
        found = service.control.list_alerts(asked.conditions, asked.page)
    rows = projected([alert_row(each) for each in found.items], asked)
    return Json({"items": rows, "next": asked.next_cursor(found.next), "total": found.total})


def alert_of(service: Service, name: str) -> dict[str, Any]:
    """One alert as a row.

    Raises:
        RefusedError: 404.
    """
    document = service.control.get_alert(name)
    if document is None:
        raise RefusedError(404, "there is no alert of this id; old ones are removed in time")
    return alert_row(document)


@router.get(
    "/{alert_id}", response_model=AlertRow, responses=problems(404), summary="Show an alert"
)
def get_alert(alert_id: AlertId, service: TheService) -> Json:
    """One alert with its evidence and what the field says about such attacks."""
    found = alert_of(service, alert_id)
    return Json({**found, "references": references([str(found["attack_type"])])})


@router.get(
    "/{alert_id}/explanation",
    response_model=Explanation,
    responses=problems(404),
    summary="Explain an alert",
)
def explain_alert(alert_id: AlertId, service: TheService) -> Json:
    """Factors that add up to the risk, the detectors, and references."""
    return Json(alert_explanation(alert_of(service, alert_id)))
