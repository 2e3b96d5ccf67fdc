"""The ways in: what came by each of them, and which still wait for their first event."""

from typing import Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from apisentinel.api.access.gate import needs
from apisentinel.api.http.context import get_service
from apisentinel.api.http.problems import described
from apisentinel.api.ingest import hec, otlp, requests
from apisentinel.pipeline.door.counters import OUTCOMES

WAYS = {
    requests.SOURCE: "POST /api/v1/events",
    hec.SOURCE: "POST /services/collector/event",
    otlp.SOURCE: "POST /v1/traces",
}
"""Ways in that are always open, with how to use them."""

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])


class SourceItem(BaseModel):
    """One way in; counted by record since the start."""

    name: str
    kind: str
    address: str | None
    state: Literal["receiving", "waiting for the first event", "failing"]
    problem: str | None
    received: int
    accepted: int
    rejected: int
    deduplicated: int
    deadlettered: int
    shed: int


class SourceList(BaseModel):
    """All ways in."""

    items: list[SourceItem]
    next: None = None
    total: int


@router.get("", dependencies=[Depends(needs("read"))], responses=described(401, 403))
def list_sources(request: Request) -> SourceList:
    """All ways in, those that are always open and those that the settings name."""
    service = get_service(request)
    counted = service.counters.snapshot()
    items = [
        _item(name, "http", address, None, counted.get(name, {})) for name, address in WAYS.items()
    ]
    for source in service.sources.states():
        problem = source.problem or (None if source.running else "its thread has ended")
        rows = counted.get(source.name, {})
        items.append(_item(source.name, source.kind, source.place, problem, rows))
    known = {item.name for item in items}
    items += [
        _item(name, "other", None, None, rows)
        for name, rows in sorted(counted.items())
        if name not in known
    ]
    return SourceList(items=items, total=len(items))


def _item(
    name: str, kind: str, address: str | None, problem: str | None, rows: dict[str, int]
) -> SourceItem:
    received = rows.get("received", 0)
    working = "receiving" if received else "waiting for the first event"
    return SourceItem.model_validate(
        {
            "name": name,
            "kind": kind,
            "address": address,
            "state": "failing" if problem else working,
            "problem": problem,
            "received": received,
            **{outcome: rows.get(outcome, 0) for outcome in OUTCOMES},
        }
    )
