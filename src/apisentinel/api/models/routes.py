"""Model bundles: listed, shown, compared, watched, switched."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from apisentinel.api.access.audit import audited
from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.answers import Json, turn
from apisentinel.api.http.context import get_service
from apisentinel.api.models.what_if import Counted, simulated
from apisentinel.api.read.asking import Now
from apisentinel.api.read.models import Shape, problems
from apisentinel.errors import IncompatibleModelError, ModelError, RefusedError
from apisentinel.pipeline.registry import Entry, Registry, differences
from apisentinel.pipeline.service import Service

router = APIRouter(prefix="/api/v1/models", tags=["models"])
thresholds = APIRouter(prefix="/api/v1/thresholds", tags=["models"])

TheService = Annotated[Service, Depends(get_service)]
Reader = Annotated[Principal, Depends(needs("read"))]
Admin = Annotated[Principal, Depends(needs("admin"))]
BundleId = Annotated[
    str, Path(pattern="^[0-9a-f]{4,16}$", max_length=16, examples=["9f86d081884c7d65"])
]
State = Literal["candidate", "shadow", "active", "retired"]

HISTORY_SHOWN = 50


class BundleRow(Shape):
    """A bundle as lists show it."""

    id: str = Field("", examples=["9f86d081884c7d65"])
    state: State = "candidate"
    added: str = ""
    added_by: str = ""
    changed: str = ""
    signed_by: str = ""
    signed_at: str = ""
    bytes: int = 0


class HistoryRow(Shape):
    """One change of the registry."""

    at: str = ""
    by: str = ""
    bundle: str = ""
    state: State = "candidate"
    before: str = ""
    why: str = ""


class Bundles(Shape):
    """All bundles, and what judges."""

    items: list[BundleRow]
    history: list[HistoryRow] = Field(description="Newest first.")
    next: str | None = None
    total: int = 0
    pinned: bool = Field(description="The settings name a bundle, so nothing can be switched.")
    problem: str = Field(description="Why the last change could not be taken over.")
    training: bool = Field(description="A training of the service is under way.")
    training_problem: str = Field(description="Why the last training came to nothing.")


class BundleDetail(Shape):
    """A bundle and what it says of itself."""

    id: str = ""
    state: State = "candidate"
    about: dict[str, Any] = Field(description="What it learned from, how good it was.")
    parts: dict[str, int] = Field(description="Bytes by name.")


class Watched(Shape):
    """What the models of the running service say."""

    bundle: str = Field(description="Id; empty for what comes with the product.")
    scores: dict[str, Any] = Field(description="Ticks by point of risk that models alone give.")
    drift: dict[str, Any] | None = Field(description="PSI of the features that moved most.")
    shadow: dict[str, Any] | None = Field(description="What the shadow would have said.")


class Difference(Shape):
    """In what two bundles differ: name → the one, the other."""

    first: str
    second: str
    differences: dict[str, list[Any]]


class Reason(BaseModel):
    """Why a bundle is switched."""

    model_config = ConfigDict(extra="forbid")

    why: str = Field(default="", max_length=500)


class Asked(BaseModel):
    """A threshold to try."""

    model_config = ConfigDict(extra="forbid")

    threshold: int = Field(ge=0, le=100, description="Risk from which on an alarm would be given.")
    days: float = Field(default=7.0, gt=0, le=90)


def _time(micros: int) -> str:
    from apisentinel.pipeline.samples import time_text  # noqa: PLC0415 (one place formats times)

    return time_text(micros) or ""


def _row(entry: Entry) -> dict[str, Any]:
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return fields | {"added": _time(entry.added), "changed": _time(entry.changed)}


def _registry(service: Service) -> Registry:
    return service.models.registry


def _refused(error: ModelError) -> RefusedError:
    status = 409 if isinstance(error, IncompatibleModelError) else 404
    return RefusedError(status, str(error))


@router.get("", response_model=Bundles, responses=problems(), summary="List model bundles")
def list_models(_principal: Reader, service: TheService) -> Json:
    """All bundles of this installation, the active one first."""
    state = _registry(service).read()
    order = ("active", "shadow", "candidate", "retired")
    entries = sorted(state.entries, key=lambda item: (order.index(item.state), -item.changed))
    history = [
        {name: getattr(step, name) for name in step.__struct_fields__} | {"at": _time(step.at)}
        for step in reversed(state.history[-HISTORY_SHOWN:])
    ]
    return Json(
        {
            "items": [_row(entry) for entry in entries],
            "history": history,
            "next": None,
            "total": len(entries),
            "pinned": service.models.is_pinned,
            "problem": service.models.problem,
            "training": service.retrainer.is_running,
            "training_problem": service.retrainer.problem,
        }
    )


@router.get("/monitor", response_model=Watched, responses=problems(), summary="Watch the models")
def watch_models(_principal: Reader, service: TheService) -> Json:
    """Histogram of the scores, drift of the features, and what the shadow would have said."""
    return Json(service.models.monitor.told())


@router.get(
    "/{bundle}", response_model=BundleDetail, responses=problems(404), summary="Show a bundle"
)
def get_model(_principal: Reader, bundle: BundleId, service: TheService) -> Json:
    """What a bundle learned from, how good it was, and what it selected."""
    registry = _registry(service)
    try:
        entry = registry.entry(bundle)
        found = registry.bundle(entry)
    except ModelError as error:
        raise _refused(error) from error
    parts = {name: part.bytes for name, part in found.manifest.parts.items()}
    return Json(_row(entry) | {"about": found.manifest.about, "parts": parts})


@router.get(
    "/{bundle}/diff",
    response_model=Difference,
    responses=problems(404),
    summary="Compare two bundles",
)
def compare_models(
    _principal: Reader,
    bundle: BundleId,
    other: Annotated[str, Query(pattern="^[0-9a-f]{4,16}$", max_length=16)],
    service: TheService,
) -> Json:
    """In what two bundles differ."""
    registry = _registry(service)
    try:
        first, second = (registry.bundle(registry.entry(name)) for name in (bundle, other))
    except ModelError as error:
        raise _refused(error) from error
    found = {name: list(pair) for name, pair in differences(first, second).items()}
    return Json({"first": first.id, "second": second.id, "differences": found})


@router.post(
    "/train",
    status_code=202,
    response_model=Bundles,
    responses=problems(409),
    summary="Train from stored events",
)
def begin_training(request: Request, principal: Admin, reason: Reason, service: TheService) -> Json:
    """Trains a bundle from stored events now, beside the service; it becomes the shadow."""
    with audited(request, principal, "model.train", "models", reason=reason.why):
        if service.retrainer.is_running:
            raise RefusedError(409, "a training is under way already")
        service.retrainer.begin()
    answer = list_models(principal, service)
    answer.status_code = 202
    return answer


def _switch(
    request: Request, principal: Principal, action: str, target: str, work: Callable[[], Entry]
) -> Json:
    with audited(request, principal, f"model.{action}", target):
        try:
            entry = work()
        except ModelError as error:
            raise _refused(error) from error
    return Json(_row(entry))


@router.post(
    "/rollback",
    response_model=Bundles,
    responses=problems(404, 409),
    summary="Go back to what judged before",
)
def roll_back(request: Request, principal: Admin, reason: Reason, service: TheService) -> Json:
    """The active bundle is retired, the one before it judges again."""
    with audited(request, principal, "model.rollback", "models", reason=reason.why):
        _check_free(service)
        try:
            _registry(service).rollback(principal.actor, reason.why)
        except ModelError as error:
            raise _refused(error) from error
    return list_models(principal, service)


@router.post(
    "/{bundle}/{action}",
    response_model=BundleRow,
    responses=problems(404, 409),
    summary="Switch a bundle",
)
def switch_model(
    request: Request,
    principal: Admin,
    bundle: BundleId,
    action: Literal["activate", "shadow", "retire"],
    reason: Reason,
    service: TheService,
) -> Json:
    """Lets a bundle judge, judge beside the active one without effect, or takes it out.

    The service takes it over between two blocks of requests, within seconds.
    """
    registry = _registry(service)

    def work() -> Entry:
        _check_free(service)
        if action == "activate":
            return registry.activate(bundle, principal.actor, reason.why)
        if action == "shadow":
            return registry.shadow(bundle, principal.actor, reason.why)
        return registry.retire(bundle, principal.actor, reason.why)

    return _switch(request, principal, action, bundle, work)


@router.delete(
    "/{bundle}", response_model=BundleRow, responses=problems(404, 409), summary="Remove a bundle"
)
def remove_model(request: Request, principal: Admin, bundle: BundleId, service: TheService) -> Json:
    """Forgets a candidate or retired bundle and removes its files."""
    registry = _registry(service)
    return _switch(
        request, principal, "remove", bundle, lambda: registry.remove(bundle, principal.actor)
    )


def _check_free(service: Service) -> None:
    if service.models.is_pinned:
        raise RefusedError(409, "the settings name the bundle or switch models off: change them")


@thresholds.post(
    "/simulate", response_model=Counted, responses=problems(), summary="Try a threshold"
)
def try_threshold(_principal: Reader, asked: Asked, service: TheService, clock: Now) -> Json:
    """What a threshold would have meant for stored incidents and requests."""
    with turn():
        return Json(simulated(service, asked.threshold, asked.days, clock.now()))
