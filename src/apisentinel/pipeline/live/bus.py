"""What just happened, for everybody who watches: bounded rings of messages by topic."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self

Item = dict[str, Any]

TOPICS = ("metrics", "alerts", "incidents", "decisions", "events", "health")
"""Topics of the live stream."""

KEPT_ITEMS: Mapping[str, int] = {
    "metrics": 600,
    "alerts": 10_000,
    "incidents": 2_000,
    "decisions": 5_000,
    "events": 5_000,
    "health": 300,
}
"""Items kept per topic, which bounds both memory and how long a client may be away: ten minutes of
metrics at one a second, and of alerts what a page can show.
"""

ITEMS_A_MESSAGE = 100
"""Items of one message; more are cut into several, so that a client can keep up in small steps."""


class Message(NamedTuple):
    """Items of one topic that were published together."""

    cursor: int
    topic: str
    items: tuple[Item, ...]


class Gap(NamedTuple):
    """Cursors between which messages of the wanted topics are gone."""

    begin: int
    end: int


class Bus:
    """Hands messages from any thread to any number of watchers, who read at their own pace.

    Messages lie once in one ring per topic; a watcher is only a cursor, so a slow one costs nothing
    and sees a `Gap`. Thread-safe.

    Attributes:
        epoch: Name of this life of the process; cursors of another one mean nothing here.
    """

    def __init__(self, epoch: str, kept: Mapping[str, int] = KEPT_ITEMS) -> None:
        if not epoch or "-" in epoch:
            raise ValueError(f"epoch must be a word without a hyphen, not {epoch!r}")
        self.epoch = epoch
        self._kept = {topic: kept.get(topic, KEPT_ITEMS[topic]) for topic in TOPICS}
        self._rings: dict[str, deque[Message]] = {topic: deque() for topic in TOPICS}
        self._held = dict.fromkeys(TOPICS, 0)
        self._lost = dict.fromkeys(TOPICS, 0)
        self._cursor = 0
        self._changed = threading.Condition()
        self._watchers: list[Subscription] = []

    @property
    def cursor(self) -> int:
        """Cursor of the newest message, 0 before the first."""
        return self._cursor

    def text(self, cursor: int) -> str:
        """Cursor as clients see it: ``<epoch>-<n>``."""
        return f"{self.epoch}-{cursor}"

    def parse(self, text: str) -> int | None:
        """Cursor of a text form; None when it is of another life of the process or no cursor."""
        epoch, _, number = text.rpartition("-")
        is_ours = epoch == self.epoch and number.isascii() and number.isdigit()
        if not is_ours or len(number) > 18:
            return None
        cursor = int(number)
        return cursor if cursor <= self._cursor else None

    def publish(self, topic: str, items: Iterable[Item]) -> int:
        """Tells the watchers of a topic; items must not be changed afterwards.

        Returns:
            The newest cursor.

        Raises:
            KeyError: There is no such topic.
        """
        told = tuple(items)
        with self._changed:
            ring = self._rings[topic]
            for at in range(0, len(told), ITEMS_A_MESSAGE):
                self._cursor += 1
                part = told[at : at + ITEMS_A_MESSAGE]
                ring.append(Message(self._cursor, topic, part))
                self._held[topic] += len(part)
            while self._held[topic] > self._kept[topic]:
                gone = ring.popleft()
                self._held[topic] -= len(gone.items)
                self._lost[topic] = gone.cursor
            if told:
                self._changed.notify_all()
            watchers = tuple(self._watchers) if told else ()
            newest = self._cursor
        for watcher in watchers:
            watcher.tell(topic)
        return newest

    def since(
        self, cursor: int, topics: Iterable[str] = TOPICS, most: int = 1_000
    ) -> tuple[list[Message], Gap | None]:
        """Messages after a cursor, oldest first.

        Args:
            cursor: The last one that was seen; 0 for all that is kept.
            topics: Wanted topics; unknown ones give nothing.
            most: Messages at once; the caller asks again with the last cursor.

        Returns:
            Messages, and the gap when some before them are gone.
        """
        with self._changed:
            wanted = [topic for topic in topics if topic in self._rings]
            found: list[Message] = []
            lost = 0
            for topic in wanted:
                lost = max(lost, self._lost[topic])
                for message in reversed(self._rings[topic]):
                    if message.cursor <= cursor:
                        break
                    found.append(message)
        found.sort()
        gap = Gap(cursor + 1, lost) if lost > cursor else None
        return found[:most], gap

    def subscribe(self, topics: Iterable[str], *, cursor: int | None = None) -> "Subscription":
        """A reader of some topics.

        Args:
            topics: Wanted topics.
            cursor: Where to go on; None begins with what comes next.
        """
        with self._changed:
            start = self._cursor if cursor is None else cursor
            watcher = Subscription(self, frozenset(topics), start)
            self._watchers.append(watcher)
        return watcher

    def unsubscribe(self, watcher: "Subscription") -> None:
        """Ends a subscription; a second time does nothing."""
        with self._changed:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

    @property
    def watchers(self) -> int:
        """Number of subscriptions."""
        return len(self._watchers)

    def wait(self, cursor: int, timeout_s: float) -> bool:
        """Blocks until something newer than a cursor is there, False after the timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: self._cursor > cursor, timeout_s)


class Subscription:
    """One watcher: a cursor with a bell. Used by one thread; the bell rings from others.

    Attributes:
        cursor: The last message that was taken.
        on_ready: Called without arguments, from the publishing thread, when there is something new
            since the last `get_nowait`; once until then. It must not block.
    """

    def __init__(self, bus: Bus, topics: frozenset[str], cursor: int) -> None:
        self.bus = bus
        self.topics = topics
        self.cursor = cursor
        self.on_ready: Callable[[], None] | None = None
        self._told = threading.Event()

    def tell(self, topic: str) -> None:
        """Rings the bell when the topic is wanted and the bell is not ringing already."""
        if topic not in self.topics or self._told.is_set():
            return
        self._told.set()
        bell = self.on_ready
        if bell is not None:
            bell()

    def get_nowait(self, most: int = 1_000) -> tuple[list[Message], Gap | None]:
        """What is new since the last call; `most` bounds the messages, the next call goes on."""
        self._told.clear()
        messages, gap = self.bus.since(self.cursor, self.topics, most)
        if messages:
            self.cursor = messages[-1].cursor
        elif gap is not None:
            self.cursor = gap.end
        if len(messages) == most:
            self._told.set()
        return messages, gap

    def wait(self, timeout_s: float) -> bool:
        """Blocks until there is something new, False after the timeout."""
        return self._told.wait(timeout_s)

    def close(self) -> None:
        """Ends the subscription."""
        self.bus.unsubscribe(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
