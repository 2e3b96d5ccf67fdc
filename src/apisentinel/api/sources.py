"""The ways in: what came by each of them, and which still wait for their first event."""

from typing import Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from apisentinel.api import hec, ingest, otlp
from apisentinel.api.access import needs
from apisentinel.api.context import get_service
from apisentinel.api.problems import described

WAYS = {
    ingest.SOURCE: "POST /api/v1/events",
    hec.SOURCE: "POST /services/collector/event",
    otlp.SOURCE: "POST /v1/traces",
}
"""Ways in that are always open, with how to use them."""

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])


class SourceItem(BaseModel):
    """One way in; counted by record since the start."""

    name: str
    address: str | None
    state: Literal["receiving", "waiting for the first event"]
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
    """All ways in with their counters."""
    counted = get_service(request).counters.snapshot()
    names = [*WAYS, *sorted(set(counted) - set(WAYS))]
    items = [_item(name, counted.get(name, {})) for name in names]
    return SourceList(items=items, total=len(items))


def _item(name: str, rows: dict[str, int]) -> SourceItem:
    received = rows.get("received", 0)
    return SourceItem(
        name=name,
        address=WAYS.get(name),
        state="receiving" if received else "waiting for the first event",
        received=received,
        accepted=rows.get("accepted", 0),
        rejected=rows.get("rejected", 0),
        deduplicated=rows.get("deduplicated", 0),
        deadlettered=rows.get("deadlettered", 0),
        shed=rows.get("shed", 0),
    )
