"""One entity against its own past and against its peers."""

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from apisentinel.api.read.remembered_entities import table_of
from apisentinel.features import actor_record as actor
from apisentinel.features.state import KIND_NAMES, chosen, read, size
from apisentinel.kernels.sketches import estimate_distinct
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.live import entities as live_entities
from apisentinel.pipeline.service import Service

Array = npt.NDArray[Any]

PEERS: Final = 2_000
"""Entities of the same kind that one is compared with, spread over the table."""
HOUR_US: Final = 3_600_000_000

_HOUR: Final = 2
"""Index of the counters that fade with a time constant of an hour."""

COUNTED: Final = (
    ("requests", actor.N_REQUESTS, "per hour"),
    ("new paths", actor.N_FRESH, "per hour"),
    ("missing paths (404)", actor.N_MISSED, "per hour"),
    ("refused (401, 403)", actor.N_DENIED, "per hour"),
    ("errors", actor.N_ERRORS, "per hour"),
    ("failed logins", actor.N_FAILED, "per hour"),
    ("login attempts", actor.N_TRIES, "per hour"),
    ("writes", actor.N_WRITES, "per hour"),
    ("bytes received", actor.N_BYTES, "bytes per hour"),
    ("time taken", actor.N_COST, "µs per hour"),
)
"""Counters of a record, by name and unit."""

DISTINCT: Final = (
    ("different endpoints", "endpoints"),
    ("different objects", "objects"),
    ("different accounts", "accounts"),
    ("different user agents", "agents"),
)
"""Sets of a record, by name."""


def sample_of(engine: Engine, kind: str) -> Array:
    """A copy of records spread over the table of a kind."""
    table = table_of(engine, kind)
    count = size(table)
    return chosen(table, range(0, count, max(1, -(-count // PEERS))))


def measures(records: Array) -> dict[str, npt.NDArray[np.float64]]:
    """What is compared, by name: a value for each record."""
    counts = records["counts"][:, _HOUR, :].astype(np.float64)
    out = {name: counts[:, index] for name, index, _ in COUNTED}
    for name, field in DISTINCT:
        sets = np.ascontiguousarray(records[field])
        out[name] = np.array([float(estimate_distinct(row)) for row in sets])
    out["pause between requests"] = records["gap_mean"].astype(np.float64)
    return out


def profile(service: Service, kind: str, name: str) -> list[dict[str, Any]]:
    """Each measure: now, usual for this entity, and for its peers.

    Returns:
        ``name``, ``actual``, ``usual`` (null when there is too little to go by), ``unit``,
        ``peers``: ``median``, ``p95``, ``n`` and ``rank``, the share of peers with less.
    """
    if kind not in KIND_NAMES:
        return []
    own = service.view(lambda engine: named_record(engine, kind, name))
    if own is None:
        return []
    peers = service.view(lambda engine: sample_of(engine, kind))
    theirs = measures(peers)
    mine = measures(own)
    units = {name: unit for name, _, unit in COUNTED} | {"pause between requests": "s"}
    usual = _usual(own[0])
    return [
        {
            "name": name,
            "actual": _number(values[0]),
            "usual": usual.get(name),
            "unit": units.get(name, ""),
            "peers": _spread(theirs[name], values[0]),
        }
        for name, values in mine.items()
    ]


def named_record(engine: Engine, kind: str, name: str) -> Array | None:
    """A copy of the record of an entity as an array of one, None when it is not remembered."""
    record = live_entities.find(engine, kind, name)
    return None if record is None else record_of(engine, kind, int(record["key"]))


def record_of(engine: Engine, kind: str, key: int) -> Array | None:
    """A copy of the record of a key as an array of one, None when it is not remembered."""
    row = engine.state.row(table_of(engine, kind), key)
    if row is None:
        return None
    return read(table_of(engine, kind), row, row + 1)


def _usual(record: Any) -> dict[str, float]:
    """What this entity usually does: its mean over its life, once that is longer than an hour."""
    hours = (int(record["last"]) - int(record["first"])) / HOUR_US
    if hours < 1:
        return {}
    return {"requests": _number(int(record["n"]) / hours) or 0.0}


def _spread(values: npt.NDArray[np.float64], own: float) -> dict[str, Any]:
    known = values[np.isfinite(values)]
    if not len(known):
        return {"median": None, "p95": None, "n": 0, "rank": None}
    median, p95 = np.quantile(known, (0.5, 0.95)).tolist()
    return {
        "median": _number(median),
        "p95": _number(p95),
        "n": len(known),
        "rank": round(float(np.mean(known < own)), 3),
    }


def _number(value: float) -> float | None:
    number = float(value)
    return round(number, 2) if math.isfinite(number) else None
