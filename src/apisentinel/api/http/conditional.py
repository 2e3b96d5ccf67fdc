"""``HEAD`` wherever ``GET`` is answered, and 304 for those who have the newest version already."""

from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEPT: Final = frozenset({b"etag", b"cache-control", b"content-location", b"vary", b"date"})
"""Headers of a 304: the others would describe a body that is not there."""

LONGEST: Final = 8_192
"""Characters of an If-None-Match header that are read."""


class Conditional:
    """An ASGI application around another one that knows neither."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or socket."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}
        held = _if_none_match(scope)
        is_cut = False

        async def shortened(message: Message) -> None:
            nonlocal is_cut
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                etag = next((bytes(v) for k, v in headers if bytes(k).lower() == b"etag"), b"")
                is_known = message["status"] == 200 and matches(held, etag.decode("latin-1"))
                is_cut = is_head or is_known
                if is_known:
                    kept = [(k, v) for k, v in headers if bytes(k).lower() in KEPT]
                    message = {**message, "status": 304, "headers": kept}
            elif message["type"] == "http.response.body" and is_cut:
                message = {**message, "body": b""}
            await send(message)

        await self._app(scope, receive, shortened)


def matches(if_none_match: str, etag: str) -> bool:
    """Whether a version is among those that somebody has; compared weakly, as for reading.

    Example:
        >>> matches('"a", W/"b"', '"b"'), matches('"a"', '"b"'), matches("*", '"b"')
        (True, False, True)
        >>> matches("", '"b"'), matches("*", "")
        (False, False)
    """
    if not etag or not if_none_match:
        return False
    if if_none_match.strip() == "*":
        return True
    wanted = etag.removeprefix("W/")
    named = if_none_match[:LONGEST].split(",")
    return any(part.strip().removeprefix("W/") == wanted for part in named)


def _if_none_match(scope: Scope) -> str:
    found: list[Any] = [value for key, value in scope["headers"] if key == b"if-none-match"]
    return ", ".join(bytes(value).decode("latin-1") for value in found)
