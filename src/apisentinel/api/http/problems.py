"""Errors as ``application/problem+json`` (RFC 9457), each with the id of its request."""

from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from apisentinel.api.http.context import get_clock, get_request_id
from apisentinel.errors import (
    ApiSentinelError,
    BusyError,
    ConfigError,
    ParseError,
    RefusedError,
    StoreError,
)

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger("apisentinel.api")

_STATUS_OF: tuple[tuple[type[ApiSentinelError], int], ...] = (
    (ConfigError, 422),
    (ParseError, 400),
    (StoreError, 503),
    (ApiSentinelError, 500),
)
"""HTTP status of errors that do not carry one; the first that fits."""

RETRY_STORE_SECONDS = 5
"""A store that fails now may be back after the next look at the disk."""

LOG_PAUSE_S = 10.0
"""Seconds between two lines about one kind of failure: while a disk is full, each request fails."""


class Problem(BaseModel):
    """What went wrong."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem documents of a route, for its description."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def problem(
    status: int,
    detail: str,
    *,
    request_id: str = "",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response:
    """The answer that says what went wrong.

    Args:
        status: HTTP status.
        detail: What, where, what to do.
        request_id: Id of the request, for a look at the log.
        headers: More headers.
        more: More members of the problem document.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": request_id,
        **more,
    }
    return Response(orjson.dumps(body), status, headers, MEDIA_TYPE)


def refusal(connection: HTTPConnection, error: RefusedError) -> Response:
    """The answer to a refused request."""
    return refused_answer(error, get_request_id(connection))


def refused_answer(error: RefusedError, request_id: str) -> Response:
    """The answer to a refused request with an id."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="apisentinel"'
    more: dict[str, Any] = getattr(error, "more", {})  # such as what a filter allows
    return problem(error.status, str(error), request_id=request_id, headers=headers, **more)


def as_refusal(error: ApiSentinelError) -> RefusedError:
    """The refusal that an error of the product comes to."""
    if isinstance(error, RefusedError):
        return error
    status = next(status for kind, status in _STATUS_OF if isinstance(error, kind))
    return RefusedError(
        status, str(error), retry_after=RETRY_STORE_SECONDS if status == 503 else None
    )


async def _answer(connection: HTTPConnection, response: Response) -> Response | None:
    """Gives the answer back to HTTP; closes a socket that was not accepted with it."""
    if isinstance(connection, WebSocket):
        if "websocket.http.response" in connection.scope.get("extensions", {}):
            await connection.send_denial_response(response)
        else:
            await connection.close(code=1008)
        return None
    return response


def _is_news(connection: HTTPConnection, kind: str) -> bool:
    """Whether a failure of this kind was not logged a moment ago."""
    state = connection.app.state
    told: dict[str, float] = getattr(state, "failures_told", {})
    state.failures_told = told
    now = get_clock(connection).monotonic()
    if kind in told and now - told[kind] < LOG_PAUSE_S:
        return False
    told[kind] = now
    return True


async def _own(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, ApiSentinelError)  # noqa: S101 (registered for this class)
    refused = as_refusal(error)
    if refused.status >= 500 and _is_news(connection, f"{type(error).__name__} {refused.status}"):
        tell = _log.warning if isinstance(refused, BusyError) else _log.error
        tell(
            "request_failed",
            request_id=get_request_id(connection),
            status=refused.status,
            kind=type(error).__name__,
            detail=str(error),
        )
    return await _answer(connection, refusal(connection, refused))


async def _http(connection: HTTPConnection, error: Exception) -> Response | None:
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this class)
    response = problem(
        error.status_code,
        str(error.detail),
        request_id=get_request_id(connection),
        headers=dict(error.headers) if error.headers else None,
    )
    return await _answer(connection, response)


async def _invalid(request: Request, error: Exception) -> Response:
    """Says what is wrong with which field, never what was sent: it may be a password."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this class)
    faults = [
        {"field": ".".join(str(step) for step in fault["loc"]), "error": fault["msg"]}
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['field']}: {fault['error']}" for fault in faults[:5])
    return problem(
        422, detail or "invalid", request_id=get_request_id(request), errors=faults[:100]
    )


def add_handlers(app: FastAPI) -> None:
    """Makes every error of an application a problem document."""
    app.add_exception_handler(ApiSentinelError, _own)  # type: ignore[arg-type]  # narrower than Starlette's type
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]  # narrower than Starlette's type
    app.add_exception_handler(RequestValidationError, _invalid)
