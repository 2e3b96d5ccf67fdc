"""Bodies that are refused whatever is in them, answered before anything is done for them.

Under overload most bodies end here, and what they cost is taken from those that are taken in. So
nothing is looked up for them but their key, in memory; their bytes are let go as they come, and the
answer is the one that the route would give. Who sends no key that works and may send events goes on
to the route, which refuses that first: a wrong key gets 401 however busy the service is.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from apisentinel.api.access.auth import presented_key
from apisentinel.api.http.guard import route_path
from apisentinel.api.http.problems import refused_answer
from apisentinel.api.ingest import hec, otlp
from apisentinel.errors import RefusedError

Answer = Callable[[HTTPConnection, RefusedError], Response]


def _problem(connection: HTTPConnection, refusal: RefusedError) -> Response:
    request_id = connection.scope.get("state", {}).get("request_id", "")
    return refused_answer(refusal, request_id)


PATHS: Final[dict[str, Answer]] = {
    "/api/v1/events": _problem,
    **{
        f"/services/collector{rest}": lambda _, refusal: hec.busy(refusal)
        for rest in ("", "/event", "/event/1.0", "/raw", "/raw/1.0")
    },
    "/v1/traces": lambda connection, refusal: otlp.refusal_of(
        otlp.kind_of(connection.headers), refusal
    ),
}
"""Routes that take traffic in, and how they say that they refuse."""


class TurnedAway:
    """An ASGI application around another one; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request: refuses it here, or hands it on."""
        is_body = scope["type"] == "http" and scope["method"] == "POST"
        answer = PATHS.get(route_path(scope)) if is_body else None
        refusal = None if answer is None else _refusal(scope, answer)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        # Whole: many senders do not look for an answer before they have sent everything.
        if await _is_drained(receive, scope["app"].state.intake.seconds):
            await refusal(scope, receive, send)


def _refusal(scope: Scope, answer: Answer) -> Response | None:
    """The answer to a body that is refused whatever is in it, None when that has to be found out
    or something else is wrong with it.
    """
    state: Any = scope["app"].state
    intake, connection = state.intake, HTTPConnection(scope)
    length = connection.headers.get("content-length", "")
    if not (length.isdecimal() and len(length) < 12 and int(length) <= intake.body_bytes):
        return None
    try:
        key = presented_key(connection)
        if key is None or not state.authenticator.keys.lets(key, "ingest"):
            return None
    except RefusedError:  # the route says what is wrong
        return None
    try:
        intake.refuse_early(int(length))
    except RefusedError as refusal:
        busy = refusal.with_traceback(None)
    else:
        return None
    try:
        return answer(connection, busy)
    except RefusedError:
        return None


async def _is_drained(receive: Receive, patience_s: float) -> bool:
    """Lets a body go as it comes; False when it does not end."""
    try:
        async with asyncio.timeout(patience_s):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    return False
                if not message.get("more_body", False):
                    return True
    except TimeoutError:
        return False
