"""Middleware for ASGI applications: Starlette, FastAPI, Quart, Django, Litestar.

Pure ASGI: bodies pass through untouched and are counted on the way, never collected.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import quote

from apisentinel_agent.agent import Agent, now_us, perf_counter
from apisentinel_agent.exchange import Exchange, sample
from apisentinel_agent.reading import as_text, read

if TYPE_CHECKING:
    from collections.abc import Awaitable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

FAILED = 500
"""Status of a request whose application raised before it answered."""

CLIENT_GONE = 499
"""Status of a request whose client left before the answer began, as nginx writes it."""

SWITCHED = 101
"""Status of an accepted WebSocket."""

FORBIDDEN = 403
"""Status of a WebSocket that is closed before it was accepted, as servers answer it."""


class SentinelMiddleware:
    """Reports each request and each WebSocket session of an ASGI application."""

    def __init__(self, app: Application, agent: Agent | None = None, **given: Any) -> None:
        """Wraps an application.

        Args:
            app: The application.
            agent: An agent to share; without one, `given` makes one.
            given: Options of the agent.

        Raises:
            TypeError: There is no such option.
            ValueError: An option cannot be used.
        """
        self.app = app
        self.agent = agent or Agent(**given)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the application and reports what passed. Raises what the application raises."""
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, self._at_shutdown(send))
        elif kind == "http" and self.agent.wants(scope["path"]):
            await self._http(scope, receive, send)
        elif kind == "websocket" and self.agent.wants(scope["path"]):
            await self._websocket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _at_shutdown(self, send: Send) -> Send:
        """Sends what waits when the server stops: some servers end without an at-exit."""
        agent = self.agent

        async def wrapped(message: Message) -> None:
            if message["type"] in {"lifespan.shutdown.complete", "lifespan.shutdown.failed"}:
                await asyncio.get_running_loop().run_in_executor(None, agent.flush)
            await send(message)

        return wrapped

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        passage = Passage(self.agent, scope, receive, send)
        try:
            await self.app(scope, passage.hear, passage.say)
        except BaseException as problem:
            passage.end(FAILED if isinstance(problem, Exception) else CLIENT_GONE)
            raise
        passage.end(CLIENT_GONE)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = SocketSession(self.agent, scope, receive, send)
        try:
            await self.app(scope, session.hear, session.say)
        except BaseException as problem:
            session.end(FAILED if isinstance(problem, Exception) else CLIENT_GONE)
            raise
        session.end(CLIENT_GONE)


class Passage:
    """One request on its way through the application."""

    __slots__ = (
        "_agent",
        "_begin",
        "_is_over",
        "_receive",
        "_root",
        "_scope",
        "_send",
        "exchange",
        "hear",
    )

    def __init__(self, agent: Agent, scope: Scope, receive: Receive, send: Send) -> None:
        self._agent = agent
        self._scope = scope
        self._receive = receive
        self._send = send
        self._root = scope.get("root_path", "")
        self._is_over = False
        self.hear = receive
        """The `receive` for the application: that of the server, unless bodies are counted."""
        self.exchange = Exchange(now_us())
        self._begin = perf_counter()
        try:
            self._read()
        except Exception:
            agent.fault("a request could not be read")

    def _read(self) -> None:
        options = self._agent.options
        length, kind, encoding = describe(self.exchange, self._scope)
        if options.request_body_bytes:
            self.exchange.request_body = sample(
                options.request_body_bytes,
                kind.decode("latin-1"),
                options.body_types,
                encoding.decode("latin-1"),
            )
        if not length:
            self.hear = self._counted
        elif self.exchange.request_body is not None:
            self.hear = self._sampled

    async def _counted(self) -> Message:
        message = await self._sampled()
        if message["type"] == "http.request":
            self.exchange.request_bytes += len(message.get("body", b""))
        return message

    async def _sampled(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and self.exchange.request_body is not None:
            self.exchange.request_body.add(message.get("body", b""))
        return message

    async def say(self, message: Message) -> None:
        """The `send` for the application."""
        await self._send(message)
        try:
            kind = message["type"]
            if kind == "http.response.body":
                self._body(message)
            elif kind == "http.response.start":
                self._start(message)
        except Exception:
            self._agent.fault("an answer could not be read")

    def _start(self, message: Message) -> None:
        self.exchange.status = message["status"]
        options = self._agent.options
        if not options.response_body_bytes:
            return
        fields = {name.lower(): value for name, value in message.get("headers", ())}
        self.exchange.response_body = sample(
            options.response_body_bytes,
            fields.get(b"content-type", b"").decode("latin-1"),
            options.body_types,
            fields.get(b"content-encoding", b"").decode("latin-1"),
        )

    def _body(self, message: Message) -> None:
        body = message.get("body", b"")
        self.exchange.response_bytes += len(body)
        if self.exchange.response_body is not None:
            self.exchange.response_body.add(body)
        if not message.get("more_body", False):
            # Work that goes on after the answer, such as background tasks, is no part of it.
            self._take_time()

    def _take_time(self) -> None:
        if not self._is_over:
            self._is_over = True
            self.exchange.duration_us = int((perf_counter() - self._begin) * 1e6)

    def end(self, status: int) -> None:
        """Reports the request; `status` stands for an answer that never began."""
        self._take_time()
        self.exchange.status = self.exchange.status or status
        identify(self.exchange, self._agent, self._scope, self._root)
        self._agent.record(self.exchange)


class SocketSession:
    """One WebSocket from the handshake to the close."""

    __slots__ = (
        "_agent",
        "_begin",
        "_close_code",
        "_in",
        "_out",
        "_receive",
        "_root",
        "_scope",
        "_send",
        "exchange",
    )

    def __init__(self, agent: Agent, scope: Scope, receive: Receive, send: Send) -> None:
        self._agent = agent
        self._scope = scope
        self._receive = receive
        self._send = send
        self._root = scope.get("root_path", "")
        self._in = self._out = self._close_code = 0
        self.exchange = Exchange(now_us())
        self._begin = perf_counter()
        try:
            describe(self.exchange, scope)
        except Exception:
            agent.fault("a request could not be read")
        self.exchange.method = "GET"

    async def hear(self) -> Message:
        """The `receive` for the application."""
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._in += 1
            self.exchange.request_bytes += _length(message)
        elif message["type"] == "websocket.disconnect":
            self._close_code = self._close_code or message.get("code") or 1005
        return message

    async def say(self, message: Message) -> None:
        """The `send` for the application."""
        await self._send(message)
        kind = message["type"]
        if kind == "websocket.send":
            self._out += 1
            self.exchange.response_bytes += _length(message)
        elif kind == "websocket.accept":
            self.exchange.status = SWITCHED
        elif kind == "websocket.close":
            self._close_code = self._close_code or message.get("code") or 1000
            self.exchange.status = self.exchange.status or FORBIDDEN
        elif kind == "websocket.http.response.start":
            self.exchange.status = message.get("status", FORBIDDEN)

    def end(self, status: int) -> None:
        """Reports the session; `status` stands for a handshake that was never answered."""
        exchange = self.exchange
        exchange.duration_us = int((perf_counter() - self._begin) * 1e6)
        exchange.status = exchange.status or status
        exchange.extra = {
            "websocket": {
                "messages_in": self._in,
                "messages_out": self._out,
                "close_code": self._close_code or (1011 if status == FAILED else 1006),
            }
        }
        identify(exchange, self._agent, self._scope, self._root)
        self._agent.record(exchange)


def _length(message: Message) -> int:
    data = message.get("bytes")
    if data is not None:
        return len(data)
    text = message.get("text") or ""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def describe(exchange: Exchange, scope: Scope) -> tuple[bytes, bytes, bytes]:
    """Fills in the request; gives the length, type and encoding of its body as sent."""
    exchange.method = scope.get("method", "")
    exchange.scheme = scope.get("scheme", "")
    raw_path = scope.get("raw_path")
    exchange.path = raw_path.decode("latin-1") if raw_path else _quoted(scope["path"])
    exchange.query = scope.get("query_string", b"").decode("latin-1")
    exchange.http_version = scope.get("http_version", "")
    client = scope.get("client")
    exchange.peer = str(client[0]) if client else ""
    # Frameworks may change the list of the scope; what the client sent is wanted.
    headers = tuple(scope["headers"])
    exchange.headers = headers
    length = kind = encoding = b""
    for name, value in headers:
        if name == b"host":
            exchange.host = value.decode("latin-1")
        elif name == b"content-length":
            length = value
        elif name == b"content-type":
            kind = value
        elif name == b"content-encoding":
            encoding = value
    if length.isdigit() and len(length) < 19:
        exchange.request_bytes = int(length)
    return length, kind, encoding


def _quoted(path: str) -> str:
    """A path as it may have looked on the wire, where the server does not tell."""
    return quote(path, safe="/:@!$&'()*+,;=~%-._", errors="surrogateescape")


def identify(exchange: Exchange, agent: Agent, scope: Scope, root_path: str) -> None:
    """Fills in what the framework found out while it worked on the request."""
    options = agent.options
    exchange.client = read(options.client, scope, agent)
    exchange.user = read(options.user or user_of, scope, agent)
    exchange.session = read(options.session, scope, agent)
    if options.route is not None:
        exchange.route = read(options.route, scope, agent)
        return
    route = getattr(scope.get("route"), "path", None)
    if isinstance(route, str):
        mounted = scope.get("root_path", "")
        prefix = mounted[len(root_path) :] if mounted.startswith(root_path) else ""
        exchange.route = route if not prefix or route.startswith(prefix) else prefix + route


def user_of(scope: Scope) -> object:
    """The user that Starlette's authentication, or ``request.state.user_id``, tells of."""
    user = scope.get("user")
    if user is not None:
        if not getattr(user, "is_authenticated", True):
            return None
        for name in ("identity", "pk", "id", "username", "display_name"):
            try:
                value = as_text(getattr(user, name, None))
            except NotImplementedError:  # BaseUser of Starlette
                continue
            if value:
                return value
        return as_text(user)
    state = scope.get("state")
    return state.get("user_id") if isinstance(state, dict) else None
