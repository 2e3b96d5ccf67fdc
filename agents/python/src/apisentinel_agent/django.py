"""Middleware for Django, under WSGI and ASGI.

In the settings::

    MIDDLEWARE = ["apisentinel_agent.django.SentinelMiddleware", ...]   # the first one
    APISENTINEL_AGENT = {"url": "https://sentinel.internal:8080", "key": env("SENTINEL_KEY")}

Callables among the options are handed Django's request; they may be dotted names. The user is taken
only when the application has already loaded it: reporting must not cause a query.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, Callable

from apisentinel_agent.agent import Agent, now_us, perf_counter
from apisentinel_agent.exchange import Exchange, sample
from apisentinel_agent.reading import as_text, read
from apisentinel_agent.wsgi import Tee, read_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

_AGENT: Agent | None = None


def agent_of_settings() -> Agent:
    """The agent of the process, made from the setting ``APISENTINEL_AGENT``.

    Raises:
        TypeError: There is no such option.
        ValueError: An option cannot be used.
    """
    global _AGENT  # noqa: PLW0603 (Django makes middlewares by name: nothing can be handed to them)
    if _AGENT is None:
        from django.conf import settings  # type: ignore[import-untyped,unused-ignore]  # no types with Django
        from django.utils.module_loading import (  # type: ignore[import-untyped,unused-ignore]  # no types with Django
            import_string,
        )

        given: Mapping[str, Any] = getattr(settings, "APISENTINEL_AGENT", {})
        loaded = {
            name: import_string(value)
            if name in {"client", "user", "session", "route"} and isinstance(value, str)
            else value
            for name, value in given.items()
        }
        _AGENT = Agent(**loaded)
    return _AGENT


class SentinelMiddleware:
    """Reports each request of a Django project."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response
        self.agent = agent_of_settings()
        # Before Python 3.12, coroutine functions that are objects carry a mark of asyncio.
        self._is_async = (
            inspect.iscoroutinefunction(get_response)
            or getattr(get_response, "_is_coroutine", None) is not None
        )
        if not self._is_async:
            return
        if hasattr(inspect, "markcoroutinefunction"):
            inspect.markcoroutinefunction(self)
        else:
            self._is_coroutine = getattr(asyncio.coroutines, "_is_coroutine", True)

    def __call__(self, request: Any) -> Any:
        """Answers a request; under ASGI, a coroutine of the answer."""
        if self._is_async:
            return self._later(request)
        if not self.agent.wants(request.path):
            return self.get_response(request)
        begin = perf_counter()
        exchange = self._begin(request)
        try:
            response = self.get_response(request)
        except BaseException:
            self._end(exchange, request, begin)
            raise
        return self._answered(exchange, request, response, begin)

    async def _later(self, request: Any) -> Any:
        if not self.agent.wants(request.path):
            return await self.get_response(request)
        begin = perf_counter()
        exchange = self._begin(request)
        try:
            response = await self.get_response(request)
        except BaseException:
            self._end(exchange, request, begin)
            raise
        return self._answered(exchange, request, response, begin)

    def _begin(self, request: Any) -> Exchange:
        exchange = Exchange(now_us())
        options = self.agent.options
        try:
            scope = getattr(request, "scope", None)
            if scope is not None:
                from apisentinel_agent.asgi import describe

                describe(exchange, scope)
            else:
                read_request(exchange, request.META)
            if options.request_body_bytes:
                exchange.request_body = sample(
                    options.request_body_bytes,
                    request.META.get("CONTENT_TYPE", ""),
                    options.body_types,
                    request.META.get("HTTP_CONTENT_ENCODING", ""),
                )
                stream = getattr(request, "_stream", None)
                if exchange.request_body is not None and stream is not None:
                    request._stream = Tee(stream, exchange)  # noqa: SLF001 (before anything has read)
        except Exception:
            self.agent.fault("a request could not be read")
        return exchange

    def _answered(self, exchange: Exchange, request: Any, response: Any, begin: float) -> Any:
        try:
            exchange.status = response.status_code
            options = self.agent.options
            if options.response_body_bytes:
                exchange.response_body = sample(
                    options.response_body_bytes,
                    response.get("Content-Type", ""),
                    options.body_types,
                    response.get("Content-Encoding", ""),
                )
            if not getattr(response, "streaming", False):
                content = response.content
                exchange.response_bytes = len(content)
                if exchange.response_body is not None:
                    exchange.response_body.add(content)
                self._end(exchange, request, begin)
            elif getattr(response, "file_to_stream", None) is not None:
                # Django hands the file to the server as it is, which may then send it by itself.
                exchange.response_bytes = int(response.get("Content-Length", 0) or 0)
                self._end(exchange, request, begin)
            elif getattr(response, "is_async", False):
                pieces = response.streaming_content
                response.streaming_content = self._async_pieces(exchange, request, pieces, begin)
            else:
                pieces = response.streaming_content
                response.streaming_content = self._pieces(exchange, request, pieces, begin)
        except Exception:
            self.agent.fault("an answer could not be read")
        return response

    def _pieces(
        self, exchange: Exchange, request: Any, pieces: Any, begin: float
    ) -> Iterator[bytes]:
        try:
            for piece in pieces:
                _count(exchange, piece)
                yield piece
        except Exception:
            exchange.status = 500
            raise
        finally:
            self._end(exchange, request, begin)

    async def _async_pieces(
        self, exchange: Exchange, request: Any, pieces: Any, begin: float
    ) -> AsyncIterator[bytes]:
        try:
            async for piece in pieces:
                _count(exchange, piece)
                yield piece
        except Exception:
            exchange.status = 500
            raise
        finally:
            self._end(exchange, request, begin)

    def _end(self, exchange: Exchange, request: Any, begin: float) -> None:
        agent = self.agent
        options = agent.options
        exchange.duration_us = int((perf_counter() - begin) * 1e6)
        exchange.status = exchange.status or 500
        exchange.client = read(options.client, request, agent)
        exchange.user = read(options.user or _user, request, agent)
        exchange.session = read(options.session or _session, request, agent)
        exchange.route = read(options.route or _route, request, agent)
        agent.record(exchange)


def _count(exchange: Exchange, piece: bytes) -> None:
    exchange.response_bytes += len(piece)
    if exchange.response_body is not None:
        exchange.response_body.add(piece)


def _user(request: Any) -> object:
    """The user, if somebody has loaded it already."""
    user = vars(request).get("user")
    if user is None:
        user = getattr(request, "_cached_user", None) or getattr(request, "_acached_user", None)
    elif hasattr(type(user), "_setup"):
        # Django's lazy object: what it stands for, or a plain object() while it is not loaded.
        user = vars(user).get("_wrapped")
    if user is None or not getattr(user, "is_authenticated", False):
        return None
    return as_text(getattr(user, "pk", None)) or as_text(user)


def _session(request: Any) -> object:
    session = getattr(request, "session", None)
    return getattr(session, "session_key", None)


def _route(request: Any) -> object:
    match = getattr(request, "resolver_match", None)
    route = getattr(match, "route", None)
    return f"/{route}" if isinstance(route, str) else None
