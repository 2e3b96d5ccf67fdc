"""The part of the work that needs no order: parse, enrich, screen, inspect. Runs beside the ordered
part.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload import Finding, PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.records.batch import RequestBatch

LEAST_LLR = 1.0
"""Weaker findings about a payload are not carried on; they could not change any risk by a point."""


@dataclass(slots=True)
class Prepared:
    """A block of requests with everything that can be said about each of them alone.

    Attributes:
        batch: Requests with the order-free columns.
        findings: Row → what the payload detector found.
        payload: float32 ``(n_rows,)``: strongest log-likelihood ratio of each row's findings.
    """

    batch: RequestBatch
    findings: dict[int, list[Finding]]
    payload: npt.NDArray[np.float32]

    def take(self, rows: npt.NDArray[Any]) -> "Prepared":
        """The block of these rows, in this order."""
        found: dict[int, list[Finding]] = {}
        if self.findings:
            place = np.full(len(self.batch), -1, np.int64)
            place[rows] = np.arange(len(rows))
            found = {
                int(place[row]): items for row, items in self.findings.items() if place[row] >= 0
            }
        return Prepared(self.batch.take(rows), found, self.payload[rows])


def prepare(
    batch: RequestBatch, enricher: Enricher, detector: PayloadDetector | None, watch: Stopwatch
) -> Prepared:
    """Enriches a block and judges the content of each request.

    Args:
        batch: Parsed requests.
        enricher: Its order-free half is used.
        detector: None leaves payloads out.
        watch: Adds up the time of the stages.
    """
    n = len(batch)
    with watch.stage("enrich pure", n):
        enricher.pure(batch)
    payload = np.zeros(len(batch), np.float32)
    findings: dict[int, list[Finding]] = {}
    if detector is not None and len(batch):
        with watch.stage("screen", n):
            rows = detector.screen(batch)
        with watch.stage("inspect", len(rows)):
            found = detector.inspect(batch, rows)
        for row, items in zip(rows.tolist(), found, strict=True):
            kept = [item for item in items if item.llr >= LEAST_LLR]
            if kept:
                findings[row] = kept
                payload[row] = max(item.llr for item in kept)
    return Prepared(batch, findings, payload)


def joined(blocks: list[Prepared]) -> Prepared:
    """One block from several, in the order given; texts are copied into one buffer."""
    if len(blocks) == 1:
        return blocks[0]
    buffers = [block.batch.buffer for block in blocks]
    starts = np.cumsum([0, *(len(buffer) for buffer in buffers)])
    spans = []
    for block, start in zip(blocks, starts, strict=False):
        moved = block.batch.spans + np.int32(start)
        spans.append(np.where(block.batch.spans[:, :, :1] < 0, np.int32(-1), moved))
    first = blocks[0].batch
    numbers = {
        name: np.concatenate([b.batch.numbers[name] for b in blocks]) for name in first.numbers
    }
    batch = RequestBatch(
        np.concatenate(buffers), np.ascontiguousarray(np.concatenate(spans, axis=1)), numbers
    )
    batch.enriched = {
        name: np.concatenate([b.batch.enriched[name] for b in blocks]) for name in first.enriched
    }
    findings: dict[int, list[Finding]] = {}
    base = 0
    for block in blocks:
        findings |= {base + row: items for row, items in block.findings.items()}
        base += len(block.batch)
    return Prepared(batch, findings, np.concatenate([block.payload for block in blocks]))
