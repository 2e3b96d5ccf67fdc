"""Speed of single steps inside one process: ``python -m benchmarks.kernel_speed LOG RESULT``.

The log goes through the stages block by block, in one thread, each stage on its own clock; the
figure is the median over the blocks, so that neither the first touch of memory nor a neighbour on
the machine decides. Memory per key is that of the state tables when they are full.
"""

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.features import FeatureState, make_events
from apisentinel.kernels.hashing import DEFAULT_KEY, hash_spans
from apisentinel.parsers.detect import choose_parser
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.records.batch import RequestBatch
from apisentinel.sources import FileSource

WARM_UP = 2
"""Blocks that are not counted: tables and caches are still empty."""

BLOCKS = 40
"""Blocks that are measured at most, about 700,000 lines."""

HASHED = ("peer_ip", "path", "query", "user_agent")
SAMPLE_BYTES = 256 << 10


class Laps:
    """CPU nanoseconds per event of each step, block by block."""

    def __init__(self) -> None:
        self.laps: dict[str, list[float]] = defaultdict(list)

    @contextmanager
    def step(self, name: str, events: int) -> Iterator[None]:
        """Measures one step of one block; a block without events does not count."""
        begin = time.thread_time_ns()
        yield
        if events:
            self.laps[name].append((time.thread_time_ns() - begin) / events)

    def medians(self) -> dict[str, float]:
        """Median of each step after the warm-up."""
        return {name: statistics.median(laps[WARM_UP:] or laps) for name, laps in self.laps.items()}


def measure(path: str) -> dict[str, dict[str, float]]:
    """Figures of all steps for one log, and bytes per key of all state."""
    settings = ScanSettings()
    laps, state = Laps(), FeatureState(settings.state)
    enricher, detector = Enricher(settings.enrichment), PayloadDetector()
    source = FileSource(path, chunk_size=settings.chunk_bytes)
    router = choose_parser(source.peek(SAMPLE_BYTES), settings.format, settings.log_format).router
    seq = 0
    for number, chunk in enumerate(source.chunks()):
        if number == BLOCKS:
            break
        lines = int(np.count_nonzero(chunk.buffer[: chunk.size] == ord("\n")))
        with laps.step("split and parse", lines):
            batch = router.parse_chunk(chunk.buffer, chunk.size).batch
        n = len(batch)
        batch.numbers["seq"][:] = np.arange(seq + 1, seq + n + 1)
        seq += n
        _hash(laps, batch)
        with laps.step("enrich, order-free half", n):
            enricher.pure(batch)
        with laps.step("screen", n):
            rows = detector.screen(batch)
        with laps.step("inspect, per candidate", len(rows)):
            detector.inspect(batch, rows)
        with laps.step("enrich, ordered half", n):
            enricher.ordered(batch)
        with laps.step("gather events", n):
            events = make_events(batch)
        with laps.step("update all state", n):
            state.update(batch, events)
    source.close()
    return {"ns_per_event": laps.medians(), "bytes_per_key": bytes_per_key(state)}


def _hash(laps: Laps, batch: RequestBatch) -> None:
    out = np.empty(len(batch), np.uint64)
    key = (np.uint64(DEFAULT_KEY.k0), np.uint64(DEFAULT_KEY.k1))
    for name in HASHED:
        spans = np.ascontiguousarray(batch.span(name))
        with laps.step(f"keyed hash of {name}", len(batch)):
            hash_spans(batch.buffer, spans, *key, out)


def bytes_per_key(state: FeatureState) -> dict[str, float]:
    """Memory of each table over its capacity: records, keys, rows and the rest."""
    tables: dict[str, Any] = {
        **state.actors,
        "endpoint": state.endpoints,
        "client and endpoint": state.pairs,
        "network": state.networks,
        "object": state.objects,
        "user agent": state.agents,
    }
    return {
        name: sum(a.nbytes for a in (t.keys, t.rows, t.meta, t.records)) / len(t.records)
        for name, t in tables.items()
    }


if __name__ == "__main__":
    figures = measure(sys.argv[1])
    Path(sys.argv[2]).write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
