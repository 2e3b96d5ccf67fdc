"""Stored events as requests again, and what people said of the incidents that came of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from apisentinel.clock import Clock
from apisentinel.errors import ConfigError
from apisentinel.pipeline.installation import CONTROL_FOLDER, EVENTS_FOLDER
from apisentinel.records.evidence import EntityRef
from apisentinel.storage.control import ControlStore
from apisentinel.storage.events import EventStore
from apisentinel.storage.query import Condition, Op, Page
from apisentinel.storage.settings import StorageSettings

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


def request_lines(
    data_dir: Path, settings: StorageSettings, clock: Clock, since: int
) -> Iterator[bytes]:
    """Stored events since a time as NDJSON requests, oldest first, in blocks.

    Raises:
        ConfigError: There is no event store.
        StoreError: It cannot be read, or a service uses it.
    """
    folder = data_dir / EVENTS_FOLDER
    if not folder.is_dir():
        raise ConfigError(f"{data_dir} is no data folder of a service: there are no events in it")
    store = EventStore(folder, settings, clock)
    try:
        encode = msgspec.json.Encoder().encode
        block = bytearray()
        for number, event in enumerate(
            store.export_events([Condition("ts", Op.GTE, since)], MOST_EVENTS), 1
        ):
            block += encode(_request(event)) + b"\n"
            if number % BLOCK == 0:
                yield bytes(block)
                block.clear()
        yield bytes(block)
    finally:
        store.close()


def _request(event: dict[str, Any]) -> dict[str, Any]:
    known = {field: event.get(column) for column, field in FIELDS.items()}
    return {name: value for name, value in known.items() if value is not None}


def verdicts_of(data_dir: Path, settings: StorageSettings, clock: Clock) -> dict[EntityRef, bool]:
    """What people said of entities: True where an incident of theirs was judged true."""
    store = ControlStore(data_dir / CONTROL_FOLDER, clock, settings)
    out: dict[EntityRef, bool] = {}
    try:
        page: Page | None = Page("last_ts", limit=PAGE)
        read = 0
        while page is not None and read < MOST_INCIDENTS:
            found = store.list_incidents((), page)
            read += len(found.items)
            for document in found.items:
                if document.get("verdict") is not None:
                    is_true = document["verdict"] == "true_positive"
                    for entity in document["entities"]:
                        ref = EntityRef(entity["kind"], entity["id"])
                        out[ref] = out.get(ref, False) or is_true
            page = Page("last_ts", cursor=found.next, limit=PAGE) if found.next else None
    finally:
        store.close()
    return out
