"""OpenTelemetry traces over HTTP: ``POST /v1/traces``, JSON and protobuf."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from apisentinel.api.access import Principal, needs
from apisentinel.api.context import get_intake, get_service
from apisentinel.parsers import otlp

SOURCE = "otlp"
LISTED = 5
"""Reasons told in an answer."""

router = APIRouter(tags=["ingest"])


@router.post("/v1/traces")
async def traces(
    request: Request, _principal: Annotated[Principal, Depends(needs("ingest"))]
) -> Response:
    """Takes the SERVER spans of HTTP among the spans of an export; others are passed over.

    Spans that should be requests and cannot be are told in ``partial_success``, which exporters
    must not send again.
    """
    kind = otlp.media_type(request.headers.get("content-type", ""))
    door = get_service(request).door

    def submit(body: bytes) -> bytes:
        export = otlp.parse_traces(body, kind)
        rejected = list(export.rejected)
        if export.requests:
            receipt = door.submit_requests(export.lines, source=SOURCE)
            rejected += [each.error for each in receipt.rejected]
        if export.rejected:
            door.counters.count(SOURCE, rejected=len(export.rejected))
        return otlp.traces_answer(kind, len(rejected), "; ".join(rejected[:LISTED]))

    answer = await get_intake(request).run(request, submit)
    return Response(answer, media_type=kind)
