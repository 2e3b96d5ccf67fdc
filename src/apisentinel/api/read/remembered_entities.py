"""Entities that the running engine remembers, as rows.

The engine is held only while columns are copied, a slice at a time; everything else happens
outside. Rows are shared by all who ask within a moment.
"""

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.api.shapes import time_of
from apisentinel.clock import Clock
from apisentinel.enrichment import canonical_address
from apisentinel.features.state import KIND_NAMES
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.summary import AUTOMATION_CAP, FAMILY_TYPE, UNALERTED
from apisentinel.records.case import Case
from apisentinel.records.signal import Family
from apisentinel.records.taxonomy import AGENT_KINDS, severity_of
from apisentinel.scoring import PRIOR_LOG10, risk_of, score_of
from apisentinel.scoring.fusion import BAND_WIDTH, GROUPS, LESSENING, SOFT_HIGH, SOFT_LOW

Array = npt.NDArray[Any]

SLICE: Final = 32_768
"""Records copied while the engine is held: about ten milliseconds."""
FRESH_S: Final = 2.0
"""How old rows may be that are given to more than one reader."""
MOST: Final = 200_000
"""Entities of a kind that are listed; of more, those with the highest peaks and latest requests."""

COLUMNS: Final = {
    "actor": ("key", "n", "first", "last", "peak", "address_hi", "address_lo", "label",
              "label_length", "agent_kind"),
    "network": ("key", "n", "first", "last", "label_hi", "label_lo"),
    "endpoint": ("key", "n", "first", "last"),
}  # fmt: skip


class CaseNote(NamedTuple):
    """What the ledger says of an entity."""

    peak: float
    alert: int | None
    types: tuple[str, ...]

    @classmethod
    def of(cls, case: Case) -> "CaseNote":
        """Of a case."""
        return cls(case.peak, case.alert_ordinal, tuple(case.families))


def base_risks(peaks: Array) -> npt.NDArray[np.float64]:
    """Risk of actors from the peaks of their own ratios; equal to what `Summary` says of each.

    Args:
        peaks: ``(n, families)``.
    """
    values = peaks.astype(np.float64)
    values[:, Family.AUTOMATION] = np.minimum(values[:, Family.AUTOMATION], AUTOMATION_CAP)
    by_type: dict[str, Array] = {}
    for family, kind in FAMILY_TYPE.items():
        known = by_type.get(kind)
        column = values[:, family]
        by_type[kind] = column if known is None else np.maximum(known, column)
    by_group: dict[int, list[Array]] = {}
    for kind in FAMILY_TYPE.values():
        if kind in by_type:
            by_group.setdefault(GROUPS[kind], []).append(by_type.pop(kind))
    total = np.zeros(len(values))
    for columns in by_group.values():
        ranked = -np.sort(-np.stack(columns, axis=1), axis=1)[:, : len(LESSENING)]
        total += ranked @ np.array(LESSENING[: ranked.shape[1]])
    linear = 50.0 + BAND_WIDTH * (PRIOR_LOG10 + total / math.log(10))
    room = 100.0 - SOFT_HIGH
    high = 100.0 - room * np.exp(-(np.maximum(linear, SOFT_HIGH) - SOFT_HIGH) / room)
    low = SOFT_LOW * np.exp((np.minimum(linear, SOFT_LOW) - SOFT_LOW) / SOFT_LOW)
    risks = np.where(linear > SOFT_HIGH, high, np.where(linear < SOFT_LOW, low, linear))
    quiet = risk_of(PRIOR_LOG10)
    return np.where(peaks.any(axis=1), np.minimum(risks, UNALERTED), quiet)


def table_of(engine: Engine, kind: str) -> Any:
    """The table of a kind of entity."""
    if kind in KIND_NAMES:
        return engine.state.actors[kind]
    return engine.state.networks if kind == "network" else engine.state.endpoints


def columns_of(service: Service, kind: str) -> dict[str, Array]:
    """The columns of all records of a kind, copied a slice at a time."""
    names = COLUMNS["actor" if kind in KIND_NAMES else kind]
    parts: list[dict[str, Array]] = []
    begin = 0
    while True:

        def cut(engine: Engine, begin: int = begin) -> dict[str, Array]:
            records = table_of(engine, kind).used[begin : begin + SLICE]
            return {name: records[name].copy() for name in names}

        part = service.view(cut)
        parts.append(part)
        begin += SLICE
        if len(part["key"]) < SLICE:
            return {name: np.concatenate([each[name] for each in parts]) for name in names}


def cases_of(service: Service, kind: str) -> dict[int, CaseNote]:
    """What the ledger says of the entities of a kind, by key."""
    return service.view(
        lambda engine: {
            key[1]: CaseNote.of(case)
            for key, case in engine.cases.ledger.cases.items()
            if key[0] == kind
        }
    )


def labels_of(service: Service, keys: list[int]) -> list[str]:
    """Labels of endpoints."""
    out: list[str] = []
    for at in range(0, len(keys), SLICE // 16):
        part = keys[at : at + SLICE // 16]
        out += service.view(lambda engine, part=part: [engine.enricher.label_of(k) for k in part])  # type: ignore[misc]
    return out


def names_of(service: Service, kind: str, columns: dict[str, Array]) -> list[str]:
    """Ids of entities as the contracts have them."""
    if kind == "endpoint":
        return labels_of(service, columns["key"].tolist())
    if kind == "network":
        return [
            _network(high, low)
            for high, low in zip(
                columns["label_hi"].tolist(), columns["label_lo"].tolist(), strict=True
            )
        ]
    return list(_actor_names(kind, columns))


def _actor_names(kind: str, columns: dict[str, Array]) -> Iterator[str]:
    lengths = columns["label_length"].tolist()
    raw = np.ascontiguousarray(columns["label"])
    width = raw.shape[1] if raw.ndim == 2 else 0
    data = raw.tobytes()
    high, low, keys = (columns[name].tolist() for name in ("address_hi", "address_lo", "key"))
    for at, length in enumerate(lengths):
        if kind == "client" and (high[at] or low[at]):
            yield canonical_address(high[at], low[at])
            continue
        text = data[at * width : at * width + length].decode("utf-8", "replace")
        if kind == "session" and not text:
            known = high[at] or low[at]
            parent = canonical_address(high[at], low[at]) if known else "?"
            text = f"{parent}~{keys[at] & 0xFFFFFF:06x}"
        yield text or "?"


def _network(high: int, low: int) -> str:
    if high == 0 and low >> 32 == 0xFFFF:
        return f"{canonical_address(high, low & ~0xFF)}/24"
    return f"{canonical_address(high, 0)}/64"


class Listed(NamedTuple):
    """Rows of a list in no particular order, and the keys behind them. Not to be changed."""

    rows: list[dict[str, Any]]
    keys: dict[str, int]


def make_rows(service: Service, kind: str) -> Listed:
    """All entities of a kind."""
    columns = columns_of(service, kind)
    cases = cases_of(service, kind)
    if "peak" in columns:
        risks = base_risks(columns["peak"])
    else:
        risks = np.full(len(columns["key"]), risk_of(PRIOR_LOG10))
    if len(risks) > MOST:
        first = np.lexsort((columns["last"], risks))[-MOST:]
        columns = {name: column[first] for name, column in columns.items()}
        risks = risks[first]
    names = names_of(service, kind, columns)
    kinds = columns.get("agent_kind")
    lists = zip(
        columns["key"].tolist(),
        names,
        columns["n"].tolist(),
        risks.tolist(),
        columns["first"].tolist(),
        columns["last"].tolist(),
        [None] * len(names) if kinds is None else [AGENT_KINDS[each].value for each in kinds],
        strict=True,
    )
    rows = [
        {**verdict(kind, name, requests, base, cases.get(key)), "first_ts": time_of(first),
         "last_ts": time_of(last), "agent_kind": agent}
        for key, name, requests, base, first, last, agent in lists
    ]  # fmt: skip
    return Listed(rows, dict(zip(names, columns["key"].tolist(), strict=True)))


def verdict(
    kind: str, name: str, requests: int, base: float, case: CaseNote | None
) -> dict[str, Any]:
    """The members of a row that `scan --entities` has as well."""
    risk = base if case is None else max(case.peak, base)
    alert = None if case is None else case.alert
    if alert is None:
        risk = min(risk, UNALERTED)
    shown = int(risk) if alert is None else round(risk)
    return {
        "kind": kind,
        "id": name,
        "requests": requests,
        "score": round(score_of(risk), 6),
        "risk": shown,
        "severity": severity_of(shown).value,
        "attack_types": sorted(() if case is None else case.types),
        "first_alert_request": alert,
    }


class Remembered:
    """Rows by kind, made anew when they are older than a moment. Thread-safe."""

    def __init__(
        self, service: Service, clock: Clock, make: Callable[[Service, str], Listed] = make_rows
    ) -> None:
        self._service = service
        self._clock = clock
        self._make = make
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._made: dict[str, tuple[float, Listed]] = {}

    def listed(self, kind: str) -> Listed:
        """Entities of a kind."""
        with self._lock:
            lock = self._locks.setdefault(kind, threading.Lock())
        with lock:
            begun = self._clock.monotonic()
            known = self._made.get(kind)
            if known is None or begun - known[0] > FRESH_S:
                known = self._made[kind] = begun, self._make(self._service, kind)
            return known[1]

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """Their rows."""
        return self.listed(kind).rows
