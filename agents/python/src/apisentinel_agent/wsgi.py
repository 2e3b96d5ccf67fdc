"""Middleware for WSGI applications: Flask, Django, Pyramid, Bottle, Falcon.

Answers pass through piece by piece; a list of pieces is handed on as it is, so that servers still
find its length by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import quote

from apisentinel_agent.agent import Agent, now_us, perf_counter
from apisentinel_agent.exchange import Exchange, Sample, sample
from apisentinel_agent.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Environ = dict[str, Any]
    StartResponse = Callable[..., Callable[[bytes], object]]
    Application = Callable[[Environ, StartResponse], Iterable[bytes]]

FAILED = 500
"""Status of a request whose application raised before it answered."""

ROUTE = "apisentinel.route"
USER = "apisentinel.user"
SESSION = "apisentinel.session"
CLIENT = "apisentinel.client"
"""Keys of the environ under which an application may leave what it knows."""


class SentinelMiddleware:
    """Reports each request of a WSGI application."""

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

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Runs the application and reports what passed. Raises what the application raises."""
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if not self.agent.wants(path):
            return self.app(environ, start_response)
        passage = Passage(self.agent, environ)
        try:
            answer = self.app(environ, passage.start(start_response))
        except BaseException as problem:
            passage.end(problem)
            raise
        if isinstance(answer, (list, tuple)):
            for piece in answer:
                passage.count(piece)
            passage.end()
            return answer
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(answer, wrapper):
            passage.end()  # the server sends the file by itself, if it is let
            return answer
        return Answer(answer, passage)


class Passage:
    """One request on its way through the application."""

    __slots__ = ("_agent", "_begin", "_environ", "_is_over", "_length", "exchange")

    def __init__(self, agent: Agent, environ: Environ) -> None:
        self._agent = agent
        self._environ = environ
        self._is_over = False
        self._length = 0
        self.exchange = Exchange(now_us())
        self._begin = perf_counter()
        try:
            self._read()
        except Exception:
            agent.fault("a request could not be read")

    def _read(self) -> None:
        environ, exchange, options = self._environ, self.exchange, self._agent.options
        read_request(exchange, environ)
        if options.request_body_bytes:
            exchange.request_body = sample(
                options.request_body_bytes,
                environ.get("CONTENT_TYPE", ""),
                options.body_types,
                environ.get("HTTP_CONTENT_ENCODING", ""),
            )
        stream = environ.get("wsgi.input")
        if stream is not None and (
            exchange.request_body is not None or "HTTP_TRANSFER_ENCODING" in environ
        ):
            environ["wsgi.input"] = Tee(stream, exchange)

    def start(self, start_response: StartResponse) -> StartResponse:
        """A `start_response` that notes what the application says."""

        def started(
            status: str, headers: list[tuple[str, str]], exc_info: object = None
        ) -> Callable[[bytes], object]:
            try:
                self._started(status, headers)
            except Exception:
                self._agent.fault("an answer could not be read")
            # What the server takes is its own affair: hand on as many arguments as came.
            write = (
                start_response(status, headers, exc_info)
                if exc_info is not None
                else start_response(status, headers)
            )

            def counted(piece: bytes) -> object:
                self.count(piece)
                return write(piece)

            return counted

        return started

    def _started(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.exchange.status = int(status[:3])
        kind = encoding = ""
        for name, value in headers:
            lower = name.lower()
            if lower == "content-length":
                self._length = int(value)
            elif lower == "content-type":
                kind = value
            elif lower == "content-encoding":
                encoding = value
        options = self._agent.options
        if options.response_body_bytes:
            self.exchange.response_body = sample(
                options.response_body_bytes, kind, options.body_types, encoding
            )

    def count(self, piece: bytes) -> None:
        """Notes a piece of the answer."""
        try:
            self.exchange.response_bytes += len(piece)
            if self.exchange.response_body is not None:
                self.exchange.response_body.add(piece)
        except Exception:
            self._agent.fault("a piece of an answer could not be read")

    def end(self, problem: BaseException | None = None) -> None:
        """Reports the request, once."""
        if self._is_over:
            return
        self._is_over = True
        exchange, agent, environ = self.exchange, self._agent, self._environ
        exchange.duration_us = int((perf_counter() - self._begin) * 1e6)
        if problem is not None and isinstance(problem, Exception):
            exchange.status = FAILED
        exchange.status = exchange.status or FAILED
        if not exchange.response_bytes and exchange.method != "HEAD":
            exchange.response_bytes = self._length
        options = agent.options
        exchange.client = read(options.client or client_of, environ, agent)
        exchange.user = read(options.user or user_of, environ, agent)
        exchange.session = read(options.session or session_of, environ, agent)
        exchange.route = read(options.route or route_of, environ, agent)
        agent.record(exchange)


class Answer:
    """The pieces of an answer, counted as the server takes them."""

    def __init__(self, pieces: Iterable[bytes], passage: Passage) -> None:
        self._pieces = pieces
        self._passage = passage
        self._iterator: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        """Itself."""
        return self

    def __next__(self) -> bytes:
        """The next piece. Raises what the application raises, which is reported as 500."""
        try:
            if self._iterator is None:
                self._iterator = iter(self._pieces)
            piece = next(self._iterator)
        except StopIteration:
            self._passage.end()
            raise
        except BaseException as problem:
            self._passage.end(problem)
            raise
        self._passage.count(piece)
        return piece

    def close(self) -> None:
        """Closes the answer of the application, as servers must, and reports the request."""
        try:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
        finally:
            self._passage.end()


class Tee:
    """A request body that is counted and sampled as the application reads it."""

    def __init__(self, stream: Any, exchange: Exchange) -> None:
        self._stream = stream
        self._sample: Sample | None = exchange.request_body
        self._counts = exchange if not exchange.request_bytes else None

    def _note(self, part: Any) -> Any:
        if self._counts is not None:
            self._counts.request_bytes += len(part)
        if self._sample is not None:
            self._sample.add(part)
        return part

    def read(self, *size: Any) -> Any:
        """As of the stream."""
        return self._note(self._stream.read(*size))

    def readline(self, *size: Any) -> Any:
        """As of the stream."""
        return self._note(self._stream.readline(*size))

    def readlines(self, *hint: Any) -> Any:
        """As of the stream."""
        lines = self._stream.readlines(*hint)
        for line in lines:
            self._note(line)
        return lines

    def __iter__(self) -> Iterator[Any]:
        """Lines, as of the stream."""
        for line in self._stream:
            yield self._note(line)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the stream's, but no other way to read: frameworks look for them."""
        if name.startswith(("read", "peek", "get")):
            raise AttributeError(name)
        return getattr(self._stream, name)


def read_request(exchange: Exchange, environ: Environ) -> None:
    """Fills in the request from a WSGI environ."""
    exchange.method = environ.get("REQUEST_METHOD", "")
    exchange.scheme = environ.get("wsgi.url_scheme", "")
    exchange.path, exchange.query = target_of(environ)
    protocol = environ.get("SERVER_PROTOCOL", "")
    exchange.http_version = protocol[5:] if protocol.startswith("HTTP/") else ""
    exchange.host = environ.get("HTTP_HOST", "")
    exchange.peer = environ.get("REMOTE_ADDR", "")
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit() and len(length) < 19:
        exchange.request_bytes = int(length)
    headers = [
        (name[5:].replace("_", "-"), value)
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    ]
    if environ.get("CONTENT_TYPE"):
        headers.append(("content-type", environ["CONTENT_TYPE"]))
    exchange.headers = headers


def target_of(environ: Environ) -> tuple[str, str]:
    """Path and query as received: servers keep them under two names, or only decoded."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        path, _, query = raw.partition("?")
        return path, query
    decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    path = quote(decoded.encode("latin-1", "replace"), safe="/:@!$&'()*+,;=~-._")
    return path, environ.get("QUERY_STRING", "")


def user_of(environ: Environ) -> object:
    """The user that the application or the server's own authentication left in the environ."""
    return environ.get(USER) or environ.get("REMOTE_USER")


def session_of(environ: Environ) -> object:
    """The session that the application left in the environ."""
    return environ.get(SESSION)


def route_of(environ: Environ) -> object:
    """The route that the application left in the environ."""
    return environ.get(ROUTE)


def client_of(environ: Environ) -> object:
    """The address of the client that the application left in the environ."""
    return environ.get(CLIENT)
