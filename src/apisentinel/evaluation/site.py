"""What a site looks like to somebody who wants to attack it: learned from its own traffic."""

from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.pipeline.engine import Counted
from apisentinel.records.batch import NO_TIME, RequestBatch
from apisentinel.records.flags import PATH_ASSET, PATH_HEALTH, PATH_LOGIN, PATH_REGISTER

MOST_ENDPOINTS = 400
"""Endpoints that are remembered; enough for every kind of attack to find its place."""
SAMPLES = 40
"""Requests kept of an endpoint."""
SAMPLES_PER_BLOCK = 12
"""Of each status, so that they come from several moments."""
MOST_CLIENTS = 400
CLIENTS_PER_BLOCK = 80
"""New clients looked at in a block."""
FEW_OBJECTS = 4
"""Different paths from which on an endpoint counts as one that gives objects by their id."""
REFUSED = (401, 403, 400, 422)
"""How logins answer a wrong password, the usual one first."""

TEXTS = {
    "method": "method", "host": "host", "path": "path", "query": "query",
    "client": "client_ip", "user": "user_id", "session": "session_id",
    "credential": "credential_id", "agent": "user_agent", "referer": "referer",
}  # fmt: skip
"""Attributes of `Seen` → columns of a batch."""


class Seen(NamedTuple):
    """A request of the site; a text that was not logged is None, a number is -1."""

    method: str | None
    host: str | None
    path: str | None
    query: str | None
    client: str | None
    user: str | None
    session: str | None
    credential: str | None
    agent: str | None
    referer: str | None
    status: int
    response_bytes: int
    duration_us: int


class Place:
    """An endpoint of the site.

    Attributes:
        label: ``METHOD host route``; known once the traffic was read.
        flags: What its path says it is for (`records.flags`).
        statuses: How often it answered with each status.
        samples: Some of its requests.
    """

    __slots__ = ("flags", "label", "samples", "statuses")

    def __init__(self, flags: int) -> None:
        self.label = ""
        self.flags = flags
        self.statuses: Counter[int] = Counter()
        self.samples: list[Seen] = []

    @property
    def requests(self) -> int:
        """How often it was asked for."""
        return self.statuses.total()

    @property
    def answered(self) -> list[Seen]:
        """Samples that were answered with success."""
        return [seen for seen in self.samples if 200 <= seen.status < 300 or seen.status < 0]

    @property
    def is_page(self) -> bool:
        """It is read by people or programs, and neither an asset nor a health check."""
        return self.label.startswith("GET ") and not self.flags & (PATH_ASSET | PATH_HEALTH)

    @property
    def is_login(self) -> bool:
        """Accounts are proved here."""
        return (
            self.label.startswith("POST ")
            and bool(self.flags & PATH_LOGIN)
            and not self.flags & PATH_REGISTER
        )

    @property
    def gives_objects(self) -> bool:
        """It answers with one of many objects, named in the path."""
        paths = {seen.path for seen in self.answered}
        return self.is_page and "{" in self.label and len(paths) >= FEW_OBJECTS

    def refusal(self) -> int:
        """How it answers a wrong password; 401 where that was never seen."""
        known = [status for status in REFUSED if self.statuses[status]]
        return max(known, key=lambda status: self.statuses[status], default=REFUSED[0])


class Site:
    """Endpoints and ordinary clients of a site. `watch` takes the blocks of a scan.

    Memory is bounded by the constants of this module. Equal traffic in equal blocks gives equal
    sites.

    Attributes:
        first, last: Event time of the traffic, µs; `NO_TIME` where nothing tells it.
    """

    def __init__(self) -> None:
        self.first = self.last = NO_TIME
        self._places: dict[int, Place] = {}
        self._clients: dict[str, Seen] = {}

    @property
    def places(self) -> list[Place]:
        """Endpoints, the most asked for first."""
        return sorted(self._places.values(), key=lambda place: (-place.requests, place.label))

    @property
    def clients(self) -> list[Seen]:
        """A request of each of some ordinary clients, in the order of their addresses."""
        return [self._clients[name] for name in sorted(self._clients)]

    def watch(self, counted: Counted, attacks: npt.NDArray[np.bool_]) -> None:
        """Takes note of a block after it was judged; requests with an attack are left out."""
        batch = counted.block.batch
        rows = np.flatnonzero(~attacks & (batch.numbers["ts"] != NO_TIME))
        if not len(rows):
            return
        ts = batch.numbers["ts"][rows]
        self.first = int(ts.min()) if self.first == NO_TIME else min(self.first, int(ts.min()))
        self.last = max(self.last, int(ts.max()))
        for row in _first_rows(batch.enriched["h_client"][rows], rows)[:CLIENTS_PER_BLOCK]:
            seen = _seen(batch, row)
            if seen.client is not None and len(self._clients) < MOST_CLIENTS:
                self._clients.setdefault(seen.client, seen)
        self._count(batch, rows)

    def name(self, label_of: Callable[[int], str]) -> None:
        """Gives the endpoints their names, after the last block: routes are learned on the way."""
        for key, place in self._places.items():
            place.label = label_of(key)

    def _count(self, batch: RequestBatch, rows: npt.NDArray[np.int64]) -> None:
        endpoints = batch.enriched["endpoint"][rows]
        for row in _first_rows(endpoints, rows):
            key = int(batch.enriched["endpoint"][row])
            if key not in self._places and len(self._places) < MOST_ENDPOINTS:
                flags = int(batch.enriched["path_flags"][row])
                self._places[key] = Place(flags)
        pairs = np.stack([endpoints, batch.numbers["status"][rows].astype(endpoints.dtype)])
        _, of, counts = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
        order = np.argsort(of, kind="stable")
        for some in np.split(rows[order], np.cumsum(counts)[:-1]):
            row = int(some[0])
            place = self._places.get(int(batch.enriched["endpoint"][row]))
            if place is not None:
                place.statuses[int(batch.numbers["status"][row])] += len(some)
                room = min(SAMPLES_PER_BLOCK, SAMPLES - len(place.samples))
                place.samples += [_seen(batch, int(row)) for row in some[:room]]


def _first_rows(keys: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> list[int]:
    """The first row of each key, in the order of the rows."""
    _, first = np.unique(keys, return_index=True)
    return [int(row) for row in rows[np.sort(first)]]


def _seen(batch: RequestBatch, row: int) -> Seen:
    texts = {name: _text(batch, column, row) for name, column in TEXTS.items()}
    numbers = batch.numbers
    return Seen(
        **texts,
        status=int(numbers["status"][row]),
        response_bytes=int(numbers["response_bytes"][row]),
        duration_us=int(numbers["duration_us"][row]),
    )


def _text(batch: RequestBatch, column: str, row: int) -> str | None:
    raw = batch.text(column, row)
    return None if raw is None else raw.decode("utf-8", "replace")
