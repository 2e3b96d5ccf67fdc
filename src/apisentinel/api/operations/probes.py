"""Health, readiness, and metrics for Prometheus."""

import asyncio
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from apisentinel import __version__
from apisentinel.api.access.gate import Principal, anybody, check, needs
from apisentinel.api.http.context import get_authenticator, get_clock, get_service
from apisentinel.api.operations.metrics import exposition

READINESS_SECONDS: Final = 0.5
"""How old the answer of ``/readyz`` may be."""

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

NOT_READY: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "Not ready.", "content": {"application/json": {}}}
}


class Figures(Response):
    """An answer for Prometheus."""

    media_type = METRICS_TYPE


router = APIRouter(tags=["operations"])


class Check(BaseModel):
    """One part of the service."""

    ok: bool
    detail: str


class Health(BaseModel):
    """How the service is; `checks` and `lag_seconds` only for those who may read."""

    status: Literal["ok", "failing", "stopping"]
    version: str | None = None
    uptime_seconds: float | None = None
    lag_seconds: float | None = None
    degradation: int | None = None
    checks: dict[str, Check] | None = None


def _status(request: Request) -> tuple[Literal["ok", "failing", "stopping"], dict[str, Any]]:
    service = get_service(request)
    checks = service.health()
    if service.door.stopping:
        return "stopping", checks
    return ("ok" if all(each["ok"] for each in checks.values()) else "failing"), checks


async def _recent_status(request: Request) -> str:
    """The status as of at most a second ago: anybody may ask, and looking costs something."""
    now = get_clock(request).monotonic()
    seen, status = getattr(request.app.state, "readiness", (float("-inf"), ""))
    if now - seen >= READINESS_SECONDS or get_service(request).door.stopping:
        status, _ = await asyncio.to_thread(_status, request)
        request.app.state.readiness = (now, status)
    return str(status)


@router.get("/livez", dependencies=[Depends(anybody)])
async def live() -> dict[str, str]:
    """Whether the process answers at all."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[Depends(anybody)], responses=NOT_READY)
async def ready(request: Request) -> Response:
    """200 while requests would be accepted and judged in time, else 503."""
    status = await _recent_status(request)
    body = b'{"status":"%s"}' % (b"ready" if status == "ok" else status.encode())
    return Response(body, 200 if status == "ok" else 503, media_type="application/json")


@router.get("/api/v1/health", response_model_exclude_none=True)
def health(request: Request, principal: Annotated[Principal, Depends(needs("public"))]) -> Health:
    """How the service is; with a key or session that may read, every check with its detail."""
    status, checks = _status(request)
    if not principal.may("read"):
        return Health(status=status)
    service = get_service(request)
    return Health(
        status=status,
        version=__version__,
        uptime_seconds=(get_clock(request).now() - service.started_at) / 1e6,
        lag_seconds=service.lag_seconds(),
        degradation=int(service.degradation.level),
        checks={name: Check(**each) for name, each in checks.items()},
    )


async def metrics_reader(request: Request) -> Principal:
    """Who may read metrics: everybody where the settings say so, else who may read."""
    settings = get_service(request).settings.server
    is_open = settings.is_loopback if settings.metrics_open is None else settings.metrics_open
    principal: Principal = await get_authenticator(request).authenticate(request)
    check(principal, "public" if is_open else "read")
    return principal


metrics_reader.permission = "metrics"  # type: ignore[attr-defined]  # read by the route table


@router.get("/metrics", dependencies=[Depends(metrics_reader)], response_class=Figures)
def metrics(request: Request) -> Response:
    """Figures in the text format of Prometheus."""
    return Figures(exposition(get_service(request)))
