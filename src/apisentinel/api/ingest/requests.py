"""``POST /api/v1/events``: requests in, an answer when they are on disk."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel

from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.context import get_agent_reports, get_intake, get_service
from apisentinel.api.http.problems import described
from apisentinel.api.ingest.agent_reports import HEADER
from apisentinel.errors import RefusedError

SOURCE = "http"

TYPES = frozenset(
    {
        "",
        "application/json",
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/json-seq",
        "application/octet-stream",
        "text/plain",
        # what curl --data sends when nobody says otherwise
        "application/x-www-form-urlencoded",
    }
)
"""Media types that a body may claim; what it is, is told from the body."""

KEY_CHARACTERS = 255

router = APIRouter(prefix="/api/v1", tags=["ingest"])


class RejectedLine(BaseModel):
    """A record that is no request."""

    line: int
    error: str


class Accepted(BaseModel):
    """What became of a body: counted by record; `rejected` lists at most `door.max_errors`."""

    accepted: int
    deduplicated: int
    rejected: list[RejectedLine]
    rejected_total: int


BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Requests, one JSON object each: NDJSON, a JSON array, or one after the"
        " other; Content-Encoding gzip, deflate or zstd is undone.",
        "content": {
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/json": {"schema": {}},
        },
    }
}


@router.post(
    "/events",
    status_code=202,
    response_model=Accepted,
    openapi_extra=BODY,
    responses=described(400, 401, 403, 408, 413, 415, 422, 429, 503),
)
async def ingest(
    request: Request,
    principal: Annotated[Principal, Depends(needs("ingest"))],
    idempotency_key: Annotated[str | None, Header(max_length=KEY_CHARACTERS)] = None,
) -> Response:
    """Takes requests in and answers when they are on disk.

    Records that are no requests are listed and the others are kept. The same Idempotency-Key with
    the same body gets the same answer and counts nothing again.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in TYPES:
        hint = "; let Fluent Bit send Format json_lines" if "msgpack" in kind else ""
        raise RefusedError(
            415, f"send NDJSON or JSON (Content-Type application/x-ndjson), not {kind[:60]!r}{hint}"
        )
    service = get_service(request)
    door = service.door

    def submit(body: bytes) -> bytes:
        receipt = door.submit_requests(
            body, source=SOURCE, idempotency=idempotency_key, sender=principal.id
        )
        return orjson.dumps(
            {
                "accepted": receipt.accepted,
                "deduplicated": receipt.deduplicated,
                "rejected": [{"line": each.line, "error": each.error} for each in receipt.rejected],
                "rejected_total": max(receipt.broken, len(receipt.rejected)),
            }
        )

    answer = await get_intake(request).run(request, submit)
    said = request.headers.get(HEADER)
    if said is not None:
        service.counters.note(agent_lost=get_agent_reports(request).news(said))
    return Response(answer, 202, media_type="application/json")
