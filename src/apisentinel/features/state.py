"""All keyed state of one pipeline: the tables, their limits, and what an update reports."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from apisentinel.features import actor, actor_record, endpoint, pair
from apisentinel.features.paged import Cut, PagedSlots
from apisentinel.features.site import new_site
from apisentinel.features.table_snapshot import check, index_of, restore_index, restore_records
from apisentinel.kernels.sketches import count_distinct, estimate_distinct
from apisentinel.kernels.slots import COUNT, Slots
from apisentinel.records.batch import RequestBatch

Array = npt.NDArray[Any]

Kept = Array | Cut
"""A part of a snapshot."""

SLICE_ROWS = 32_768
"""Records copied at a time where all of them are looked at."""

KIND_NAMES = ("client", "session", "user", "credential")
DISTINCT_REGISTERS = 4096
"""Registers of the count of all entities of a kind; its standard error is 1.6 %."""

KIND_TEXT = ("client_ip", "session_id", "user_id", "credential_id")


class FeatureSettings(BaseModel):
    """Bounds of the keyed state; each is a power of two.

    A full table evicts the coldest record with little risk, so the bounds limit memory, not
    traffic.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: int = Field(
        1 << 17,
        ge=64,
        description="Clients remembered at once, 1,048,576 by a service; 1.5 KiB each, 0.2 to 0.6"
        " KiB while packed.",
    )
    sessions: int = Field(1 << 16, ge=64, description="Sessions remembered at once; 1.5 KiB each.")
    users: int = Field(1 << 15, ge=64, description="Users remembered at once; 1.5 KiB each.")
    credentials: int = Field(
        1 << 13, ge=64, description="API keys and tokens remembered at once; 1.5 KiB each."
    )
    unpacked_clients: int = Field(
        1 << 17,
        ge=1,
        description="Clients that are kept unpacked, about, 32,768 by a service; the quietest are"
        " packed. It changes memory and speed, never results.",
    )
    endpoints: int = Field(
        1 << 13, ge=64, description="Endpoints remembered at once; 3.2 KiB each."
    )
    pairs: int = Field(
        1 << 18, ge=64, description="Principals on endpoints remembered at once; 176 bytes each."
    )
    networks: int = Field(
        1 << 16, ge=64, description="Networks remembered at once; 168 bytes each."
    )
    agents: int = Field(
        1 << 14, ge=64, description="User agents remembered at once; 168 bytes each."
    )
    objects: int = Field(1 << 17, ge=64, description="Objects remembered at once; 168 bytes each.")
    holdings: int = Field(
        1 << 17,
        ge=64,
        description="Users with a kind of their objects remembered at once; 160 bytes each.",
    )
    owned: int = Field(
        1 << 18, ge=64, description="Objects with an owner remembered at once; 64 bytes each."
    )
    replies: int = Field(
        1 << 14, ge=64, description="Users whose replies are remembered at once; 544 bytes each."
    )
    places: int = Field(
        1 << 12, ge=64, description="Kinds of objects remembered at once; 90 bytes each."
    )

    def unpacked(self, kind: str) -> int:
        """How many actors of a kind are kept unpacked. Only clients are many and quiet: a full
        table looks at eight quiet records for each new one, which is cheap while they are in place.
        """
        remembered: int = getattr(self, f"{kind}s")
        return self.unpacked_clients if kind == "client" else remembered


@dataclass(frozen=True)
class Signals:
    """What an update reports, in event order: structured arrays of `actor_record.SIGNAL` and
    `endpoint.SIGNAL`.

    Attributes:
        actors: Actors whose evidence rose.
        endpoints: Endpoints with too many failed logins, and clients that flood one endpoint.
        slots: kind → int32 ``(n_events,)``, the record of each event's entity, -1 without one.
        ordinals: kind → int64 ``(n_events,)``, which request of its entity the event is, from 1.
    """

    actors: Array
    endpoints: Array
    slots: dict[str, Array]
    ordinals: dict[str, Array]


class FeatureState:
    """Keyed state of clients, sessions, users, credentials, endpoints, pairs, networks and objects.

    Equal events in equal order give equal bytes, whatever the size of the blocks. Not thread-safe.
    """

    def __init__(self, settings: FeatureSettings) -> None:
        self.settings = settings
        self.actors = {
            name: PagedSlots(
                actor_record.ACTOR, getattr(settings, f"{name}s"), settings.unpacked(name)
            )
            for name in KIND_NAMES
        }
        self.endpoints = Slots(endpoint.ENDPOINT, settings.endpoints)
        self.pairs = Slots(pair.PAIR, settings.pairs)
        self.networks = Slots(endpoint.GROUP, settings.networks)
        self.objects = Slots(endpoint.GROUP, settings.objects)
        self.agents = Slots(endpoint.GROUP, settings.agents)
        self.site = new_site()
        self.distinct = np.zeros((len(KIND_NAMES), DISTINCT_REGISTERS), np.uint8)
        self.events = 0

    def update(self, batch: RequestBatch, events: Array) -> Signals:
        """Counts a block of events in order.

        Args:
            batch: The requests, for labels only.
            events: `EVENT` array of the same rows; its `login` column is filled.
        """
        n = len(events)
        slots = {"endpoint": np.empty(n, np.int32)}
        ordinals: dict[str, Array] = {"endpoint": np.zeros(n, np.int64)}
        signals = np.empty(n, endpoint.SIGNAL)
        e, p, obj = self.endpoints, self.pairs, self.objects
        endpoint.update_objects(events, obj.keys, obj.rows, obj.meta, obj.records)
        used = endpoint.update_endpoints(
            events,
            e.keys,
            e.rows,
            e.meta,
            e.records,
            p.keys,
            p.rows,
            p.meta,
            p.records,
            slots["endpoint"],
            ordinals["endpoint"],
            signals,
        )
        net, who = self.networks, self.agents
        endpoint.update_groups(
            events, net.keys, net.rows, net.meta, net.records,
            who.keys, who.rows, who.meta, who.records,
        )  # fmt: skip
        found = []
        for kind, name in enumerate(KIND_NAMES):
            slots[name] = np.full(n, -1, np.int32)
            ordinals[name] = np.zeros(n, np.int64)
            if kind >= actor_record.Kind.USER and not events[name].any():
                continue
            keys = np.ascontiguousarray(events[name])
            count_distinct(self.distinct[kind], keys)
            table = self.actors[name]
            table.paged.touch_keys(table, keys)
            out = np.empty(n, actor_record.SIGNAL)
            count = actor.update_actors(
                events, kind, batch.buffer, batch.span(KIND_TEXT[kind]), table.keys, table.rows,
                table.meta,
                table.records, self.site, slots["endpoint"], e.records, slots[name],
                ordinals[name], out,
            )  # fmt: skip
            found.append(out[:count])
        self.events += n
        actors = np.concatenate(found)
        order = np.lexsort((actors["kind"], actors["row"]))
        return Signals(actors[order], signals[:used], slots, ordinals)

    def snapshot(self, room: dict[str, Array] | None = None) -> dict[str, Kept]:
        """All state by name; `restore` of it continues as if nothing had happened.

        Args:
            room: Memory of an earlier snapshot that nobody needs any more, by name; it is used
                again and kept up to date. Fresh memory for a large state takes longer than the
                copy.
        """
        out: dict[str, Kept] = {
            "site": self.site.copy(),
            "distinct": self.distinct.copy(),
            "events": np.array([self.events]),
        }
        for name, table in self.tables().items():
            out[f"{name}.records"] = _kept(f"{name}.records", table, room)
            out |= index_of(name, table, actor_record.VERSION)
        return out

    def restore(self, arrays: Mapping[str, Any]) -> None:
        """Takes over a snapshot, with any slices of packed records in the place of a `Cut`.

        Raises:
            StateError: The snapshot was made with other bounds or by another version.
        """
        for name, table in self.tables().items():
            check(name, table, actor_record.VERSION, arrays)
            if isinstance(table, PagedSlots):
                table.paged.restore(arrays[f"{name}.records"])
            else:
                restore_records(name, table, arrays)
            restore_index(name, table, arrays)
        self.site[:] = arrays["site"]
        self.distinct[:] = arrays["distinct"]
        self.events = int(arrays["events"][0])

    def tables(self) -> dict[str, Slots]:
        """All tables by the kind of their records."""
        return self.actors | {
            "endpoint": self.endpoints, "pair": self.pairs, "network": self.networks,
            "object": self.objects,
            "agent": self.agents,
        }  # fmt: skip

    def row(self, table: Slots, key: int) -> int | None:
        """Row of a key's record, None when it is not remembered."""
        mask = len(table.keys) - 1
        at = (((key * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF) >> 24) & mask
        while table.keys[at] != 0:
            if int(table.keys[at]) == key:
                return int(table.rows[at])
            at = (at + 1) & mask
        return None

    def record(self, table: Slots, key: int) -> Any | None:
        """Record of a key, None when it is not remembered."""
        row = self.row(table, key)
        return None if row is None else read(table, row, row + 1)[0]

    def sharers(self, kind: str, key: int) -> float:
        """Estimated clients of a network, agent or endpoint; 0 when it is not known."""
        if kind == "endpoint":
            record = self.record(self.endpoints, key)
            return 0.0 if record is None else float(estimate_distinct(record["clients"]))
        return self.members(self.networks if kind == "network" else self.agents, key)

    def members(self, table: Slots, key: int) -> float:
        """Estimated clients of a network, object or user agent; 0 when it is not known."""
        record = self.record(table, key)
        return 0.0 if record is None else float(estimate_distinct(record["members"]))


def size(table: Slots) -> int:
    """Records in use."""
    return int(table.meta[COUNT])


def read(table: Slots, begin: int, end: int) -> Array:
    """A copy of some records in use, by row."""
    end = min(end, size(table))
    if isinstance(table, PagedSlots):
        return table.paged.read(begin, end)
    found: Array = table.records[begin:end].copy()
    return found


def slices(table: Slots) -> Iterator[tuple[int, Array]]:
    """Copies of all records in use, some at a time: row of the first, records."""
    for begin in range(0, size(table), SLICE_ROWS):
        yield begin, read(table, begin, begin + SLICE_ROWS)


def columns(table: Slots, *names: str) -> list[Array]:
    """Some fields of all records in use, in the order of their rows."""
    nothing = read(table, 0, 0)
    parts = [[nothing[name]] for name in names]
    for _, records in slices(table):
        for name, part in zip(names, parts, strict=True):
            part.append(records[name].copy())
    return [np.concatenate(part) for part in parts]


def chosen(table: Slots, rows: Sequence[int]) -> Array:
    """Copies of some records in use, in the order of their rows as given."""
    found = np.empty(len(rows), read(table, 0, 0).dtype)
    for place, row in enumerate(rows):
        found[place] = read(table, row, row + 1)[0]
    return found


def _kept(name: str, table: Slots, room: dict[str, Array] | None) -> Kept:
    if isinstance(table, PagedSlots):
        return table.paged.cut(size(table))
    return _copied(name, table.used.view(np.uint8), room)


def _copied(name: str, array: Array, room: dict[str, Array] | None) -> Array:
    """A copy of bytes, in memory that is there already when there is enough of it."""
    if room is None:
        return array.copy()
    held = room.get(name)
    if held is None or len(held) < len(array):
        held = room[name] = np.empty(len(array) + len(array) // 4, np.uint8)
    out = held[: len(array)]
    np.copyto(out, array)
    return out
