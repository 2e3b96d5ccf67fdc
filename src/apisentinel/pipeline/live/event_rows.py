"""Judged requests as rows of the event store."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.enrichment import canonical_address
from apisentinel.pipeline.door.door import derived_event_id
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.live.engine import Judged, RowFinding
from apisentinel.pipeline.live.text_columns import (
    chosen,
    filled,
    sparse_lists,
    sparse_text,
    text_column,
)
from apisentinel.pipeline.reasons import reason_of
from apisentinel.records.batch import RequestBatch
from apisentinel.records.taxonomy import AGENT_KINDS, AttackType, severity_of
from apisentinel.scoring import PRIOR_LOG10, risk_of, score_of
from apisentinel.storage.columns import Column, ColumnType, Table, numbers
from apisentinel.storage.events_schema import EVENT_SCHEMA

TEXT_KEPT = {
    "event_id": 256, "method": 32, "host": 255, "path": 2_048, "query": 2_048, "user_id": 256,
    "session_id": 256, "credential_id": 256, "user_agent": 512, "referer": 1_024,
}  # fmt: skip
"""Bytes kept of each text: what people read and filter by. Longer ones are attacks on the store;
the evidence quotes what mattered in them.
"""

NAMES_KEPT = 100_000
"""Texts of clients, endpoints and routes that are not made again."""

QUIET = risk_of(PRIOR_LOG10)
"""Risk of a request that shows nothing."""

SEVERITIES: list[str | None] = [severity_of(risk).value for risk in (0, 40, 60, 80)]
BANDS = np.array([40, 60, 80])
"""Lowest risks of the severities after the first."""


class Sources(NamedTuple):
    """Name of the way in of each request.

    Attributes:
        names: All of them.
        picks: int64 ``(n,)``, which of them each request has.
    """

    names: list[str]
    picks: npt.NDArray[Any]

    def take(self, rows: npt.NDArray[Any]) -> "Sources":
        """Those of some rows."""
        return Sources(self.names, self.picks[rows])

    def part(self, begin: int, rows: int) -> "Sources":
        """Those of some rows in a row."""
        return Sources(self.names, self.picks[begin : begin + rows])

    @classmethod
    def joined(cls, several: Sequence["Sources"]) -> "Sources":
        """Those of several blocks, one after the other."""
        begins = np.cumsum([0, *(len(each.names) for each in several)])
        return cls(
            [name for each in several for name in each.names],
            np.concatenate(
                [each.picks + begin for each, begin in zip(several, begins, strict=False)]
            ),
        )


class RowMaker:
    """Builds tables in the shape of EVENT_SCHEMA.

    What an endpoint or route is called never changes, so its texts are remembered. Used by one
    thread.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._endpoints: dict[int, str | None] = {}
        self._clients: dict[int, tuple[str | None, str | None]] = {}

    def table(
        self, judged: Judged, source: Sources | str, rows: npt.NDArray[Any] | None = None
    ) -> Table:
        """Rows of a judged block.

        Args:
            judged: Requests with what was found.
            source: Name of the way in of each request, or one text for all.
            rows: Rows wanted, rising; None takes all.

        Returns:
            A table of EVENT_SCHEMA.

        Cost: below 3 µs a row of honest traffic.
        """
        batch, findings = judged.block.batch, judged.findings
        if rows is not None:
            batch = batch.take(rows)
            place = {row: i for i, row in enumerate(rows.tolist())}
            findings = {place[row]: found for row, found in findings.items() if row in place}
            source = source if isinstance(source, str) else source.take(rows)
        n = len(batch)
        if isinstance(source, str):
            source = Sources([source], np.zeros(n, np.int64))
        texts = {name: text_column(batch, name, most) for name, most in TEXT_KEPT.items()}
        clients, networks = self._addresses(batch)
        columns: dict[str, Column] = {
            "seq": numbers(ColumnType.INT64, batch.numbers["seq"]),
            "ts": numbers(ColumnType.INT64, batch.numbers["ts"]),
            "event_id": _ids(texts["event_id"], batch.numbers["seq"]),
            "source": chosen(list(source.names), source.picks),
            "client": clients,
            "network": networks,
            "user": texts["user_id"],
            "session": texts["session_id"],
            "credential": texts["credential_id"],
            "agent_kind": chosen(
                [kind.value for kind in AGENT_KINDS], batch.enriched["agent_kind"]
            ),
            "endpoint": self._names(batch.enriched["endpoint"], self.engine.enricher.label_of),
            "route": self._routes(batch.enriched["route"]),
            "status": numbers(ColumnType.INT16, batch.numbers["status"], missing=True),
        }
        for name in ("request_bytes", "response_bytes", "duration_us"):
            columns[name] = numbers(ColumnType.INT64, batch.numbers[name], missing=True)
        columns |= _verdicts(n, findings)
        return Table(
            {name: columns[name] if name in columns else texts[name] for name in EVENT_SCHEMA}
        )

    def _addresses(self, batch: RequestBatch) -> tuple[Any, Any]:
        """Client and network of each row, worked out once per client."""
        keys, first, index = _distinct(batch.enriched["h_client"])
        if len(self._clients) > NAMES_KEPT:
            self._clients.clear()
        found = []
        for key, row in zip(keys.tolist(), first.tolist(), strict=True):
            known = self._clients.get(key)
            if known is None:
                known = self._clients[key] = _address(batch, row)
            found.append(known)
        clients = chosen([client for client, _ in found], index)
        return clients, chosen([network for _, network in found], index)

    def _names(self, hashes: npt.NDArray[Any], name_of: Any) -> Any:
        keys, _, index = _distinct(hashes)
        if len(self._endpoints) > NAMES_KEPT:
            self._endpoints.clear()
        names = []
        for key in keys.tolist():
            if key not in self._endpoints:
                self._endpoints[key] = name_of(key)
            names.append(self._endpoints[key])
        return chosen(names, index)

    def _routes(self, routes: npt.NDArray[Any]) -> Any:
        keys, _, index = _distinct(routes)
        text_of = self.engine.enricher.routes.route_text_of
        return chosen([text_of(key) for key in keys.tolist()], index)


def _distinct(values: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Distinct values, the first row of each, and which of them each row has."""
    return np.unique(values, return_index=True, return_inverse=True)


def _ids(given: Column, seqs: npt.NDArray[Any]) -> Column:
    """Event ids; rows without one get the id that their number gives."""
    if given.valid is None:
        return given
    rows = np.flatnonzero(~given.valid)
    prefix = derived_event_id(0)[:-1]
    return filled(given, rows, [f"{prefix}{seq}" for seq in seqs[rows].tolist()])


def _address(batch: RequestBatch, row: int) -> tuple[str | None, str | None]:
    """Client and network of a row as they are called in verdicts."""
    high, low = (int(batch.enriched[f"address_{half}"][row]) for half in ("hi", "lo"))
    if high or low:
        if high == 0 and low >> 32 == 0xFFFF:
            return canonical_address(high, low), f"{canonical_address(high, low & ~0xFF)}/24"
        return canonical_address(high, low), f"{canonical_address(high, 0)}/64"
    text = batch.text("client_ip", row) or batch.text("peer_ip", row)
    return (text[:255].decode("utf-8", "replace") if text else None), None


def _verdicts(rows: int, findings: dict[int, RowFinding]) -> dict[str, Column]:
    """Columns of the verdict: the fused risk of the worst entity for rows with evidence."""
    risks: Any = np.full(rows, QUIET)
    types: dict[int, list[str]] = {}
    detectors: dict[int, list[str]] = {}
    reasons: dict[int, str] = {}
    for row, found in findings.items():
        risks[row] = found.risk
        strongest: dict[AttackType, float] = {}
        for piece in found.pieces:
            strongest[piece.attack_type] = max(strongest.get(piece.attack_type, 0.0), piece.llr)
        types[row] = [
            kind.value for kind in sorted(strongest, key=lambda kind: (-strongest[kind], kind))
        ]
        detectors[row] = sorted({piece.detector for piece in found.pieces})
        reasons[row] = reason_of(found.pieces, inherited=True)
    whole = np.rint(risks).astype(np.int16)
    return {
        "risk": numbers(ColumnType.INT16, whole),
        "score": numbers(ColumnType.FLOAT32, np.asarray(score_of(risks))),
        "severity": chosen(SEVERITIES, np.searchsorted(BANDS, whole, side="right")),
        "attack_types": sparse_lists(rows, types),
        "detectors": sparse_lists(rows, detectors),
        "reason": sparse_text(rows, reasons),
    }
