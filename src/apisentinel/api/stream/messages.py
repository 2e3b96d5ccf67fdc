"""Messages of the live stream, both ways, as JSON text.

Every message of the server has a ``topic``. Data: ``{"topic", "cursor", "items", "rest"}``; around
it ``hello``, ``gap``, ``ping``, ``ok`` and ``error``. A client says ``sub``, ``unsub``, ``pong``.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec
import orjson

from apisentinel.api.http.answers import dumps
from apisentinel.api.query.matching import flat
from apisentinel.errors import RefusedError

Item = dict[str, Any]
Shown = Callable[[str, Item], Item]
"""Makes an item of a topic a row as lists show it."""

TOPICS: Final = ("metrics", "health", "incidents", "alerts", "decisions", "events")
"""Topics in the order in which a tick tells them."""

RANKED: Final = frozenset({"incidents", "alerts", "events"})
"""Topics whose rows have a risk: the highest are shown when there are too many. Of the others the
newest are.
"""

UPDATED: Final = frozenset({"incidents", "alerts", "decisions"})
"""Topics whose rows are states of something with an id: of one tick only the newest counts."""

ROWS = 100
"""Rows of one frame; what a page can draw in a tenth of a second."""
FRAME_BYTES = 128 << 10
"""JSON of the rows of one frame; rows beyond it are counted with the rest."""
MESSAGE_BYTES = 16 << 10
"""Longest message of a client; the longest filter fits in ten times over."""
SUBSCRIPTIONS = 16
"""Subscriptions of one client; a page has one per list that it shows."""

_ShortText = Annotated[str, msgspec.Meta(max_length=64)]
_Filter = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=4096)]], msgspec.Meta(max_length=32)
]


class Subscribe(msgspec.Struct, tag_field="op", tag="sub", frozen=True, forbid_unknown_fields=True):
    """Ask for a topic, or replace the filter of a subscription.

    Attributes:
        topic: What to hear.
        f: Conditions as in a URL; all must hold.
        id: Name of the subscription, given back in its frames as ``sub``. The topic without one.
    """

    topic: _ShortText
    f: _Filter = []
    id: _ShortText = ""


class Unsubscribe(
    msgspec.Struct, tag_field="op", tag="unsub", frozen=True, forbid_unknown_fields=True
):
    """Hear no more of a topic, or of the subscription with an id."""

    topic: _ShortText = ""
    id: _ShortText = ""


class Pong(msgspec.Struct, tag_field="op", tag="pong", frozen=True):
    """The answer to a ping; not needed, welcome."""


ClientMessage = Subscribe | Unsubscribe | Pong

_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)


def parse_message(text: str | bytes) -> ClientMessage:
    """What a client says.

    Raises:
        RefusedError: 400, it is no message of the protocol; 413, it is too long.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MESSAGE_BYTES:
        raise RefusedError(413, f"a message may have {MESSAGE_BYTES:,} bytes")
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusedError(
            400,
            f'this is no message of the stream: {error}; send {{"op": "sub", "topic": "alerts", '
            '"f": ["severity:in:HIGH,CRITICAL"]} or {"op": "unsub", "topic": "alerts"}',
        ) from None


class Line:
    """A row on its way to clients: flattened and encoded once, whoever hears it.

    Attributes:
        row: As lists show it.
        flat: For filters.
    """

    __slots__ = ("_json", "flat", "row")

    def __init__(self, row: Item) -> None:
        self.row = row
        self.flat = flat(row)
        self._json: bytes | None = None

    @property
    def json(self) -> bytes:
        """Its text."""
        if self._json is None:
            self._json = dumps(self.row)
        return self._json


def merged(topic: str, items: Iterable[Item]) -> list[Item]:
    """Rows of one tick, each thing with an id once, as it was last."""
    if topic not in UPDATED:
        return list(items)
    newest: dict[Any, Item] = {}
    for item in items:
        newest[item.get("id")] = item
    return list(newest.values())


def best_rows(topic: str, lines: Sequence[Line]) -> bytes:
    """The members ``items`` and ``rest`` of a live frame, as JSON without braces.

    At most `ROWS` rows and `FRAME_BYTES`, the highest risk first; the rest is counted by severity.

    Args:
        topic: Their topic.
        lines: Rows in order of arrival.
    """
    if topic in RANKED:
        ordered = sorted(lines, key=lambda line: -(line.row.get("risk") or 0))
    else:
        ordered = list(lines[-ROWS:])
    rows = next(pieces(ordered), [])
    rest: dict[str, Any] = {"count": len(lines) - len(rows)}
    if topic in RANKED:
        left = Counter(str(line.row.get("severity") or "LOW") for line in ordered[len(rows) :])
        rest["severities"] = dict(sorted(left.items()))
    return _body(rows, rest)


def all_rows(lines: Iterable[Line]) -> Iterator[bytes]:
    """The same for every row, in as many frames as it takes: for what is told again."""
    for rows in pieces(lines):
        yield _body(rows, {"count": 0})


def pieces(lines: Iterable[Line]) -> Iterator[list[bytes]]:
    """Encoded rows in lists of at most `ROWS` rows and `FRAME_BYTES`; one row always fits."""
    rows: list[bytes] = []
    size = 0
    for line in lines:
        row = line.json
        if rows and (len(rows) == ROWS or size + len(row) > FRAME_BYTES):
            yield rows
            rows, size = [], 0
        rows.append(row)
        size += len(row)
    if rows:
        yield rows


def _body(rows: list[bytes], rest: dict[str, Any]) -> bytes:
    return b'"items":[' + b",".join(rows) + b'],"rest":' + orjson.dumps(rest)


def frame(topic: str, cursor: str, body: bytes, sub: str | None = None) -> str:
    """A data message around encoded rows."""
    head: dict[str, str] = {"topic": topic, "cursor": cursor}
    if sub is not None:
        head["sub"] = sub
    return (orjson.dumps(head)[:-1] + b"," + body + b"}").decode()


def message(topic: str, **members: Any) -> str:
    """Any other message."""
    return orjson.dumps({"topic": topic, **members}).decode()
