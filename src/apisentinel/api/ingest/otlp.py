"""OpenTelemetry traces over HTTP: ``POST /v1/traces``, JSON and protobuf."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import Headers

from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.context import get_intake, get_service
from apisentinel.api.http.problems import MEDIA_TYPE
from apisentinel.errors import RefusedError
from apisentinel.parsers import otlp

SOURCE = "otlp"
LISTED = 5
"""Reasons told in an answer."""

UNKNOWN = 2
CODES = {400: 3, 401: 16, 403: 7, 408: 4, 413: 3, 415: 3, 429: 8, 503: 14}
"""HTTP status → code of gRPC."""

LONGEST = 4_000
"""Bytes of a message; two bytes of a varint tell lengths up to 16,383."""

router = APIRouter(tags=["ingest"])


ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": "ExportTraceServiceResponse, or google.rpc.Status.",
        "content": {otlp.JSON_TYPE: {}, otlp.PROTOBUF_TYPE: {}, MEDIA_TYPE: {}},
    }
    for status in (200, 400, 401, 403, 408, 413, 415, 429, 503)
}


@router.post("/v1/traces", responses=ANSWERS)
async def traces(
    request: Request, _principal: Annotated[Principal, Depends(needs("ingest"))]
) -> Response:
    """Takes the SERVER spans of HTTP among the spans of an export; others are passed over.

    Spans that should be requests and cannot be are told in ``partial_success``, which exporters
    must not send again.
    """
    kind = kind_of(request.headers)
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

    try:
        answer = await get_intake(request).run(request, submit)
    except RefusedError as refused:
        return refusal_of(kind, refused)
    return Response(answer, media_type=kind)


def kind_of(headers: Headers) -> str:
    """`otlp.JSON_TYPE` or `otlp.PROTOBUF_TYPE`; the answer has the type of the request.

    Raises:
        RefusedError: 415 for anything else.
    """
    return otlp.media_type(headers.get("content-type", ""))


def refusal_of(kind: str, refused: RefusedError) -> Response:
    """The answer to what is refused."""
    headers = {}
    if refused.retry_after is not None:
        headers["Retry-After"] = str(refused.retry_after)
    return Response(status_message(kind, refused), refused.status, headers, kind)


def status_message(kind: str, refused: RefusedError) -> bytes:
    r"""The body of an error as OTLP wants it: ``google.rpc.Status`` in the form of the request.

    Example:
        >>> status_message(otlp.JSON_TYPE, RefusedError(429, "full"))
        b'{"code":8,"message":"full"}'
        >>> status_message(otlp.PROTOBUF_TYPE, RefusedError(429, "full"))
        b'\x08\x08\x12\x04full'
    """
    code = CODES.get(refused.status, UNKNOWN)
    if kind == otlp.JSON_TYPE:
        return orjson.dumps({"code": code, "message": str(refused)})
    text = str(refused).encode()[:LONGEST]
    size = bytes([len(text)]) if len(text) < 128 else bytes([len(text) & 127 | 128, len(text) >> 7])
    return b"\x08" + bytes([code]) + b"\x12" + size + text
