"""Entities of a running service as plain data: lists, one by its id, and its profile.

All functions look at an engine that nobody changes meanwhile: call them inside `Service.view`.
"""

import ipaddress
from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.features import actor_record as record_layout
from apisentinel.features import site
from apisentinel.features.paged import PagedSlots
from apisentinel.features.state import KIND_NAMES, chosen, slices
from apisentinel.kernels.sketches import estimate_distinct
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.samples import time_text
from apisentinel.pipeline.summary import Summary
from apisentinel.records.case import Case
from apisentinel.records.evidence import EntitySummary
from apisentinel.records.signal import Family
from apisentinel.records.taxonomy import AGENT_KINDS

Row = dict[str, Any]

MOST = 1_000
"""Entities of a list: at 20 µs each they take 20 ms, which the judge waits."""

MAPPED = 0xFFFF
"""Upper half of the low word of an IPv4 address in the form of IPv6."""

WINDOWS = ("1m", "10m", "1h")
COUNTERS = (
    "requests", "fresh", "missed", "denied", "errors", "failed_logins", "logins", "writes",
    "assets", "bytes", "cost_us", "referred",
)  # fmt: skip
"""Names of the decayed counters, in the order of `actor_record.N_REQUESTS` and so on."""

QUANTITIES = ("requests", "pages", "misses")
"""What the site knows of a client's minute, in the order of `site.REQUESTS` and so on."""


def entity_rows(engine: Engine, kind: str, most: int = MOST) -> list[Row]:
    """The entities of a kind with the highest risk, then the busiest.

    Args:
        engine: The engine of a service.
        kind: client, session, user, credential, endpoint or network; another one gives nothing.
        most: Rows at most.

    Returns:
        Fields of `EntitySummary` with ``first_ts``, ``last_ts`` and ``agent_kind``.
    """
    summary = Summary(engine)
    if kind == "endpoint":
        records = engine.state.endpoints.used
        return _ranked(
            (_plain(summary.endpoint(records[i]), records[i]) for i in _busiest(records, most)),
            most,
        )
    if kind == "network":
        records = engine.state.networks.used
        return _ranked(
            (_plain(summary.network(records[i]), records[i]) for i in _busiest(records, most)), most
        )
    if kind not in KIND_NAMES:
        return []
    table = engine.state.actors[kind]
    counts, keys, ratios = _measured(table)
    rows = _suspicious(engine, kind, ratios, most)
    rest = [i for i in _first(counts, keys, most) if i not in rows]
    records = chosen(table, [*rows, *rest[: most - len(rows)]])
    pairs = zip(summary.actors(kind, records), records, strict=True)
    return _ranked((_actor(entity, record) for entity, record in pairs), most)


def entity(engine: Engine, kind: str, name: str) -> Row | None:
    """One entity by its id, with its case and its profile; None when it is not remembered."""
    record = find(engine, kind, name)
    if record is None:
        return None
    summary = Summary(engine)
    case = engine.cases.ledger.cases.get((kind, int(record["key"])))
    if kind in KIND_NAMES:
        row = _actor(summary.actors(kind, np.array([record]))[0], record)
        row["origin"] = _origin(engine, record) if kind == "client" else None
        row["proven_bot"] = (
            engine.cases.proven_bot(int(record["key"])) or None if kind == "client" else None
        )
        row["profile"] = profile(engine, record)
        row["suspicion"] = _suspicion(record)
    else:
        row = _plain(
            summary.endpoint(record) if kind == "endpoint" else summary.network(record), record
        )
    row["case"] = None if case is None else _case(case)
    return row


def profile(engine: Engine, record: Any) -> Row:
    """What an actor does, window by window, and what is normal on this site."""
    counts = record["counts"].astype(np.float64)
    learned = engine.state.site
    usual = {
        name: round(float(learned[row, site.BINS + 1]), 1)
        for row, name in enumerate(QUANTITIES)
        if learned[row, site.BINS] >= site.FEWEST_SAMPLES
    }
    return {
        "windows": {
            window: {name: round(float(v), 1) for name, v in zip(COUNTERS, values, strict=True)}
            for window, values in zip(WINDOWS, counts, strict=True)
        },
        "minute": {
            "requests": round(float(record["minute_requests"]), 1),
            "pages": round(float(record["minute_pages"]), 1),
        },
        "usual_minute": usual,
        "distinct": {
            name: round(float(estimate_distinct(record[name])))
            for name in ("agents", "accounts", "endpoints", "objects")
        },
    }


def _origin(engine: Engine, record: Any) -> Row | None:
    """What databases say of the address of a client, None when nobody knows."""
    origins = engine.enricher.origins
    found = origins and origins.of(int(record["address_hi"]), int(record["address_lo"]))
    if not found:
        return None
    return {
        "asn": found.asn or None, "operator": found.operator or None,
        "country": found.country or None, "kind": found.kind or None,
    }  # fmt: skip


def open_cases(engine: Engine, kind: str | None = None, most: int = MOST) -> list[Row]:
    """Cases with the highest risk, alerted ones first."""
    cases = [c for c in engine.cases.ledger.cases.values() if kind is None or c.key[0] == kind]
    cases.sort(key=lambda case: (case.alert_ordinal is None, -case.risk, case.ref))
    return [{"kind": case.ref.kind, "id": case.ref.id} | _case(case) for case in cases[:most]]


def _measured(table: PagedSlots) -> tuple[npt.NDArray[Any], ...]:
    """Requests, key and highest ratio of all actors of a table."""
    parts = [(r["n"].copy(), r["key"].copy(), r["peak"].max(axis=1)) for _, r in slices(table)]
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(0, np.float32)
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _busiest(records: npt.NDArray[Any], most: int) -> list[int]:
    return _first(records["n"], records["key"], most)


def _first(counts: npt.NDArray[Any], keys: npt.NDArray[Any], most: int) -> list[int]:
    near = np.arange(len(counts))
    if len(counts) > most:
        near = np.argpartition(-counts, most)[:most]
    rows: list[int] = near[np.lexsort((keys[near], -counts[near]))].tolist()
    return rows


def _suspicious(engine: Engine, kind: str, ratios: npt.NDArray[Any], most: int) -> dict[int, None]:
    """Rows of the actors with a case, highest peak first, then of those with the highest ratio."""
    table = engine.state.actors[kind]
    cases = [case for key, case in engine.cases.ledger.cases.items() if key[0] == kind]
    cases.sort(key=lambda case: (case.alert_ordinal is None, -case.peak, case.ref))
    rows: dict[int, None] = {}
    for case in cases[:most]:
        row = engine.state.row(table, case.key[1])
        if row is not None:
            rows[row] = None
    high = np.flatnonzero(ratios)
    for row in high[np.argsort(-ratios[high], kind="stable")][: most - len(rows)].tolist():
        rows[row] = None
    return rows


def _ranked(rows: Iterable[Row], most: int) -> list[Row]:
    return sorted(rows, key=lambda row: (-row["score"], -row["requests"], row["id"]))[:most]


def _actor(summary: EntitySummary, record: Any) -> Row:
    row = _plain(summary, record)
    row["first_ts"] = time_text(int(record["first"]))
    row["agent_kind"] = AGENT_KINDS[int(record["agent_kind"])].value
    return row


def _plain(summary: EntitySummary, record: Any) -> Row:
    row: Row = msgspec.to_builtins(summary)
    row["first_ts"] = None
    row["last_ts"] = time_text(int(record["last"]))
    row["agent_kind"] = None
    return row


def _suspicion(record: Any) -> Row:
    """Highest log-likelihood ratios of an actor's behaviour, by family."""
    return {
        family.name.lower(): round(float(record["peak"][family]), 2)
        for family in Family
        if record["peak"][family] > 0
    }


def _case(case: Case) -> Row:
    return {
        "risk": round(case.risk),
        "peak": round(case.peak),
        "first_ts": time_text(case.first_ts),
        "last_ts": time_text(case.last_ts),
        "alert_ts": time_text(case.alert_ts) if case.alert_ordinal is not None else None,
        "alerts": case.alerts,
        "shared": case.shared,
        "endpoints": dict(case.endpoints),
        "families": {
            kind.value: {
                "count": family.count,
                "llr": round(family.llr, 2),
                "answered": family.answered,
                "refused": family.refused,
                "evidence": msgspec.to_builtins(list(family.strongest.values())),
            }
            for kind, family in case.families.items()
        },
        "samples": msgspec.to_builtins(case.samples),
    }


def find(engine: Engine, kind: str, name: str) -> Any | None:
    """Record of an entity by its id, None when it is not remembered."""
    if kind == "endpoint":
        records = engine.state.endpoints.used
        return next((r for r in records if engine.cases.label(int(r["key"])) == name), None)
    if kind == "network":
        return _find_network(engine, name)
    if kind not in KIND_NAMES:
        return None
    for _, records in slices(engine.state.actors[kind]):
        rows = np.flatnonzero(_named(records, kind, name))
        if rows.size:
            return records[rows[0]]
    return None


def _named(records: npt.NDArray[Any], kind: str, name: str) -> npt.NDArray[np.bool_]:
    """Which of some actors have an id."""
    raw = name.encode("utf-8", "replace")[: record_layout.LABEL_BYTES]
    found: npt.NDArray[np.bool_] = np.zeros(len(records), np.bool_)
    address = _address(name) if kind == "client" else None
    if address is not None:
        found = (records["address_hi"] == address[0]) & (records["address_lo"] == address[1])
    elif raw:
        same = records["label"][:, : len(raw)] == np.frombuffer(raw, np.uint8)
        found = (records["label_length"] == len(raw)) & same.all(axis=1)
    if kind == "session" and not found.any():
        found = _derived_session(records, name)
    return found


def _derived_session(records: npt.NDArray[Any], name: str) -> npt.NDArray[np.bool_]:
    """Sessions without an id of their own are called ``client~six hexadecimal digits``."""
    _, mark, digits = name.rpartition("~")
    try:
        tail = int(digits, 16) if mark and len(digits) == 6 else -1
    except ValueError:
        tail = -1
    if tail < 0:
        return np.zeros(len(records), np.bool_)
    found: npt.NDArray[np.bool_] = (records["label_length"] == 0) & (
        records["key"] & np.uint64(0xFFFFFF) == tail
    )
    return found


def _address(name: str) -> tuple[int, int] | None:
    """Both halves of an address as records hold it."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    value = int(address)
    if address.version == 4:
        return 0, MAPPED << 32 | value
    return value >> 64, value & 0xFFFFFFFFFFFFFFFF


def _find_network(engine: Engine, name: str) -> Any | None:
    address = _address(name.partition("/")[0])
    if address is None:
        return None
    records = engine.state.networks.used
    high, low = records["label_hi"], records["label_lo"]
    if address[0] == 0:
        found = (high == 0) & (low >> np.uint64(8) == address[1] >> 8)
    else:
        found = high == address[0]
    rows = np.flatnonzero(found)
    return records[rows[0]] if rows.size else None
