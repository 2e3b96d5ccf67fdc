"""What people have made of incidents, beside what detection tells of them on the stream.

Detection knows nothing of status, verdict and assignee. Rows of the stream get them from here, so
that a filter passes there what it passes in the list.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Protocol

from fastapi import Depends
from starlette.requests import HTTPConnection

from apisentinel.api.http.context import get_service
from apisentinel.api.query.shapes import Row, stream_row
from apisentinel.pipeline.live.bus import Bus
from apisentinel.storage.query import Condition, Listing, Op, Page

MEMBERS: Final = ("status", "verdict", "assignee", "version", "comment_count")
"""What people set, or what changes with it."""
MOST: Final = 50_000
"""Incidents whose state is held, the latest ones: 300 bytes each."""

TOUCHED: Final = (
    Condition("status", Op.NE, "open"),
    Condition("verdict", Op.NE, None),
    Condition("assignee", Op.NE, None),
)
"""Any of these says that somebody has worked on an incident."""


class IncidentStore(Protocol):
    """Where incidents are read from."""

    def list_incidents(self, conditions: Any, page: Page) -> Listing:
        """A page of incidents."""
        ...


class Triage:
    """States of incidents that people have touched. Any thread may note and read."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._known: dict[str, dict[str, Any]] = {}

    def load(self, store: IncidentStore) -> None:
        """Takes over what is stored; blocks.

        Raises:
            StoreError: It cannot be read.
        """
        for condition in TOUCHED:
            page = Page("last_ts", limit=500)
            while len(self._known) < MOST:
                found = store.list_incidents((condition,), page)
                for document in found.items:
                    self._known.setdefault(document["id"], _state(document))
                if found.next is None:
                    break
                page = Page("last_ts", cursor=found.next, limit=500)

    def changed(self, document: Mapping[str, Any]) -> None:
        """Notes what somebody has set, and tells the stream."""
        self._known.pop(document["id"], None)
        self._known[document["id"]] = _state(document)
        while len(self._known) > MOST:
            self._known.pop(next(iter(self._known)), None)
        told = {name: v for name, v in document.items() if name not in {"samples", "comments"}}
        self._bus.publish("incidents", [told])

    def row(self, topic: str, item: Mapping[str, Any]) -> Row:
        """An item of the bus as the row that the lists show."""
        if topic == "incidents" and "risk" in item:
            return stream_row(topic, {**item, **self._known.get(item["id"], {})})
        return stream_row(topic, item)


def _state(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: document.get(name) for name in MEMBERS}


def get_triage(connection: HTTPConnection) -> Triage:
    """The states of incidents of an application, read when somebody first asks; blocks then."""
    state = connection.app.state
    known: Triage | None = getattr(state, "triage", None)
    if known is None:
        service = get_service(connection)
        known = Triage(service.bus)
        known.load(service.control)
        state.triage = known
    return known


TheTriage = Annotated[Triage, Depends(get_triage)]
