"""From the state at the end of a scan to the report."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.anomaly import odd_llr
from apisentinel.enrichment import canonical_address
from apisentinel.features import endpoint as endpoint_state
from apisentinel.features.state import KIND_NAMES, chosen, columns, size, slices
from apisentinel.incidents import correlate
from apisentinel.kernels.sketches import estimate_distinct, log_bin_edge
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.explaining import explained
from apisentinel.pipeline.samples import time_text
from apisentinel.records.case import Case
from apisentinel.records.evidence import EntitySummary, Incident
from apisentinel.records.report import ClientSummary, EndpointSummary, Period, Totals
from apisentinel.records.signal import Family
from apisentinel.records.taxonomy import AGENT_KINDS, AttackType, severity_of
from apisentinel.scoring import (
    pooled_log10_odds,
    pooled_log10_odds_of_many,
    risk_of,
    score_of,
)
from apisentinel.scoring.fusion import BAND_WIDTH

UNALERTED = 39.99
"""Highest risk shown for an entity that never raised an alert: a ratio may rise a little between
two reports of it.
"""

FAMILY_TYPE = {
    Family.SCANNING: AttackType.SCANNING,
    Family.BRUTE_FORCE: AttackType.BRUTE_FORCE,
    Family.STUFFING: AttackType.CREDENTIAL_STUFFING,
    Family.ENUMERATION: AttackType.ENUMERATION,
    Family.CRAWLING: AttackType.CRAWLING,
    Family.SCRAPING: AttackType.SCRAPING,
    Family.AUTOMATION: AttackType.AUTOMATION,
    Family.AGENT_SWITCHING: AttackType.AUTOMATION,
    Family.VOLUME: AttackType.VOLUME,
    Family.RESOURCES: AttackType.RESOURCE_ABUSE,
}

_POOLED = list(dict.fromkeys((AttackType.ANOMALY, *FAMILY_TYPE.values())))
"""Attack types that make up the risk of an entity without a case."""

AUTOMATION_CAP = 3.5


class Summary:
    """Reads reports out of an engine. Nothing here changes the engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.state = engine.state
        self.cases = engine.cases.ledger.cases

    def incidents(self) -> list[Incident]:
        """All incidents, highest risk first."""
        cases = [*self.engine.cases.ledger.past, *self.cases.values()]
        alerted = [case for case in cases if case.alert_ordinal is not None]
        return correlate(
            alerted,
            self.engine.cases.attribute_share,
            self._last_seen,
            time_text,
            self.engine.settings.incidents,
            explained,
        )

    def _last_seen(self, case: Case) -> tuple[int, int]:
        kind, key = case.key
        table = self.state.actors.get(kind)
        record = None if table is None else self.state.record(table, key)
        if record is None or self.cases.get(case.key) is not case:
            return case.last_ts, case.ordinal
        return int(record["last"]), int(record["n"])

    def period(self) -> Period:
        """First and last event time."""
        line = self.engine.timeline
        return Period(time_text(line.first or 0), time_text(line.last or 0))

    def totals(self) -> Totals:
        """Counts of entities; estimates once a table had to give up records."""
        counts = {name: self._distinct(name) for name in ("client", "user", "session")}
        endpoints = len(self.state.endpoints.used)
        return Totals(
            self.engine.seq, counts["client"], counts["user"], counts["session"], endpoints
        )

    def _distinct(self, kind: str) -> int:
        table = self.state.actors[kind]
        if not table.evicted:
            return size(table)
        return round(float(estimate_distinct(self.state.distinct[KIND_NAMES.index(kind)])))

    def endpoints(self, top: int) -> tuple[EndpointSummary, ...]:
        """The busiest endpoints."""
        records = self.state.endpoints.used
        order = np.lexsort((records["key"], -records["n"]))[:top]
        risks = self._endpoint_risks()
        out = []
        for record in records[order]:
            label = self.engine.enricher.label_of(int(record["key"]))
            classes = record["classes"].astype(np.int64)
            n = max(1, int(record["n"]))
            p95 = endpoint_state.quantile(record["times"], 0.95, log_bin_edge)
            out.append(
                EndpointSummary(
                    endpoint=label,
                    requests=int(record["n"]),
                    clients=round(float(estimate_distinct(record["clients"]))),
                    errors_4xx=round(int(classes[4]) / n, 4),
                    errors_5xx=round(int(classes[5]) / n, 4),
                    p95_ms=None if p95 is None else round(p95 / 1000, 1),
                    bytes_out=int(record["bytes"]),
                    risk=risks.get(label, 0),
                )
            )
        return tuple(out)

    def _endpoint_risks(self) -> dict[str, int]:
        """Highest risk of a case that touched each endpoint."""
        out: dict[str, int] = {}
        for case in self.cases.values():
            if case.alert_ordinal is not None:
                for label in case.endpoints:
                    out[label] = max(out.get(label, 0), round(case.peak))
        return out

    def clients(self, top: int) -> tuple[ClientSummary, ...]:
        """The clients with the highest risk, then the busiest."""
        table = self.state.actors["client"]
        counts, keys = columns(table, "n", "key")
        alerted = [
            case
            for (kind, _), case in self.cases.items()
            if kind == "client" and case.alert_ordinal is not None
        ]
        rows = dict.fromkeys(np.lexsort((keys, -counts))[: top + len(alerted)].tolist())
        for case in alerted:
            row = self.state.row(table, case.key[1])
            if row is not None:
                rows[row] = None
        records = chosen(table, list(rows))
        summaries = self.actors("client", records)
        kinds = {self._id("client", record): int(record["agent_kind"]) for record in records}
        summaries.sort(key=lambda item: (-item.risk, -item.requests, item.id))
        return tuple(
            ClientSummary(
                item.id,
                item.requests,
                item.risk,
                tuple(kind.value for kind in item.attack_types),
                AGENT_KINDS[kinds[item.id]],
            )
            for item in summaries[:top]
        )

    def entities(self) -> Iterator[EntitySummary]:
        """Every entity that is remembered, kind by kind, in the order of first appearance."""
        for kind in KIND_NAMES:
            for begin, records in slices(self.state.actors[kind]):
                rows = np.arange(begin, begin + len(records))
                risks = self._base_risks(kind, records, rows)
                for i in range(len(records)):
                    yield self._summary(kind, records[i], float(risks[i]))
        for record in self.state.endpoints.used:
            yield self.endpoint(record)
        for record in self.state.networks.used:
            yield self.network(record)

    def actors(self, kind: str, records: npt.NDArray[Any]) -> list[EntitySummary]:
        """Some entities of a kind of actor, in the order of their records."""
        table = self.state.actors[kind]
        known = [self.state.row(table, int(key)) for key in records["key"]]
        rows = np.array([-1 if row is None else row for row in known], np.int64)
        risks = self._base_risks(kind, records, rows)
        return [
            self._summary(kind, record, float(risk))
            for record, risk in zip(records, risks, strict=True)
        ]

    def endpoint(self, record: Any) -> EntitySummary:
        """An endpoint as an entity."""
        key = int(record["key"])
        label = self.engine.enricher.label_of(key)
        return self._plain("endpoint", label, key, int(record["n"]))

    def network(self, record: Any) -> EntitySummary:
        """A network as an entity."""
        return self._plain("network", self._network(record), int(record["key"]), int(record["n"]))

    def _base_risks(
        self, kind: str, records: npt.NDArray[Any], rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """Risk of each actor from the peaks of its own ratios, and from how it stands out among its
        peers; `rows` are those of the records, -1 for one that is not remembered.
        """
        out = np.empty(len(records))
        peaks = records["peak"].astype(np.float64)
        peaks[:, Family.AUTOMATION] = np.minimum(peaks[:, Family.AUTOMATION], AUTOMATION_CAP)
        if not self.engine.settings.rules:
            peaks[:] = 0.0
        odd = self._odd_llrs(kind, rows)
        quiet = risk_of(pooled_log10_odds({}))
        out.fill(quiet)
        # far from both ends the risk is linear in the log odds, so most need no loop
        out += BAND_WIDTH * odd / math.log(10.0)
        rows = np.flatnonzero(peaks.any(axis=1))
        llrs = np.zeros((len(rows), len(_POOLED)))
        llrs[:, 0] = odd[rows]
        for family, attack in FAMILY_TYPE.items():
            column = llrs[:, _POOLED.index(attack)]
            np.maximum(column, peaks[rows, family], out=column)
        risks = map(risk_of, pooled_log10_odds_of_many(llrs, _POOLED).tolist())
        out[rows] = [min(risk, UNALERTED) for risk in risks]
        return out

    def _odd_llrs(self, kind: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """What standing out among its peers says of each actor, nats."""
        anomaly = self.engine.anomaly
        if anomaly is None:
            return np.zeros(len(rows))
        count = size(self.state.actors[kind])
        known = anomaly.standing.oddness(KIND_NAMES.index(kind), count)
        if not count:
            return np.zeros(len(rows))
        known = np.where(rows >= 0, known[rows], np.float32(0.0))
        return odd_llr(known).astype(np.float64) * anomaly.settings.weight

    def _summary(self, kind: str, record: Any, base: float) -> EntitySummary:
        case = self.cases.get((kind, int(record["key"])))
        return self._entity(kind, self._id(kind, record), int(record["n"]), case, base)

    def _plain(self, kind: str, name: str, key: int, requests: int) -> EntitySummary:
        return self._entity(
            kind, name, requests, self.cases.get((kind, key)), risk_of(pooled_log10_odds({}))
        )

    @staticmethod
    def _entity(
        kind: str, name: str, requests: int, case: Case | None, base: float
    ) -> EntitySummary:
        risk = base if case is None else max(case.peak, case.earlier_peak, base)
        alert = None
        if case is not None:
            alert = case.alert_ordinal if case.earlier_ordinal is None else case.earlier_ordinal
        if alert is None:
            risk = min(risk, UNALERTED)
        types = () if case is None else tuple(sorted(case.families))
        shown = int(risk) if alert is None else round(risk)
        return EntitySummary(
            kind, name, requests, score_of(risk), shown, severity_of(shown), types, alert
        )

    def _id(self, kind: str, record: Any) -> str:
        high, low = int(record["address_hi"]), int(record["address_lo"])
        if kind == "client" and (high or low):
            return canonical_address(high, low)
        text = record["label"][: int(record["label_length"])].tobytes().decode("utf-8", "replace")
        if kind == "session" and not text:
            parent = canonical_address(high, low) if high or low else "?"
            return f"{parent}~{int(record['key']) & 0xFFFFFF:06x}"
        return text or "?"

    @staticmethod
    def _network(record: Any) -> str:
        high, low = int(record["label_hi"]), int(record["label_lo"])
        if high == 0 and low >> 32 == 0xFFFF:
            return f"{canonical_address(high, low & ~0xFF)}/24"
        return f"{canonical_address(high, 0)}/64"
