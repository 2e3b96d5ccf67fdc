"""The hub of the live stream: reads the bus once, ten times a second at most, and hands the same
text to everybody who asked the same thing.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import structlog

from apisentinel.api.stream.messages import (
    TOPICS,
    Item,
    Line,
    Shown,
    all_rows,
    best_rows,
    frame,
    merged,
    message,
)
from apisentinel.clock import Clock
from apisentinel.pipeline.live.bus import Bus, Message, Subscription

_log = structlog.get_logger("apisentinel.stream")

TICK_S = 0.1
"""Pause between two frames of a topic: ten a second are as fast as people see."""
QUEUE_FRAMES = 64
"""Frames that wait for one client: six seconds of a busy topic."""
QUEUE_BYTES = 768 << 10
"""Memory of the frames that wait for one client; with the one on its way less than 1 MiB."""
MESSAGES_A_TICK = 50
"""Messages of the bus taken in one tick, 100 rows each; more waits for the next tick."""
REPLAY_MESSAGES = 20
"""Messages of the bus told again in one go to a client that resumes."""
WORK_S = 0.005
"""Time that filtering may take before others get their turn on the event loop."""


class Predicate(Protocol):
    """A filter: equal keys, equal answers."""

    @property
    def key(self) -> str:
        """What it says, in one form."""
        ...

    def passes(self, flattened: Mapping[str, Any]) -> bool:
        """True when a row passes; entities in it are their ids."""
        ...


class Sub(NamedTuple):
    """What a client wants to hear: a topic, the filter, and the name it gave, if any."""

    topic: str
    predicate: Predicate | None = None
    name: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Equal for all that hear the same rows."""
        return self.topic, "" if self.predicate is None else self.predicate.key

    def wanted(self, lines: Sequence[Line]) -> Sequence[Line]:
        """The rows that pass."""
        if self.predicate is None:
            return lines
        passes = self.predicate.passes
        return [line for line in lines if passes(line.flat)]


class _Frame(NamedTuple):
    text: str
    size: int
    cursor: int


class _Lost(NamedTuple):
    """What a client missed: everything after `begin` up to `end`."""

    begin: int
    end: int


class Watcher:
    """One client: what it wants, and the frames that wait for it. Lives on the event loop.

    Attributes:
        subs: Subscriptions by name.
        sent: Cursor of the last frame that was handed to the socket.
        behind: Cursor up to which frames are being told again from the bus, None when live.
    """

    def __init__(self, subs: Iterable[Sub], cursor: int) -> None:
        self.subs: dict[str, Sub] = {sub.name or sub.topic: sub for sub in subs}
        self.sent = cursor
        self.behind = False
        self.bell = asyncio.Event()
        self._queue: deque[_Frame | _Lost] = deque()
        self._held = 0

    @property
    def waiting(self) -> int:
        """Frames and markers that wait."""
        return len(self._queue)

    @property
    def held_bytes(self) -> int:
        """Memory of the frames that wait."""
        return self._held

    def offer(self, text: str, cursor: int) -> None:
        """Adds a frame; when too many wait, all of them give way to one gap marker."""
        size = sys.getsizeof(text)
        if len(self._queue) >= QUEUE_FRAMES or self._held + size > QUEUE_BYTES:
            self._queue.clear()
            self._held = 0
            self.lose(self.sent, cursor)
            return
        self._queue.append(_Frame(text, size, cursor))
        self._held += size
        self.bell.set()

    def lose(self, begin: int, end: int) -> None:
        """Marks a gap; one that follows another one widens it."""
        if self._queue and isinstance(last := self._queue[-1], _Lost):
            self._queue[-1] = _Lost(last.begin, max(end, last.end))
        else:
            self._queue.append(_Lost(begin, end))
        self.bell.set()

    def take(self) -> _Frame | _Lost | None:
        """The next frame or marker, None when nothing waits."""
        if not self._queue:
            self.bell.clear()
            return None
        first = self._queue.popleft()
        if isinstance(first, _Frame):
            self._held -= first.size
            self.sent = first.cursor
        else:
            self.sent = first.end
        return first


class Hub:
    """Feeds all watchers from one subscription to the bus. All methods run on one event loop.

    Reads the bus only while somebody watches.

    Attributes:
        position: Cursor up to which the watchers were told.
        encoded: Frames encoded so far; how often the same text went out does not count.
    """

    def __init__(self, bus: Bus, shown: Shown, clock: Clock) -> None:
        self.bus = bus
        self.shown = shown
        self.clock = clock
        self.watchers: set[Watcher] = set()
        self.position = bus.cursor
        self.encoded = 0
        self._reader: Subscription | None = None
        self._pump: asyncio.Task[None] | None = None

    def attach(self, subs: Iterable[Sub], resume: str | None = None) -> Watcher:
        """Begins to feed a client.

        Args:
            subs: What it wants.
            resume: Cursor that it saw last; what it missed is told again when the bus still has
                it, else there is a gap marker.
        """
        if self._reader is None:
            self._start()
        watcher = Watcher(subs, self.position)
        if resume is not None:
            cursor = self.bus.parse(resume)
            if cursor is None:
                # of another life of the process: all that was told since is unknown to the client
                watcher.lose(0, self.position)
            elif cursor < self.position:
                watcher.sent = cursor
                watcher.behind = True
                watcher.bell.set()
        self.watchers.add(watcher)
        return watcher

    def detach(self, watcher: Watcher) -> None:
        """Feeds a client no more."""
        self.watchers.discard(watcher)
        if not self.watchers:
            self.close()

    def close(self) -> None:
        """Stops reading the bus; the next `attach` starts again."""
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None
        if self._reader is not None:
            self._reader.on_ready = None
            self._reader.close()
            self._reader = None

    def _start(self) -> None:
        reader = self.bus.subscribe(TOPICS)
        self.position = reader.cursor
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()

        def ring() -> None:
            with suppress(RuntimeError):  # the loop may close while a thread publishes
                loop.call_soon_threadsafe(ready.set)

        reader.on_ready = ring
        self._reader = reader
        self._pump = loop.create_task(self._run(reader, ready), name="stream-hub")

    async def _run(self, reader: Subscription, ready: asyncio.Event) -> None:
        while True:
            await ready.wait()
            ready.clear()
            messages, gap = reader.get_nowait(MESSAGES_A_TICK)
            if len(messages) == MESSAGES_A_TICK:
                ready.set()
            start, self.position = self.position, reader.cursor
            live = [watcher for watcher in self.watchers if not watcher.behind]
            if gap is not None and gap.end > start:
                for watcher in live:
                    watcher.lose(start, gap.end)
            try:
                await self._tell(messages, live, start, self.position)
            except Exception:  # noqa: BLE001 (supervised: told, and the stream goes on)
                # one row that cannot be shown must not end the stream of everybody
                _log.exception("frames_lost", begin=start, end=self.position)
                for watcher in live:
                    watcher.lose(start, self.position)
            await asyncio.sleep(TICK_S)

    async def _tell(
        self, messages: Sequence[Message], live: Sequence[Watcher], start: int, end: int
    ) -> None:
        """Gives each watcher the frames of one tick.

        The cursor of a tick's last frame is the end of the tick, that of the others its start: who
        loses the connection between them is told the whole tick again.
        """
        rows: dict[str, list[Item]] = {}
        for piece in messages:
            rows.setdefault(piece.topic, []).extend(piece.items)
        changed = {
            topic: [Line(self.shown(topic, item)) for item in merged(topic, rows[topic])]
            for topic in TOPICS
            if topic in rows
        }
        bodies: dict[tuple[str, str], bytes | None] = {}
        texts: dict[tuple[str, str, str | None, int], str] = {}
        begun = self.clock.monotonic()
        for watcher in live:
            heard: list[tuple[Sub, bytes]] = []
            for sub in sorted(watcher.subs.values(), key=lambda sub: TOPICS.index(sub.topic)):
                if sub.topic not in changed:
                    continue
                if sub.key not in bodies:
                    bodies[sub.key] = self._body(sub, changed[sub.topic])
                    if self.clock.monotonic() - begun > WORK_S:
                        await asyncio.sleep(0)
                        begun = self.clock.monotonic()
                body = bodies[sub.key]
                if body is not None:
                    heard.append((sub, body))
            for at, (sub, body) in enumerate(heard):
                cursor = end if at == len(heard) - 1 else start
                key = (*sub.key, sub.name, cursor)
                if key not in texts:
                    texts[key] = frame(sub.topic, self.bus.text(cursor), body, sub.name)
                watcher.offer(texts[key], cursor)

    def _body(self, sub: Sub, lines: Sequence[Line]) -> bytes | None:
        wanted = sub.wanted(lines)
        if not wanted:
            return None
        self.encoded += 1
        return best_rows(sub.topic, wanted)

    def cursor_of(self, watcher: Watcher) -> str:
        """Where a client may resume: all it wants up to here is on its way to it."""
        is_current = not watcher.behind and not watcher.waiting
        return self.bus.text(max(self.position, watcher.sent) if is_current else watcher.sent)

    def frames(self, watcher: Watcher) -> Iterator[str]:
        """What there is to send to a client now; the next frame is made when it is asked for."""
        while watcher.behind:
            yield from self._again(watcher)
        while (first := watcher.take()) is not None:
            if isinstance(first, _Frame):
                yield first.text
            else:
                yield self._gap(first.begin, first.end)

    def _again(self, watcher: Watcher) -> Iterator[str]:
        """Messages that a client missed while it was away, every row of them."""
        subs = list(watcher.subs.values())
        topics = {sub.topic for sub in subs}
        messages, gap = self.bus.since(watcher.sent, topics, REPLAY_MESSAGES)
        if gap is not None:
            yield self._gap(watcher.sent, gap.end)
            watcher.sent = gap.end
        missed = [one for one in messages if watcher.sent < one.cursor <= self.position]
        if not missed:
            watcher.sent = max(watcher.sent, self.position)
            watcher.behind = False
        for one in missed:
            lines = [Line(self.shown(one.topic, item)) for item in one.items]
            heard = [
                (sub, body)
                for sub in subs
                if sub.topic == one.topic
                for body in all_rows(sub.wanted(lines))
            ]
            for at, (sub, body) in enumerate(heard):
                cursor = one.cursor if at == len(heard) - 1 else watcher.sent
                yield frame(sub.topic, self.bus.text(cursor), body, sub.name)
            watcher.sent = one.cursor

    def _gap(self, begin: int, end: int) -> str:
        return message("gap", **{"from": self.bus.text(begin), "to": self.bus.text(end)})
