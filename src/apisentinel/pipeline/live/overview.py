"""The state of things at a glance."""

from typing import TYPE_CHECKING, Any

import msgspec

from apisentinel.pipeline.live.degradation import MEANING
from apisentinel.pipeline.live.entities import open_cases
from apisentinel.pipeline.live.messages import endpoint_row
from apisentinel.pipeline.samples import time_text
from apisentinel.pipeline.summary import Summary
from apisentinel.records.taxonomy import Severity, severity_of

if TYPE_CHECKING:
    from apisentinel.pipeline.engine import Engine
    from apisentinel.pipeline.service import Service

TOP = 10
RATE_S = 10
"""Seconds over which rates are averaged."""


def overview(service: "Service") -> dict[str, Any]:
    """Books, rates, severities and the top of each list, as plain data."""
    now = service.clock.now()
    level = service.degradation.level
    rates = service.rates
    checks = service.health()
    return {
        "time": time_text(now),
        "started": time_text(service.started_at),
        "uptime_seconds": (now - service.started_at) / 1e6,
        "demo": service.settings.demo,
        "ok": all(check["ok"] for check in checks.values()),
        "counters": service.counters.totals(),
        "conservation": service.counters.conservation(),
        "sources": service.counters.snapshot(),
        "silent_sources": service.ticker.silent_sources(),
        "judged": service.runtime.live.seq,
        "unjudged": service.runtime.poisoned + service.runtime.damaged,
        "late": service.runtime.live.late,
        "lag_seconds": round(service.lag_seconds(), 3),
        "degradation": {"level": int(level), "meaning": MEANING[level]},
        "rates": {
            name: round(rates.mean(name, RATE_S), 1)
            for name in ("received", "accepted", "judged", "rejected", "deduplicated")
        },
        "alerts": dict(rates.alerts),
        "open_incidents": service.ticker.open_incidents,
        "anomaly_scores": {n: v for n, v in service.ticker.scores.items() if v},
        "stored": {
            "journal_bytes": service.journal.bytes_used,
            "events_bytes": service.events.bytes_used,
            "batches": service.journal.last_offset,
            "events": service.events.last_seq,
        },
    } | service.view(_traffic)


def _traffic(engine: "Engine") -> dict[str, Any]:
    """What the engine knows of the traffic."""
    summary = Summary(engine)
    cases = engine.cases.ledger.cases.values()
    severities = {severity.value: 0 for severity in Severity}
    types: dict[str, int] = {}
    for case in cases:
        if case.alert_ordinal is not None:
            severities[severity_of(round(case.risk)).value] += 1
            for kind in case.families:
                types[kind.value] = types.get(kind.value, 0) + 1
    return {
        "period": msgspec.to_builtins(summary.period()),
        "totals": msgspec.to_builtins(summary.totals()),
        "entities_by_severity": severities,
        "attack_types": dict(sorted(types.items(), key=lambda item: (-item[1], item[0]))),
        "top_entities": [_short(row) for row in open_cases(engine, most=TOP)],
        "top_endpoints": [endpoint_row(each) for each in summary.endpoints(TOP)],
    }


def _short(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("kind", "id", "risk", "peak", "alerts", "first_ts", "last_ts")
    return {name: row[name] for name in kept} | {"attack_types": list(row["families"])}
