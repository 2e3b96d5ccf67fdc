"""The outermost layer: checks the host, caps the body, numbers the request, sets the headers that
protect the browser, and turns what nobody expected into an answer without details.
"""

import asyncio
import secrets
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apisentinel.api.http.problems import problem
from apisentinel.pipeline.server_settings import ServerSettings

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""No inline code, nothing from elsewhere, no markup made from text."""

HEADERS: Final[tuple[tuple[bytes, bytes], ...]] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (
        b"permissions-policy",
        b"camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    ),
    (b"x-permitted-cross-domain-policies", b"none"),
)

TRANSPORT_SECURITY: Final = (b"strict-transport-security", b"max-age=63072000")
"""Sent over TLS: two years, as browsers recommend."""

NO_STORE: Final = (b"cache-control", b"no-store")
"""Sent where the answer sets nothing itself: answers show traffic and belong to one reader."""

INGEST_PATHS: Final = ("/api/v1/events", "/services/collector", "/v1/traces")
"""Their bodies are capped by the part that reads them."""

_log = structlog.get_logger("apisentinel.api")


def host_name(header: str) -> str:
    """The name or address in a Host header, without its port, in lower case.

    Example:
        >>> host_name("Example.org:8080"), host_name("[::1]:80"), host_name("[::1")
        ('example.org', '::1', '')
    """
    if header.startswith("["):
        name, bracket, _ = header[1:].partition("]")
        return name.lower() if bracket else ""
    return header.partition(":")[0].lower().rstrip(".")


def host_check(settings: ServerSettings) -> Callable[[str], bool]:
    """Tells whether a Host header names this service.

    A page of an attacker whose name resolves to this machine sends its own name and is refused;
    plain addresses cannot be made to point elsewhere and pass.

    Example:
        >>> good = host_check(ServerSettings(allowed_hosts=("sentinel.example",)))
        >>> good("127.0.0.1:8080"), good("localhost"), good("sentinel.example:443")
        (True, True, True)
        >>> good("attacker.example"), good("")
        (False, False)
    """
    names = {"localhost", settings.host.lower()} | {
        host.lower().rstrip(".") for host in settings.allowed_hosts
    }

    def good(header: str) -> bool:
        if "," in header:
            return False  # several Host headers: proxies and we might each believe another one
        name = host_name(header)
        if "*" in names or name in names:
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True

    return good


class Guard:
    """An ASGI application around another one; see the module."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._settings = settings
        self._good_host = host_check(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or socket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        self._believe_proxies(scope)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        await self._http(scope, receive, self._protect(send, scope, request_id), request_id)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._good_host(_header(scope, b"host")):
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        async def refuse(status: int, detail: str) -> None:
            await problem(status, detail, request_id=request_id)(scope, receive, send)

        if not self._good_host(_header(scope, b"host")):
            await refuse(400, "the service does not go by this name; see server.allowed_hosts")
            return
        try:
            await self._app(scope, self._capped(scope, receive), watched)
        except Exception as error:
            # The one place that catches everything: the caller learns the number to look up.
            _log.exception("request_crashed", request_id=request_id, kind=type(error).__name__)
            if started:
                raise
            await refuse(500, "something went wrong here; the log has it under this request id")

    def _capped(self, scope: Scope, receive: Receive) -> Receive:
        """Stops reading bodies of routes other than ingest at their limit, or when none comes."""
        path = route_path(scope)
        if path.startswith(INGEST_PATHS):
            return receive
        limit, patience = self._settings.limits.management_bytes, self._settings.limits.body_seconds
        seen = 0
        is_whole = False

        async def capped() -> Message:
            nonlocal seen, is_whole
            if is_whole:
                return await receive()  # waits for the caller to go away
            try:
                message = await asyncio.wait_for(receive(), patience)
            except TimeoutError:
                raise HTTPException(408, f"the body did not arrive within {patience} s") from None
            is_whole = not message.get("more_body", False)
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, f"the body is larger than {limit} bytes")
            return message

        return capped

    def _protect(self, send: Send, scope: Scope, request_id: str) -> Send:
        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {bytes(name).lower() for name, _ in headers}
                wanted = [*HEADERS, NO_STORE, (b"x-request-id", request_id.encode())]
                if scope.get("scheme") == "https":
                    wanted.append(TRANSPORT_SECURITY)
                headers += [(name, value) for name, value in wanted if name not in present]
                message = {**message, "headers": headers}
            await send(message)

        return protected

    def _believe_proxies(self, scope: Scope) -> None:
        """Takes address and scheme from the proxies that the settings trust, counted from here."""
        hops = self._settings.trusted_hops
        if hops == 0:
            return
        chain = [
            part.strip() for part in _header(scope, b"x-forwarded-for").split(",") if part.strip()
        ]
        if chain:
            scope["client"] = (_plain_address(chain[-hops:][0]), 0)
        proto = _header(scope, b"x-forwarded-proto").split(",")[-1].strip().lower()
        if proto in {"http", "https"}:
            secure = proto == "https"
            is_socket = scope["type"] == "websocket"
            scope["scheme"] = ("wss" if secure else "ws") if is_socket else proto


def route_path(scope: Scope) -> str:
    """The path of a request below the path under which a proxy publishes the service."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


def _plain_address(text: str) -> str:
    """The address of an entry of X-Forwarded-For, which may have a port."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _header(scope: Scope, name: bytes) -> str:
    """All values of a header, joined as HTTP says; empty when there is none."""
    values: list[Any] = [value for key, value in scope["headers"] if key == name]
    return ", ".join(bytes(value).decode("latin-1") for value in values)
