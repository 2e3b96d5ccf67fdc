"""The live stream: ``/api/v1/stream``, one WebSocket for everything that changes."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Annotated, Final

import structlog
from anyio import create_task_group
from fastapi import APIRouter, Depends, FastAPI, Query, WebSocket
from msgspec.structs import replace
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect, WebSocketState

from apisentinel import __version__
from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.context import get_authenticator, get_service
from apisentinel.api.query.fields import ALERTS, DECISIONS, EVENTS, INCIDENTS, Resource
from apisentinel.api.query.filters import Filter, GrammarError, parse_filter
from apisentinel.api.query.matching import RowFilter
from apisentinel.api.query.moments import moment_text
from apisentinel.api.stream.hub import Hub, Sub, Watcher
from apisentinel.api.stream.messages import (
    SUBSCRIPTIONS,
    TOPICS,
    ClientMessage,
    Subscribe,
    Unsubscribe,
    message,
    parse_message,
)
from apisentinel.api.stream.triage import TheTriage, Triage
from apisentinel.clock import Clock
from apisentinel.errors import RefusedError

PING_S: Final = 15.0
"""Pause between pings: shorter than the minute after which proxies cut what is silent."""
STALL_S: Final = 1200.0
"""A client that takes nothing for so long is given up; until then it costs its queue."""
CONNECTIONS: Final = 500
"""Sockets of all clients: 1 MiB each at worst."""
CONNECTIONS_EACH: Final = 250
"""Sockets of one key or user, so that one cannot shut out the others."""
CLIENT_MESSAGES: Final = 40
"""Messages of a client between two pings; a page sends one when its filter changes."""

GOODBYE_S: Final = 2.0
"""Time that all clients have to take the last message when the service stops."""
GOODBYE_POLL_S: Final = 0.02

TOO_MUCH, NOT_ALLOWED, GOING_AWAY = 1009, 1008, 1001
"""Close codes of RFC 6455."""


def _without(resource: Resource, *names: str) -> Resource:
    left = {name: field for name, field in resource.fields.items() if name not in names}
    return replace(resource, fields=left)


FILTERED: Final[dict[str, Resource]] = {
    # an alert is told before it is known which incident it joins
    "alerts": _without(ALERTS, "incident"),
    # the store makes these two when it writes
    "incidents": _without(INCIDENTS, "created", "updated"),
    "events": EVENTS,
    "decisions": DECISIONS,
}
"""Fields that can be filtered, by topic; of the other topics everything is told."""

router = APIRouter(tags=["stream"])

_log = structlog.get_logger("apisentinel.stream")


class Desk:
    """The sockets of one application: the hub and how many each principal has open.

    Attributes:
        closed: Whether the service stops: every socket is told and closed.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.open: Counter[str] = Counter()
        self.closed = False

    def enter(self, actor: str) -> None:
        """Counts a socket in.

        Raises:
            RefusedError: 503, there are too many, or the service stops.
        """
        if self.closed:
            raise RefusedError(503, "the service is stopping", retry_after=5)
        if self.open.total() >= CONNECTIONS or self.open[actor] >= CONNECTIONS_EACH:
            raise RefusedError(
                503, "too many live connections are open; close some of them", retry_after=30
            )
        self.open[actor] += 1

    def leave(self, actor: str) -> None:
        """Counts a socket out."""
        self.open[actor] -= 1
        if self.open[actor] <= 0:
            del self.open[actor]

    async def close(self, patience_s: float = GOODBYE_S) -> bool:
        """Tells every client that the service stops, and closes its socket with 1001.

        Returns:
            True when all are gone in time; False when some do not take what is sent to them.
        """
        self.closed = True
        try:
            async with asyncio.timeout(patience_s):
                while self.open.total():
                    for watcher in self.hub.watchers:
                        watcher.bell.set()
                    await asyncio.sleep(GOODBYE_POLL_S)
        except TimeoutError:
            return False
        return True


def desk_of(connection: HTTPConnection, triage: Triage) -> Desk:
    """The desk of the application, opened with the first socket."""
    state = connection.app.state
    if getattr(state, "stream_desk", None) is None:
        state.stream_desk = Desk(Hub(get_service(connection).bus, triage.row, state.clock))
    desk: Desk = state.stream_desk
    return desk


def make_sub(topic: str, f: Iterable[str], now: int, name: str | None = None) -> Sub:
    """A subscription.

    Raises:
        GrammarError: No such topic, or a filter that cannot be used with it.
    """
    if topic not in TOPICS:
        raise GrammarError("topic", topic, "there is no such topic", TOPICS, topic)
    listed = list(f)
    if not listed:
        return Sub(topic, None, name)
    resource = FILTERED.get(topic)
    if resource is None:
        raise GrammarError("f", listed[0], f"{topic} cannot be filtered; these can", FILTERED)
    wanted: Filter = parse_filter(resource, listed, now, None, None)
    return Sub(topic, RowFilter(resource, wanted), name)


def first_subs(topics: str, f: list[str], now: int) -> list[Sub]:
    """The subscriptions that the address asks for; its filter is for the topics that have one.

    Raises:
        GrammarError: An unknown topic, too many of them, or a filter for none of them.
    """
    names = [name for name in dict.fromkeys(topics.split(",")) if name]
    if len(names) > SUBSCRIPTIONS:
        raise GrammarError("topics", topics, f"{len(names)} topics, {SUBSCRIPTIONS} at most")
    if f and not any(name in FILTERED for name in names):
        raise GrammarError("f", f[0], "none of the topics can be filtered; these can", FILTERED)
    return [make_sub(name, f if name in FILTERED else (), now) for name in names]


@router.websocket("/api/v1/stream")
async def stream(
    socket: WebSocket,
    principal: Annotated[Principal, Depends(needs("read"))],
    triage: TheTriage,
    topics: Annotated[str, Query(max_length=200)] = "metrics,health,incidents",
    f: Annotated[list[str] | None, Query()] = None,
    resume: Annotated[str | None, Query(max_length=64)] = None,
) -> None:
    """Tells what changes, as it changes."""
    clock: Clock = socket.app.state.clock
    subs = first_subs(topics, f or [], clock.now())
    desk = desk_of(socket, triage)
    desk.enter(principal.actor)
    try:
        await socket.accept()
        await Connection(socket, desk, principal, clock).serve(subs, resume)
    except WebSocketDisconnect:
        pass  # the client went while we were greeting it
    finally:
        desk.leave(principal.actor)


async def close_all(app: FastAPI) -> None:
    """Says goodbye to all clients of an application; call it on the event loop."""
    desk: Desk | None = getattr(app.state, "stream_desk", None)
    if desk is not None and not await desk.close():
        _log.warning("streams_cut_off", open=desk.open.total())


class Connection:
    """One accepted socket: a task that sends and a task that listens.

    Attributes:
        ending: Close code and reason when the service ends it. The socket is closed when neither
            task waits for it any more: Granian sends no close frame while somebody receives.
    """

    def __init__(self, socket: WebSocket, desk: Desk, principal: Principal, clock: Clock) -> None:
        self.socket = socket
        self.desk = desk
        self.hub = desk.hub
        self.principal = principal
        self.clock = clock
        self.answers: list[str] = []
        self.heard = 0
        self.ending: tuple[int, str] | None = None

    async def serve(self, subs: list[Sub], resume: str | None) -> None:
        """Runs until either side ends it."""
        watcher = self.hub.attach(subs, resume)
        try:
            await self._send(self._hello(watcher))
            async with create_task_group() as tasks:

                async def run(part: Callable[[Watcher], Awaitable[None]]) -> None:
                    try:
                        await part(watcher)
                    except Exception as error:
                        if not self._is_end(error):
                            raise
                    tasks.cancel_scope.cancel()

                tasks.start_soon(run, self._tell)
                tasks.start_soon(run, self._listen)
            if self.ending is not None:
                await self._close(*self.ending)
        except (WebSocketDisconnect, TimeoutError, OSError):
            pass  # the client went before it was told why
        finally:
            self.hub.detach(watcher)

    def _is_end(self, error: Exception) -> bool:
        """Whether it only says that the other side is gone, in the words of one of the servers."""
        if isinstance(error, RuntimeError):
            return WebSocketState.DISCONNECTED in {
                self.socket.application_state,
                self.socket.client_state,
            }
        return isinstance(error, WebSocketDisconnect | TimeoutError | OSError)

    def _hello(self, watcher: Watcher) -> str:
        service = get_service(self.socket)
        return message(
            "hello",
            epoch=self.hub.bus.epoch,
            seq=self.hub.position,
            cursor=self.hub.bus.text(watcher.sent),
            server_time=moment_text(self.clock.now()),
            version=__version__,
            demo=service.settings.demo,
            topics=list(TOPICS),
            subs=sorted(watcher.subs),
        )

    # -- telling

    async def _tell(self, watcher: Watcher) -> None:
        loop = asyncio.get_running_loop()
        ping_at = loop.time() + PING_S
        while True:
            for text in self.hub.frames(watcher):
                await self._send(text)
                if loop.time() >= ping_at:
                    break
            while self.answers:
                await self._send(self.answers.pop(0))
            if self.desk.closed:
                await self._send(message("bye", cursor=self.hub.cursor_of(watcher)))
                self.ending = GOING_AWAY, "the service is stopping"
                return
            if loop.time() >= ping_at:
                if not await get_authenticator(self.socket).still_reads(self.principal):
                    self.ending = NOT_ALLOWED, "the key or session has ended"
                    return
                await self._send(self._ping(watcher))
                self.heard = 0
                ping_at = loop.time() + PING_S
            if watcher.waiting or watcher.behind:
                continue
            try:
                async with asyncio.timeout_at(ping_at):
                    await watcher.bell.wait()
            except TimeoutError:
                continue

    def _ping(self, watcher: Watcher) -> str:
        return message(
            "ping",
            cursor=self.hub.cursor_of(watcher),
            server_time=moment_text(self.clock.now()),
        )

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(STALL_S):
            await self.socket.send_text(text)

    async def _close(self, code: int, reason: str) -> None:
        async with asyncio.timeout(PING_S):
            await self.socket.close(code, reason)

    # -- listening

    async def _listen(self, watcher: Watcher) -> None:
        while True:
            received = await self.socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            self.heard += 1
            if self.heard > CLIENT_MESSAGES:
                self.ending = NOT_ALLOWED, "too many messages"
                return
            try:
                said = parse_message(received.get("text") or received.get("bytes") or b"")
                self.answers.append(self._obey(watcher, said))
            except RefusedError as error:
                if error.status == 413:
                    self.ending = TOO_MUCH, "the message is too long"
                    return
                self.answers.append(
                    message("error", detail=str(error), **getattr(error, "more", {}))
                )
            watcher.bell.set()

    def _obey(self, watcher: Watcher, said: ClientMessage) -> str:
        if isinstance(said, Subscribe):
            sub = make_sub(said.topic, said.f, self.clock.now(), said.id or None)
            name = said.id or said.topic
            if name not in watcher.subs and len(watcher.subs) >= SUBSCRIPTIONS:
                raise RefusedError(400, f"{SUBSCRIPTIONS} subscriptions at most; unsub one first")
            watcher.subs[name] = sub
        elif isinstance(said, Unsubscribe):
            watcher.subs.pop(said.id or said.topic, None)
        return message(
            "ok",
            cursor=self.hub.cursor_of(watcher),
            subs=[{"id": name, "topic": sub.topic} for name, sub in sorted(watcher.subs.items())],
        )
