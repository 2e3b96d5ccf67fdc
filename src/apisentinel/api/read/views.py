"""Saved views: filters that people come back to."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.answers import Json
from apisentinel.api.http.context import get_service
from apisentinel.api.query.shapes import row
from apisentinel.api.read.asking import Now
from apisentinel.api.read.models import ViewBody, ViewRow, Views, problems
from apisentinel.errors import RefusedError
from apisentinel.pipeline.service import Service
from apisentinel.storage.preferences import View

router = APIRouter(prefix="/api/v1/views", tags=["views"])

TheService = Annotated[Service, Depends(get_service)]
Reader = Annotated[Principal, Depends(needs("read"))]
Writer = Annotated[Principal, Depends(needs("write"))]
ViewId = Annotated[str, Path(max_length=64)]


def _shown(view: View, principal: Principal) -> dict[str, Any]:
    shown = row({name: getattr(view, name) for name in View.__struct_fields__ if name != "query"})
    return {**shown, "query": view.query, "own": view.owner == principal.actor}


@router.get("", response_model=Views, responses=problems(), summary="List views")
def list_views(principal: Reader, service: TheService) -> Json:
    """Own views and those that others share, by name."""
    found = service.control.views(principal.actor)
    return Json({"items": [_shown(view, principal) for view in found]})


@router.post(
    "", status_code=201, response_model=ViewRow, responses=problems(409), summary="Save a view"
)
def add_view(principal: Writer, body: ViewBody, service: TheService, clock: Now) -> Json:
    """Saves a new view; its id is in the answer."""
    now = clock.now()
    view = View(
        id=f"v-{secrets.token_hex(8)}",
        owner=principal.actor,
        created=now,
        updated=now,
        **body.model_dump(),
    )
    service.control.save_view(view)
    service.control.audit_append(principal.actor, "view.create", view.id)
    return Json(_shown(view, principal), 201)


@router.put("/{view_id}", response_model=ViewRow, responses=problems(404), summary="Replace a view")
def replace_view(
    principal: Writer, view_id: ViewId, body: ViewBody, service: TheService, clock: Now
) -> Json:
    """Replaces a view of one's own."""
    known = {view.id: view for view in service.control.views(principal.actor)}
    if view_id not in known:
        raise RefusedError(404, "there is no view of this id")
    view = View(
        id=view_id,
        owner=principal.actor,
        created=known[view_id].created,
        updated=clock.now(),
        **body.model_dump(),
    )
    service.control.save_view(view)
    service.control.audit_append(principal.actor, "view.update", view.id)
    return Json(_shown(view, principal))


@router.delete("/{view_id}", status_code=204, responses=problems(404), summary="Remove a view")
def remove_view(principal: Writer, view_id: ViewId, service: TheService) -> Response:
    """Removes a view of one's own."""
    if not service.control.remove_view(view_id, principal.actor):
        raise RefusedError(404, "there is no view of this id, or it is not yours")
    service.control.audit_append(principal.actor, "view.remove", view_id)
    return Response(status_code=204)
