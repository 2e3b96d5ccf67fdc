"""Stored events as requests again, and what people said of the incidents that came of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from apisentinel.errors import StoreError
from apisentinel.records.evidence import EntityRef
from apisentinel.storage.control import ControlStore
from apisentinel.storage.events import EventStore
from apisentinel.storage.query import Condition, Op, Page

MOST_EVENTS = 20_000_000
"""Events that are read back: 3 GB as text on the way."""
MOST_INCIDENTS = 10_000
PAGE = 500
BLOCK = 10_000

FIELDS = {
    "ts": "ts", "method": "method", "host": "host", "path": "path", "query": "query",
    "status": "status", "request_bytes": "request_bytes", "response_bytes": "response_bytes",
    "duration_us": "duration_us", "client": "client_ip", "user": "user_id",
    "session": "session_id", "credential": "credential_id", "user_agent": "user_agent",
    "referer": "referer", "event_id": "event_id",
}  # fmt: skip
"""Columns of events → fields of requests. Headers and bodies are not kept."""


LABEL = "label"
"""Field of a request that says what people said of who sent it."""


def request_lines(
    store: EventStore, since: int, most: int, verdicts: Mapping[EntityRef, bool] | None = None
) -> Iterator[tuple[bytes, int, int]]:
    """Stored events since a time as NDJSON requests, oldest first, in blocks.

    Args:
        store: Of the service.
        since: µs.
        most: Events at most.
        verdicts: What people said of entities; goes into the field `LABEL`, a user before a session
            before a client.

    Yields:
        Lines, their number, how many of them have a label.

    Raises:
        StoreError: The store cannot be read.
    """
    encode = msgspec.json.Encoder().encode
    block, rows, labelled = bytearray(), 0, 0
    for event in store.export_events([Condition("ts", Op.GTE, since)], most):
        request = _request(event)
        told = _label(event, verdicts) if verdicts else None
        if told is not None:
            request[LABEL] = int(told)
            request.setdefault("event_id", f"seq-{event['seq']}")
            labelled += 1
        block += encode(request) + b"\n"
        rows += 1
        if rows == BLOCK:
            yield bytes(block), rows, labelled
            block, rows, labelled = bytearray(), 0, 0
    yield bytes(block), rows, labelled


def _request(event: dict[str, Any]) -> dict[str, Any]:
    known = {field: event.get(column) for column, field in FIELDS.items()}
    return {name: value for name, value in known.items() if value is not None}


def _label(event: dict[str, Any], verdicts: Mapping[EntityRef, bool]) -> bool | None:
    for kind in ("user", "session", "credential", "client"):
        name = event.get(kind)
        if name is not None and (told := verdicts.get(EntityRef(kind, name))) is not None:
            return told
    return None


def _entities(document: dict[str, Any]) -> list[EntityRef]:
    try:
        return [EntityRef(entity["kind"], entity["id"]) for entity in document["entities"]]
    except (KeyError, TypeError) as error:
        raise StoreError("a stored incident is damaged: it names nobody") from error


def verdicts_of(store: ControlStore) -> dict[EntityRef, bool]:
    """What people said of entities: True where an incident of theirs was judged true.

    Raises:
        StoreError: The store cannot be read.
    """
    out: dict[EntityRef, bool] = {}
    page: Page | None = Page("last_ts", limit=PAGE)
    read = 0
    while page is not None and read < MOST_INCIDENTS:
        found = store.list_incidents((), page)
        read += len(found.items)
        for document in found.items:
            if document.get("verdict") is not None:
                is_true = document["verdict"] == "true_positive"
                for ref in _entities(document):
                    out[ref] = out.get(ref, False) or is_true
        page = Page("last_ts", cursor=found.next, limit=PAGE) if found.next else None
    return out
