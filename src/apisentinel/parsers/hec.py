"""Splunk's HTTP Event Collector: events in, requests and the answer that its senders expect out.

An event is a request in our own format, a JSON log record of any known format, or a log line of any
known format. What is a valid event but no request goes to the dead letters; what is no valid event
is refused with the code and the number that Splunk would give, while all other events are kept.

References: Splunk, "Format events for HTTP Event Collector"; "Troubleshoot HTTP Event Collector".
"""

from typing import Any, NamedTuple

import numpy as np
import orjson

from apisentinel.parsers.document import expand
from apisentinel.parsers.line_batches import DeadLine, LineReader
from apisentinel.records.batch import NO_TIME, RequestBatch

SUCCESS, NO_DATA, BAD_FORMAT, NO_EVENT, BLANK_EVENT = 0, 5, 6, 12, 13
"""Codes of answers about the data."""

NO_TOKEN, BAD_AUTHORIZATION, BAD_TOKEN, SERVER_ERROR, BUSY = 2, 3, 4, 8, 9
"""Codes of answers about access and the server."""

TEXTS = {
    SUCCESS: "Success",
    NO_TOKEN: "Token is required",
    BAD_AUTHORIZATION: "Invalid authorization",
    BAD_TOKEN: "Invalid token",
    NO_DATA: "No data",
    BAD_FORMAT: "Invalid data format",
    SERVER_ERROR: "Internal server error",
    BUSY: "Server is busy",
    NO_EVENT: "Event field is required",
    BLANK_EVENT: "Event field cannot be blank",
}
"""Words of the answers, as Splunk writes them: some senders compare them."""

STATUS = {
    SUCCESS: 200,
    NO_TOKEN: 401,
    BAD_AUTHORIZATION: 401,
    BAD_TOKEN: 403,
    SERVER_ERROR: 500,
    BUSY: 503,
}
"""HTTP status of a code; 400 for the others."""

LATEST_SECONDS = 1e11
"""``time`` values above are milliseconds: this many seconds are in the year 5138."""


class HecEvents(NamedTuple):
    """What a body of events holds.

    Attributes:
        batch: Its requests in order; ``time`` of the event stands in where they have no time.
        dead: Events that are no requests; `number` is theirs, from 0.
        broken: Things that are no events.
        code: Code of the answer.
        number: Number of the first thing that is no event, from 0, None without one.
    """

    batch: RequestBatch
    dead: list[DeadLine]
    broken: int
    code: int
    number: int | None


def answer(code: int, number: int | None = None) -> tuple[int, bytes]:
    """HTTP status and JSON body of an answer.

    Example:
        >>> answer(SUCCESS)
        (200, b'{"text":"Success","code":0}')
    """
    body: dict[str, Any] = {"text": TEXTS[code], "code": code}
    if number is not None:
        body["invalid-event-number"] = number
    return STATUS.get(code, 400), orjson.dumps(body)


def parse_events(body: bytes, *, limit: int = 64 << 20) -> HecEvents:
    """Reads the body of ``/services/collector/event``: JSON events one after the other, or a list.

    Args:
        body: Decompressed.
        limit: Most bytes.

    Raises:
        ParseError: More bytes than `limit`.
    """
    lines: list[bytes] = []
    numbers: list[int] = []
    times: list[int] = []
    codes: list[tuple[int, int]] = []
    for number, raw in enumerate(expand(body, limit=limit).split(b"\n")[:-1]):
        code, line, ts = _event(raw)
        if code != SUCCESS:
            codes.append((code, number))
            continue
        lines.append(line)
        numbers.append(number)
        times.append(ts)
    got = LineReader().read(b"".join(line + b"\n" for line in lines))
    _fill_times(got.batch, np.array(times, np.int64)[got.lines])
    dead = [line._replace(number=numbers[line.number]) for line in got.dead]
    if codes:
        return HecEvents(got.batch, dead, len(codes), *codes[0])
    return HecEvents(got.batch, dead, 0, SUCCESS if numbers else NO_DATA, None)


def parse_raw(body: bytes) -> HecEvents:
    """Reads the body of ``/services/collector/raw``: log lines of any known format."""
    got = LineReader().read(body)
    empty = not len(got.batch) and not got.dead
    return HecEvents(got.batch, got.dead, 0, NO_DATA if empty else SUCCESS, None)


def _event(raw: bytes) -> tuple[int, bytes, int]:
    """``(code, line, time)`` of one event; the line holds no line end."""
    try:
        entry = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return BAD_FORMAT, b"", NO_TIME
    if not isinstance(entry, dict):
        return BAD_FORMAT, b"", NO_TIME
    event = entry.get("event")
    if event is None:
        return NO_EVENT, b"", NO_TIME
    if isinstance(event, str):
        line = event.encode("utf-8", "surrogatepass").strip()
        line = line.replace(b"\r", b" ").replace(b"\n", b" ")
    elif isinstance(event, dict):
        line = orjson.dumps(event)
    else:
        line = str(event).encode()
    if not line or line == b"{}":
        return BLANK_EVENT, b"", NO_TIME
    return SUCCESS, line, _time(entry.get("time"))


def _time(value: object) -> int:
    """``time`` of an event in µs: seconds as number or text, milliseconds from some senders."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return NO_TIME
    try:
        seconds = float(value)
    except ValueError:
        return NO_TIME
    if not 0 < seconds < LATEST_SECONDS * 1000:
        return NO_TIME
    return round(seconds * (1e6 if seconds < LATEST_SECONDS else 1e3))


def _fill_times(batch: RequestBatch, times: Any) -> None:
    """Gives rows without a time that of their event."""
    ts = batch.numbers["ts"]
    missing = ts == NO_TIME
    ts[missing] = times[missing]
