"""A store full of judged requests, and what the screens of the page ask it.

The requests look like those of a shop: few busy clients and many quiet ones, some hundred
endpoints, people and sessions that come and go, one request in a hundred with evidence. Nothing of
it is anybody's traffic.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.clock import SystemClock
from apisentinel.pipeline.live.text_columns import chosen, sparse_lists, sparse_text
from apisentinel.storage.columns import Column, ColumnType, Table, numbers, texts
from apisentinel.storage.event_database import DAY_US
from apisentinel.storage.events import EventStore
from apisentinel.storage.events_schema import EVENT_SCHEMA
from apisentinel.storage.query import Condition, Op, Page
from apisentinel.storage.settings import StorageSettings

Array = npt.NDArray[Any]

PIECE: Final = 100_000
"""Rows that are made and handed over at a time."""
HOUR_US: Final = DAY_US // 24

CLIENTS, USERS, SESSIONS, ENDPOINTS, AGENTS = 120_000, 40_000, 400_000, 400, 300
METHODS: Final = ("GET", "POST", "PUT", "DELETE", "PATCH")
KINDS: Final = ("browser", "mobile", "library", "bot", "unknown")
ATTACKS: Final = ("injection", "bola", "credential_stuffing", "scraping", "recon")
BANDS: Final = np.array([40, 60, 80])
SEVERITIES: Final = ("LOW", "MEDIUM", "HIGH", "CRITICAL")


class Stored(NamedTuple):
    """A store with the period that its events cover, µs."""

    store: EventStore
    first: int
    last: int


def _skewed(random: np.random.Generator, count: int, names: int) -> Array:
    """Numbers below `names`, the low ones much more often."""
    return (names * random.random(count) ** 3).astype(np.int64)


def _address(number: int) -> str:
    return f"10.{number // 65_536 % 256}.{number // 256 % 256}.{number % 256}"


class Words:
    """The names that requests are made of."""

    def __init__(self) -> None:
        order = np.random.default_rng(7).permutation(CLIENTS).tolist()
        self.clients: list[str | None] = [_address(n) for n in order]
        self.networks: list[str | None] = [_address(n & ~255) + "/24" for n in order]
        self.users: list[str | None] = [None, *(f"u{n:06x}" for n in range(USERS))]
        self.sessions: list[str | None] = [
            None,
            *(f"s-{n * 2654435761:016x}" for n in range(SESSIONS)),
        ]
        routes = [f"/api/v1/{'abcdefghij'[n % 10]}{n // 10}/{{id}}" for n in range(ENDPOINTS)]
        self.methods = [METHODS[n % 7 % 5] for n in range(ENDPOINTS)]
        self.routes: list[str | None] = list(routes)
        self.endpoints: list[str | None] = [
            f"{method} {route}" for method, route in zip(self.methods, routes, strict=True)
        ]
        self.agents: list[str | None] = [
            f"Mozilla/5.0 (X11; Linux x86_64; rv:{100 + n}.0) Gecko/20100101 Firefox/{100 + n}.0"
            for n in range(AGENTS)
        ]


def table_of(words: Words, first: int, ts: Array) -> Table:
    """Rows from number `first` on, at these times."""
    count = len(ts)
    random = np.random.default_rng(first)
    seq = np.arange(first, first + count)
    client = _skewed(random, count, CLIENTS)
    person = np.where(
        random.random(count) < 0.6, (client * 7 + random.integers(0, 2, count)) % USERS + 1, 0
    )
    session = np.where(person > 0, (client * 11 + seq // 200_000) % SESSIONS + 1, 0)
    endpoint = _skewed(random, count, ENDPOINTS)
    risk = np.where(random.random(count) < 0.01, random.integers(30, 100, count), 3)
    status = random.choice([200, 201, 204, 301, 400, 401, 404, 500, 503], count,
                           p=[.78, .05, .03, .03, .02, .02, .05, .015, .005])  # fmt: skip
    odd = np.flatnonzero(risk > 3).tolist()
    types = {row: [ATTACKS[row % 5], *((ATTACKS[row % 3],) if row % 4 == 0 else ())] for row in odd}
    objects = random.integers(0, 2_000_000, count)
    paths: list[str | None] = [
        str(words.routes[e]).replace("{id}", str(n))
        for e, n in zip(endpoint.tolist(), objects.tolist(), strict=True)
    ]
    missing = np.zeros(count, np.int64)
    none = chosen([None], missing)
    columns: dict[str, Column] = {
        "seq": numbers(ColumnType.INT64, seq),
        "ts": numbers(ColumnType.INT64, ts),
        "event_id": texts([f"{n * 11400714819323198485 % (1 << 64):016x}" for n in seq.tolist()]),
        "source": chosen(["http", "file"], (seq % 7 == 0).astype(np.int64)),
        "method": chosen(list(words.methods), endpoint),
        "host": chosen(["shop.example", "api.example"], (endpoint % 3 == 0).astype(np.int64)),
        "path": texts(paths),
        "query": chosen([None, "?page=1", "?page=2&sort=price"], random.integers(0, 3, count)),
        "status": numbers(ColumnType.INT16, status),
        "request_bytes": numbers(ColumnType.INT64, random.integers(0, 2_000, count)),
        "response_bytes": numbers(ColumnType.INT64, random.integers(100, 90_000, count)),
        "duration_us": numbers(ColumnType.INT64, random.integers(500, 90_000, count)),
        "client": chosen(words.clients, client),
        "network": chosen(words.networks, client),
        "user": chosen(words.users, person),
        "session": chosen(words.sessions, session),
        "user_agent": chosen(words.agents, client % AGENTS),
        "agent_kind": chosen(list(KINDS), client % len(KINDS)),
        "endpoint": chosen(words.endpoints, endpoint),
        "route": chosen(words.routes, endpoint),
        "risk": numbers(ColumnType.INT16, risk),
        "score": numbers(ColumnType.FLOAT32, risk / 100),
        "severity": chosen(list(SEVERITIES), np.searchsorted(BANDS, risk, side="right")),
        "attack_types": sparse_lists(count, types),
        "detectors": sparse_lists(count, {row: [f"d{row % 9}"] for row in odd}),
        "reason": sparse_text(count, dict.fromkeys(odd, "a sign of an attack, in a few words")),
    }
    return Table({name: columns.get(name, none) for name in EVENT_SCHEMA})


def stored(folder: Path, events: int, days: int) -> Stored:
    """A store with so many events, evenly over the last days; made once, kept in the folder."""
    store = EventStore(folder, StorageSettings(), SystemClock())
    if store.last_seq < events:
        last = SystemClock().now()
        step = days * DAY_US // events
        words = Words()
        for begin in range(store.last_seq, events, PIECE):
            seq = np.arange(begin + 1, min(begin + PIECE, events) + 1)
            store.put(table_of(words, begin + 1, last - (events - seq) * step))
        store.flush(600)
        store.maintain(at_once=True)
    with store.database.cursor() as cursor:
        row = cursor.execute(
            "SELECT least((SELECT min(ts) FROM e.hot), (SELECT min(min_ts) FROM e.part)),"
            " (SELECT max(ts) FROM e.hot)"
        ).fetchall()[0]
    return Stored(store, int(row[0]), int(row[1]))


FACETS: Final = ("severity", "status", "method", "attack_types", "client", "user", "endpoint",
                 "agent_kind", "host", "source")  # fmt: skip
"""What the explorer counts."""

LINKED: Final = ("user", "session", "credential", "network", "user_agent", "endpoint")

Question = Callable[[], Any]


def questions(found: Stored) -> dict[str, Question]:
    """What each screen asks, by name; the order in which they are asked is that of the answer."""
    store, last = found.store, found.last + 1
    page, client = Page("ts", limit=100), Condition("client", Op.EQ, _address(70_003))
    endpoint = Condition("endpoint", Op.EQ, "GET /api/v1/a20/{id}")

    def since(period: int) -> tuple[Condition, ...]:
        return (Condition("ts", Op.GTE, max(last - period, 0)), Condition("ts", Op.LTE, last - 1))

    out: dict[str, Any] = {}
    for name, period in (("1 h", HOUR_US), ("24 h", DAY_US), ("30 d", 30 * DAY_US)):
        when, begin = since(period), last - period
        out |= {
            f"overview, {name}: series by status": lambda begin=begin: store.timeseries(
                (), begin, last, group="status_class", points=120
            ),
            f"overview, {name}: requests": lambda when=when: store.list_events(
                when, Page("ts", limit=1)
            ),
            f"explorer, {name}: series by severity": lambda begin=begin: store.timeseries(
                (), begin, last, group="severity", points=180
            ),
            f"explorer, {name}: page": lambda when=when: store.list_events(when, page),
            f"explorer, {name}: ten facets": lambda when=when: store.facets(FACETS, when, 12),
        }
        for label, condition in (
            ("severity", Condition("severity", Op.IN, ("HIGH", "CRITICAL"))),
            ("status", Condition("status", Op.GTE, 500)),
            ("client", client),
            ("network", Condition("client", Op.CIDR, "10.1.17.0/24")),
            ("path", Condition("path", Op.HAS, "/c7/12345")),
            ("attack", Condition("attack_types", Op.HAS, "bola")),
        ):
            both = (*when, condition)
            out |= {
                f"explorer, {name}, of a {label}: page": lambda both=both: store.list_events(
                    both, page
                ),
                f"explorer, {name}, of a {label}: ten facets": lambda both=both: store.facets(
                    FACETS, both, 12
                ),
                f"explorer, {name}, of a {label}: series": partial(
                    store.timeseries, (condition,), begin, last, group="severity", points=180
                ),
            }
        out |= {
            f"endpoint, {name}: series by status": lambda begin=begin: store.timeseries(
                (endpoint,), begin, last, group="status_class", points=180
            ),
            f"endpoint, {name}: p95": lambda begin=begin: store.timeseries(
                (endpoint,), begin, last, measure="p95_ms", points=180
            ),
            f"endpoint, {name}: page": lambda when=when: store.list_events(
                (*when, endpoint), Page("ts", limit=200)
            ),
            f"top clients, {name}": lambda when=when: store.top("client", when),
        }
    out |= {
        "entity: newest requests": lambda: store.list_events((client,), Page("ts", limit=20)),
        "entity: day by severity": lambda: store.timeseries(
            (client,), last - DAY_US, last, group="severity"
        ),
        "entity: week": lambda: store.week((*since(28 * DAY_US), client)),
        "entity: links": lambda: store.facets(LINKED, (*since(DAY_US), client), 20),
        "entity: sessions": lambda: store.top(
            "session", (*since(DAY_US), client, Condition("session", Op.NE, None)), 100
        ),
        "endpoint: callers": lambda: store.top("client", (endpoint,), 100),
        "endpoint: statuses": lambda: store.facets(("status",), (endpoint,), 100),
        "event by number": lambda: store.get_event(seq=store.last_seq // 2),
        "event by id": lambda: store.get_event(event_id="no such id"),
        "events of risk, worst first": lambda: store.list_events((), Page("risk", limit=100)),
    }
    return out
