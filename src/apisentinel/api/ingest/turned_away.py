"""Bodies that are refused whatever is in them, answered before anything is done for them.

Under overload most bodies end here, and what they cost is taken from those that are taken in. So
nothing is looked up for them but the id of their key, their bytes are let go as they come, and the
answer is the one that the route would give. Who sends no key that is known goes on to the route,
which refuses that first.
"""

import asyncio
from typing import Any, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from apisentinel.api.http.guard import route_path
from apisentinel.api.http.problems import refused_answer
from apisentinel.errors import RefusedError

PATHS: Final = frozenset({"/api/v1/events"})
"""Routes that answer refusals as problem documents. Splunk's and OpenTelemetry's have words of
their own, which their routes know.
"""


class TurnedAway:
    """An ASGI application around another one; see the module."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request: refuses it here, or hands it on."""
        if scope["type"] != "http" or scope["method"] != "POST" or route_path(scope) not in PATHS:
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        # Whole: many senders do not look for an answer before they have sent everything.
        if await _is_drained(receive, scope["app"].state.intake.seconds):
            request_id = scope.get("state", {}).get("request_id", "")
            await refused_answer(refusal, request_id)(scope, receive, send)


def _refusal(scope: Scope) -> RefusedError | None:
    """Why a body is refused whatever is in it, None when that has to be found out."""
    state: Any = scope["app"].state
    length = key = b""
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = bytes(value)
        elif name == b"authorization":
            kind, _, text = bytes(value).partition(b" ")
            key = text.strip() if kind.lower() == b"bearer" else b""
    intake = state.intake
    if not (length.isdigit() and len(length) < 12 and int(length) <= intake.body_bytes):
        return None
    if not state.authenticator.keys.knows(key.decode("latin-1")):
        return None
    try:
        intake.refuse_early(int(length))
    except RefusedError as refusal:
        return refusal.with_traceback(None)
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
