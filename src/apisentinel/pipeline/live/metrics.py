"""Everything that is measured, as plain data in the terms of Prometheus."""

import resource
import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apisentinel.features.state import size
from apisentinel.pipeline.door.counters import OUTCOMES
from apisentinel.pipeline.live.degradation import Level

if TYPE_CHECKING:
    from apisentinel.pipeline.service import Service

DELAY_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds from acceptance to the alert on the stream; 0.25 is the promise."""
COMMIT_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Seconds of a commit; a good disk takes 1 to 5 ms."""


REMOVED = ("incidents", "forced", "alerts", "audit")


class Sample(NamedTuple):
    """One value; `suffix` is ``_bucket``, ``_sum`` or ``_count`` in histograms, else empty."""

    suffix: str
    labels: dict[str, str]
    value: float


class Metric(NamedTuple):
    """One family of values; `kind` is counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    samples: tuple[Sample, ...]


class Histogram:
    """Counts values by upper bounds. Thread-safe."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self._lock = threading.Lock()
        self._counts = [0] * (len(self.bounds) + 1)
        self._sum = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """Counts a value."""
        with self._lock:
            self._counts[bisect_left(self.bounds, value)] += times
            self._sum += value * times

    def quantile(self, share: float) -> float | None:
        """Upper bound of the bucket in which a quantile lies, None without values."""
        with self._lock:
            counts = list(self._counts)
        need = share * sum(counts)
        seen = 0
        for bound, count in zip((*self.bounds, float("inf")), counts, strict=True):
            seen += count
            if count and seen >= need:
                return bound
        return None

    def samples(self) -> tuple[Sample, ...]:
        """Cumulative buckets, sum and count."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        out = []
        seen = 0
        for bound, count in zip((*self.bounds, float("inf")), counts, strict=True):
            seen += count
            text = "+Inf" if bound == float("inf") else f"{bound:g}"
            out.append(Sample("_bucket", {"le": text}, seen))
        return (*out, Sample("_sum", {}, total), Sample("_count", {}, seen))


def metrics(service: "Service") -> list[Metric]:
    """All families, in the order of a request's way."""
    totals = service.counters.totals()
    runtime, live = service.runtime, service.runtime.live
    writer, saver = service.event_writer, service.checkpointer
    tables = live.engine.state.tables()
    level, backlog = service.degradation, service.door.backlog
    cases = live.engine.cases.ledger.cases
    held = live.engine.cases.policy.budget.state
    return [
        _counter(
            "apisentinel_events_total",
            "Requests by what became of them.",
            (({"outcome": name}, totals[name]) for name in ("received", *OUTCOMES)),
        ),
        _counter(
            "apisentinel_source_events_total",
            "Requests by way in and what became of them.",
            (
                ({"source": source, "outcome": name}, counts[name])
                for source, counts in sorted(service.counters.snapshot().items())
                for name in ("received", *OUTCOMES)
            ),
        ),
        _counter(
            "apisentinel_notes_total",
            "Requests with a time from the future, without a time, with a replaced secret; refused"
            " submissions; requests that middlewares could not hand over.",
            (({"what": n}, v) for n, v in totals.items() if n not in ("received", *OUTCOMES)),
        ),
        _gauge(
            "apisentinel_conservation",
            "Received requests without an outcome: 0, or one was lost or counted twice.",
            service.counters.conservation(),
        ),
        _gauge("apisentinel_backlog_bytes", "Accepted, not judged.", backlog.bytes),
        _gauge("apisentinel_backlog_ratio", "Used share of the backlog.", backlog.share),
        _gauge("apisentinel_journal_bytes", "Size of the journal.", service.journal.bytes_used),
        _gauge("apisentinel_journal_batches", "Batches accepted.", service.journal.last_offset),
        Metric(
            "apisentinel_journal_commit_seconds",
            "histogram",
            "Time of a commit of the journal, flush to disk included.",
            service.commits.samples(),
        ),
        _gauge("apisentinel_events_bytes", "Size of the event store.", service.events.bytes_used),
        _gauge("apisentinel_disk_free_bytes", "Free disk space.", service.journal.disk.use.free),
        _gauge(
            "apisentinel_pipeline_lag_seconds",
            "Age of the oldest accepted request that is not judged.",
            service.lag_seconds(),
        ),
        _counter("apisentinel_judged_total", "Requests judged.", (({}, live.seq),)),
        _counter("apisentinel_late_total", "Requests far behind the newest.", (({}, live.late),)),
        _counter(
            "apisentinel_unjudged_total",
            "Accepted requests that could not be judged, by reason.",
            (
                ({"reason": "poison"}, runtime.poisoned),
                ({"reason": "damaged"}, runtime.damaged),
            ),
        ),
        _gauge(
            "apisentinel_dead_letters",
            "Input kept for a replay.",
            service.control.dead_letter_count(),
        ),
        _counter(
            "apisentinel_alerts_total",
            "Alerts by severity.",
            (({"severity": name}, count) for name, count in service.rates.alerts.items()),
        ),
        Metric(
            "apisentinel_alert_delay_seconds",
            "histogram",
            "Time from acceptance of a request to its alert on the stream.",
            service.alert_delay.samples(),
        ),
        Metric(
            "apisentinel_anomaly_score",
            "gauge",
            "Highest risk now of an alerted entity, 0 to 1, by attack type.",
            tuple(
                Sample("", {"attack_type": name}, value)
                for name, value in sorted(service.ticker.scores.items())
            ),
        ),
        Metric(
            "apisentinel_canary_detect_seconds",
            "gauge",
            "Time until an attack on ourselves was found, +Inf when it was not; none when off.",
            tuple(
                Sample("", {"class": kind.value}, taken)
                for kind, taken in service.canary.seconds.items()
            ),
        ),
        _gauge("apisentinel_open_incidents", "Open incidents.", service.ticker.open_incidents),
        _gauge("apisentinel_alerts_held_back", "Entities held back by the budget.", held.held),
        _gauge("apisentinel_cases", "Entities under suspicion.", len(cases)),
        _many(
            "apisentinel_entities", "Entities remembered by kind.",
            {name: size(table) for name, table in tables.items()},
        ),
        _many(
            "apisentinel_entities_limit", "Entities that can be remembered by kind.",
            {name: len(table.records) for name, table in tables.items()},
        ),
        _counter(
            "apisentinel_evictions_total",
            "Entities that had to give way to others, by kind.",
            (({"kind": name}, table.evicted) for name, table in tables.items()),
        ),
        _counter("apisentinel_cases_closed_total", "Cases closed.", (({}, live.expired),)),
        _counter(
            "apisentinel_removed_total",
            "Removed by age or number: incidents, those of them that were open or worked on"
            " (forced), alerts, audit entries.",
            (({"what": n}, service.ticker.housekeeper.removed[n]) for n in REMOVED),
        ),
        _gauge("apisentinel_degradation_level", "What is given up: 0 nothing.", int(level)),
        _counter(
            "apisentinel_degradation_seconds_total",
            "Time spent on each level of degradation.",
            (({"level": str(int(each))}, level.seconds[each]) for each in Level),
        ),
        _counter(
            "apisentinel_shortcuts_total",
            "What was left out under load.",
            (
                ({"what": "event_rows"}, writer.left_out),
                ({"what": "inspections"}, runtime.uninspected),
            ),
        ),
        _counter(
            "apisentinel_event_rows_total",
            "Rows given to the event store, and rows that could not be made.",
            (
                ({"outcome": "stored"}, writer.written),
                ({"outcome": "failed"}, writer.failed),
            ),
        ),
        _counter("apisentinel_checkpoints_total", "Checkpoints saved.", (({}, saver.saved),)),
        _gauge("apisentinel_checkpoint_bytes", "Size of the newest checkpoint.", saver.bytes),
        _gauge("apisentinel_checkpoint_seconds", "Time that it took.", saver.seconds),
        _gauge(
            "apisentinel_checkpoint_age_seconds",
            "Time since the newest checkpoint.",
            (service.clock.now() - saver.saved_at) / 1e6,
        ),
        _counter(
            "apisentinel_stage_cpu_seconds_total",
            "CPU time by stage.",
            (({"stage": name}, ns / 1e9) for name, ns in sorted(service.watch.cpu_ns.items())),
        ),
        _gauge("apisentinel_stream_subscriptions", "Readers of the bus.", service.bus.watchers),
        _gauge("process_resident_memory_bytes", "Memory in use.", _resident_bytes()),
        _gauge(
            "apisentinel_uptime_seconds",
            "Time since the start.",
            (service.clock.now() - service.started_at) / 1e6,
        ),
    ]  # fmt: skip


def _resident_bytes() -> int:
    """Memory of this process as the kernel counts it; 0 where it does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _counter(name: str, text: str, values: Iterable[tuple[dict[str, str], float]]) -> Metric:
    samples = tuple(Sample("", labels, float(value)) for labels, value in values)
    return Metric(name, "counter", text, samples)


def _gauge(name: str, text: str, value: float) -> Metric:
    return Metric(name, "gauge", text, (Sample("", {}, float(value)),))


def _many(name: str, text: str, values: dict[str, int]) -> Metric:
    samples = tuple(Sample("", {"kind": kind}, float(value)) for kind, value in values.items())
    return Metric(name, "gauge", text, samples)
