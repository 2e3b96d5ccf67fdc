"""Splunk's HTTP Event Collector, for senders that speak nothing else."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from apisentinel.api.access.auth import presented_key
from apisentinel.api.access.gate import Principal, check, needs
from apisentinel.api.http.context import get_authenticator, get_intake, get_service
from apisentinel.api.http.problems import described
from apisentinel.errors import RefusedError
from apisentinel.parsers import hec
from apisentinel.pipeline.door.door import Dead

SOURCE = "hec"

ANSWERS: dict[int | str, dict[str, Any]] = {
    **described(408, 413, 415, 429),
    **{
        status: {"description": "In the words of Splunk.", "content": {"application/json": {}}}
        for status in (200, 400, 401, 403, 503)
    },
}

router = APIRouter(prefix="/services/collector", tags=["ingest"])


def reply(code: int, number: int | None = None, *, retry_after: int | None = None) -> Response:
    """An answer in the words of Splunk."""
    status, body = hec.answer(code, number)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Response(body, status, headers, "application/json")


def busy(refusal: RefusedError) -> Response:
    """The answer to what would be taken at another time."""
    return reply(hec.BUSY, retry_after=refusal.retry_after)


async def ingest_key(request: Request) -> Response | Principal:
    """Who sends events, or the answer that Splunk gives to those who may not."""
    try:
        if presented_key(request) is None:
            return reply(hec.NO_TOKEN)
        principal: Principal = await get_authenticator(request).authenticate(request)
        check(principal, "ingest")
    except RefusedError as refused:
        if refused.status in {401, 403}:
            return reply(hec.BAD_TOKEN)
        raise
    return principal


ingest_key.permission = "ingest"  # type: ignore[attr-defined]  # read by the route table

Sender = Annotated[Response | Principal, Depends(ingest_key)]


async def _take(
    request: Request, sender: Response | Principal, parse: Callable[[bytes], hec.HecEvents]
) -> Response:
    if isinstance(sender, Response):
        return sender
    door = get_service(request).door

    def submit(body: bytes) -> hec.HecEvents:
        events = parse(body)
        if len(events.batch) or events.dead or events.broken:
            door.submit_batch(
                events.batch,
                source=SOURCE,
                broken=events.broken,
                dead=[Dead(line.raw, line.reason, line.begin) for line in events.dead],
            )
        return events

    try:
        events = await get_intake(request).run(request, submit)
    except RefusedError as refused:
        if refused.status in {429, 503}:
            return busy(refused)
        if refused.status == 400:
            return reply(hec.BAD_FORMAT)
        raise
    return reply(events.code, events.number)


@router.post("", responses=ANSWERS)
@router.post("/event", responses=ANSWERS)
@router.post("/event/1.0", responses=ANSWERS)
async def events(request: Request, sender: Sender) -> Response:
    """Takes events: requests in our format, records or lines of any known log format."""
    limit = get_intake(request).body_bytes
    return await _take(request, sender, lambda body: hec.parse_events(body, limit=limit))


@router.post("/raw", responses=ANSWERS)
@router.post("/raw/1.0", responses=ANSWERS)
async def raw(request: Request, sender: Sender) -> Response:
    """Takes log lines of any known format."""
    return await _take(request, sender, hec.parse_raw)


@router.get("/health", dependencies=[Depends(needs("public"))], responses=ANSWERS)
@router.get("/health/1.0", dependencies=[Depends(needs("public"))], responses=ANSWERS)
async def health(request: Request) -> Response:
    """Whether events would be taken now, as senders ask before they send."""
    if get_service(request).door.stopping:
        return reply(hec.BUSY)
    return Response(b'{"text":"HEC is healthy","code":17}', media_type="application/json")
