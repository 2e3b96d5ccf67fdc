"""Entities that the running engine remembers, as rows.

The engine is held only while columns are copied, a slice at a time; everything else happens
outside. Rows are shared by all who ask within a moment.
"""

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from apisentinel.api.query.shapes import time_of
from apisentinel.clock import Clock
from apisentinel.detectors.anomaly import odd_llr
from apisentinel.enrichment import canonical_address
from apisentinel.features.state import KIND_NAMES, read, size
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.service import Service
from apisentinel.pipeline.summary import AUTOMATION_CAP, FAMILY_TYPE, UNALERTED
from apisentinel.records.case import Case
from apisentinel.records.signal import Family
from apisentinel.records.taxonomy import AGENT_KINDS, AttackType, severity_of
from apisentinel.scoring import PRIOR_LOG10, risk_of, score_of
from apisentinel.scoring.fusion import BAND_WIDTH, GROUPS, LESSENING, SOFT_HIGH, SOFT_LOW

Array = npt.NDArray[Any]
T = TypeVar("T")

SLICE: Final = 32_768
"""Records copied while the engine is held: about ten milliseconds."""
UNGROUPED: Final = -1
"""Group of the attack types that `GROUPS` does not name."""
FRESH_S: Final = 2.0
"""How old rows may be that are given to more than one reader."""
COLUMNS: Final = {
    "actor": ("key", "n", "first", "last", "address_hi", "address_lo", "label_length",
              "agent_kind"),
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


def base_risks(peaks: Array, odd: Array) -> npt.NDArray[np.float64]:
    """Risk of actors from the peaks of their own ratios and from how they stand out among their
    peers; equal to what `Summary` says of each.

    Args:
        peaks: ``(n, families)``.
        odd: ``(n,)``, what standing out says, nats.
    """
    values = peaks.astype(np.float64)
    values[:, Family.AUTOMATION] = np.minimum(values[:, Family.AUTOMATION], AUTOMATION_CAP)
    by_type: dict[str, Array] = {}
    for family, kind in FAMILY_TYPE.items():
        known = by_type.get(kind)
        column = values[:, family]
        by_type[kind] = column if known is None else np.maximum(known, column)
    known = by_type.get(AttackType.ANOMALY)
    by_type[AttackType.ANOMALY] = odd if known is None else np.maximum(known, odd)
    by_group: dict[int, list[Array]] = {}
    for kind in (*FAMILY_TYPE.values(), AttackType.ANOMALY):
        if kind in by_type:
            by_group.setdefault(GROUPS.get(kind, UNGROUPED), []).append(by_type.pop(kind))
    total = np.zeros(len(values))
    for columns in by_group.values():
        ranked = -np.sort(-np.stack(columns, axis=1), axis=1)[:, : len(LESSENING)]
        total += ranked @ np.array(LESSENING[: ranked.shape[1]])
    linear = 50.0 + BAND_WIDTH * (PRIOR_LOG10 + total / math.log(10))
    room = 100.0 - SOFT_HIGH
    high = 100.0 - room * np.exp(-(np.maximum(linear, SOFT_HIGH) - SOFT_HIGH) / room)
    low = SOFT_LOW * np.exp((np.minimum(linear, SOFT_LOW) - SOFT_LOW) / SOFT_LOW)
    risks = np.where(linear > SOFT_HIGH, high, np.where(linear < SOFT_LOW, low, linear))
    quiet = risk_of(PRIOR_LOG10) + BAND_WIDTH * odd / math.log(10)
    return np.where(peaks.any(axis=1), np.minimum(risks, UNALERTED), quiet)


def table_of(engine: Engine, kind: str) -> Any:
    """The table of a kind of entity."""
    if kind in KIND_NAMES:
        return engine.state.actors[kind]
    return engine.state.networks if kind == "network" else engine.state.endpoints


def columns_of(service: Service, kind: str) -> dict[str, Array]:
    """The columns of all records of a kind, copied a slice at a time into memory that is taken
    once; ``base`` is the risk of an actor without its case.
    """
    names = COLUMNS["actor" if kind in KIND_NAMES else kind]
    count = service.view(lambda engine: size(table_of(engine, kind)))
    out: dict[str, Array] = {}
    labels: list[Array] = []
    for begin in range(0, max(count, 1), SLICE):
        end = min(count, begin + SLICE)

        def cut(engine: Engine, begin: int = begin, end: int = end) -> tuple[Array, Array]:
            records = read(table_of(engine, kind), begin, end)
            return records, _odd(engine, kind, begin, len(records))

        records, odd = service.view(cut)
        columns = {name: records[name] for name in names}
        if kind in KIND_NAMES:
            columns["base"] = base_risks(records["peak"], odd)
            labels.append(_labels(kind, records))
        for name, column in columns.items():
            if begin == 0:
                out[name] = np.empty(count, column.dtype)
            out[name][begin:end] = column
    if labels:
        width = max(part.shape[1] for part in labels)
        out["label"] = np.zeros((count, width), np.uint8)
        begin = 0
        for part in labels:
            out["label"][begin : begin + len(part), : part.shape[1]] = part
            begin += len(part)
    return out


def _labels(kind: str, records: Array) -> Array:
    """The labels that names are made of, no wider than they have to be."""
    lengths = records["label_length"]
    if kind == "client":
        lengths = lengths[(records["address_hi"] == 0) & (records["address_lo"] == 0)]
    width = int(lengths.max(initial=0))
    found: Array = records["label"][:, :width].copy()
    return found


def _odd(engine: Engine, kind: str, begin: int, count: int) -> Array:
    """What standing out among its peers says of each of some actors, nats."""
    anomaly = engine.anomaly
    if anomaly is None or kind not in KIND_NAMES:
        return np.zeros(count)
    oddness = anomaly.standing.oddness(KIND_NAMES.index(kind), begin + count)[begin:]
    return odd_llr(oddness).astype(np.float64) * anomaly.settings.weight


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
        out += service.view(lambda engine, part=part: [engine.enricher.label_of(k) for k in part])  # type: ignore[misc]  # mypy cannot infer it
    return out


def names_of(kind: str, columns: dict[str, Array]) -> Iterator[str]:
    """Ids of actors and networks as the contracts have them."""
    if kind == "network":
        pairs = zip(columns["label_hi"].tolist(), columns["label_lo"].tolist(), strict=True)
        return (_network(high, low) for high, low in pairs)
    return _actor_names(kind, columns)


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


class Listed:
    """All entities of a kind as columns; rows are made when they are shown. Not to be changed.

    Attributes:
        risk: Highest risk of each, 0-100.
        shown: The same as lists show it.
        alert: Request of the first alert, -1 without one.
        cases: What the ledger says, by row.
    """

    def __init__(
        self,
        kind: str,
        columns: dict[str, Array],
        cases: dict[int, CaseNote],
        names: list[str] | None = None,
    ) -> None:
        self.kind = kind
        self.columns = columns
        self.key = columns["key"].view(np.int64)
        base = _quiet(len(self.key))
        if "base" in columns:
            base = columns["base"]
        self.risk = np.array(base)
        self.alert = np.full(len(self.key), -1, np.int64)
        self.cases: dict[int, CaseNote] = {}
        for row, note in _placed(columns["key"], cases):
            self.cases[row] = note
            self.risk[row] = max(note.peak, float(base[row]))
            self.alert[row] = -1 if note.alert is None else note.alert
        quiet = self.alert < 0
        self.risk[quiet] = np.minimum(self.risk[quiet], UNALERTED)
        self.shown = np.where(quiet, np.floor(self.risk), np.rint(self.risk)).astype(np.int16)
        self._names = names

    def __len__(self) -> int:
        """Entities."""
        return len(self.key)

    @property
    def names(self) -> list[str]:
        """Ids of all of them, made once."""
        if self._names is None:
            self._names = list(names_of(self.kind, self.columns))
        return self._names

    def name(self, row: int) -> str:
        """Id of one."""
        if self._names is not None:
            return self._names[row]
        part = {name: column[row : row + 1] for name, column in self.columns.items()}
        return next(names_of(self.kind, part))

    def row(self, row: int) -> dict[str, Any]:
        """One entity as lists show it."""
        note = self.cases.get(row)
        shown = int(self.shown[row])
        kinds = self.columns.get("agent_kind")
        return {
            "kind": self.kind,
            "id": self.name(row),
            "requests": int(self.columns["n"][row]),
            "score": round(score_of(float(self.risk[row])), 6),
            "risk": shown,
            "severity": severity_of(shown).value,
            "attack_types": sorted(() if note is None else note.types),
            "first_alert_request": None if note is None else note.alert,
            "first_ts": time_of(int(self.columns["first"][row])),
            "last_ts": time_of(int(self.columns["last"][row])),
            "agent_kind": None if kinds is None else AGENT_KINDS[int(kinds[row])].value,
        }


def _quiet(count: int) -> npt.NDArray[np.float64]:
    return np.full(count, risk_of(PRIOR_LOG10))


def _placed(keys: Array, cases: dict[int, CaseNote]) -> Iterator[tuple[int, CaseNote]]:
    """The cases whose entity is remembered, with its row."""
    if not cases or not len(keys):
        return
    order = np.argsort(keys)
    wanted = np.fromiter(cases, np.uint64, len(cases))
    at = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    rows = order[at]
    for row, key, note in zip(rows.tolist(), wanted.tolist(), cases.values(), strict=True):
        if int(keys[row]) == key:
            yield row, note


def make_listed(service: Service, kind: str) -> Listed:
    """All entities of a kind."""
    columns = columns_of(service, kind)
    names = labels_of(service, columns["key"].tolist()) if kind == "endpoint" else None
    return Listed(kind, columns, cases_of(service, kind), names)


class Remembered(Generic[T]):
    """What is made of a kind, made anew when it is older than a moment. Thread-safe."""

    def __init__(self, service: Service, clock: Clock, make: Callable[[Service, str], T]) -> None:
        self._service = service
        self._clock = clock
        self._make = make
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._made: dict[str, tuple[float, T]] = {}

    def listed(self, kind: str) -> T:
        """What there is of a kind."""
        with self._lock:
            lock = self._locks.setdefault(kind, threading.Lock())
        with lock:
            begun = self._clock.monotonic()
            known = self._made.get(kind)
            if known is None or begun - known[0] > FRESH_S:
                known = self._made[kind] = begun, self._make(self._service, kind)
            return known[1]
