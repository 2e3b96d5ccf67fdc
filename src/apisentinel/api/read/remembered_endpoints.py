"""Endpoints that the running engine remembers, as rows."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.api.query.shapes import time_of
from apisentinel.api.read.remembered_entities import SLICE, labels_of
from apisentinel.features import endpoint as endpoint_state
from apisentinel.kernels.sketches import estimate_distinct, log_bin_edge
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.service import Service
from apisentinel.records.taxonomy import METHODS, severity_of

Array = npt.NDArray[Any]

STEP: Final = SLICE // 4
"""Records of 1.6 KiB copied while the engine is held."""


def records_of(service: Service) -> Array:
    """A copy of all records of endpoints."""
    parts: list[Array] = []
    while not parts or len(parts[-1]) == STEP:
        begin = len(parts) * STEP
        parts.append(
            service.view(
                lambda engine, begin=begin: engine.state.endpoints.used[begin : begin + STEP].copy()  # type: ignore[misc]  # mypy cannot infer it
            )
        )
    return np.concatenate(parts)


def risks_of(engine: Engine) -> dict[str, float]:
    """Highest risk of a case that touched each endpoint, by label."""
    out: dict[str, float] = {}
    for case in engine.cases.ledger.cases.values():
        if case.alert_ordinal is not None:
            for label in case.endpoints:
                out[label] = max(out.get(label, 0.0), case.peak)
    return out


def split_label(label: str) -> tuple[str | None, str | None, str]:
    """Method, host and route of a label ``METHOD host route`` or ``METHOD route``.

    Example:
        >>> split_label("GET shop.example /orders/{id}")
        ('GET', 'shop.example', '/orders/{id}')
        >>> split_label("GET /orders/{id}"), split_label("{other}")
        (('GET', None, '/orders/{id}'), (None, None, '{other}'))
    """
    method, space, rest = label.partition(" ")
    if not space:
        return None, None, label
    host, space, route = rest.partition(" ")
    if not space or rest.startswith("/"):
        return method, None, rest
    return method, host, route


def endpoint_row(record: Any, label: str, risk: float) -> dict[str, Any]:
    """One endpoint as the report of a scan has it, and when it was seen."""
    classes = record["classes"].astype(np.int64)
    n = max(1, int(record["n"]))
    p95 = endpoint_state.quantile(record["times"], 0.95, log_bin_edge)
    method, host, route = split_label(label)
    shown = round(risk)
    return {
        "endpoint": label,
        "method": method if method in METHODS or method is None else "OTHER",
        "host": host,
        "route": route,
        "requests": int(record["n"]),
        "clients": round(float(estimate_distinct(np.ascontiguousarray(record["clients"])))),
        "errors_4xx": round(int(classes[4]) / n, 4),
        "errors_5xx": round(int(classes[5]) / n, 4),
        "p95_ms": None if p95 is None else round(p95 / 1000, 1),
        "bytes_out": int(record["bytes"]),
        "risk": shown,
        "severity": severity_of(shown).value,
        "first_ts": time_of(int(record["first"])),
        "last_ts": time_of(int(record["last"])),
    }


class Endpoints(NamedTuple):
    """Rows of all endpoints in no particular order, and their keys by label. Not to be changed."""

    rows: list[dict[str, Any]]
    keys: dict[str, int]


def endpoint_rows(service: Service, _: str = "") -> Endpoints:
    """All endpoints."""
    records = records_of(service)
    labels = labels_of(service, records["key"].tolist())
    risks = service.view(risks_of)
    rows = [
        endpoint_row(record, label, risks.get(label, 0.0))
        for record, label in zip(records, labels, strict=True)
    ]
    return Endpoints(rows, dict(zip(labels, records["key"].tolist(), strict=True)))


def histogram(counts: Array, edges: Any) -> list[dict[str, Any]]:
    """A log histogram as bins that hold something: lowest value and count."""
    return [
        {"from": float(edges(int(at))), "count": int(counts[at])} for at in np.flatnonzero(counts)
    ]
