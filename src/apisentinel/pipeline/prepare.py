"""The part of the work that needs no order: enrich and screen. Runs beside the ordered part."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.detectors.profile import Unusual
from apisentinel.enrichment import Enricher
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.records.batch import RequestBatch

if TYPE_CHECKING:
    from apisentinel.detectors.profile import Scorer


@dataclass(slots=True)
class Prepared:
    """A block of requests with what the screen says about each of them.

    Attributes:
        batch: Requests with the order-free columns.
        fields: uint8 ``(n_rows,)``: bits of the fields whose content deserves inspection.
        unusual: What the learned profile says of each request, None without one.
    """

    batch: RequestBatch
    fields: npt.NDArray[np.uint8]
    unusual: Unusual | None = field(default=None)

    def take(self, rows: npt.NDArray[Any]) -> "Prepared":
        """The block of these rows, in this order."""
        return Prepared(
            self.batch.take(rows), self.fields[rows], self.unusual and self.unusual.take(rows)
        )


def prepare(
    batch: RequestBatch,
    enricher: Enricher,
    detector: PayloadDetector | None,
    watch: Stopwatch,
    scorer: "Scorer | None" = None,
) -> Prepared:
    """Enriches a block and screens the content of each request.

    Args:
        batch: Parsed requests.
        enricher: Its order-free half is used.
        detector: None leaves payloads out.
        watch: Adds up the time of the stages.
        scorer: Of the learned profile; None without one.
    """
    n = len(batch)
    with watch.stage("enrich pure", n):
        enricher.pure(batch)
    if not n:
        return Prepared(batch, np.zeros(n, np.uint8))
    fields = np.zeros(n, np.uint8)
    if detector is not None:
        with watch.stage("screen", n):
            fields = detector.screen_fields(batch)
    if scorer is None:
        return Prepared(batch, fields)
    with watch.stage("profile", n):
        return Prepared(batch, fields, scorer.score(batch))


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
    unusual = [block.unusual for block in blocks if block.unusual is not None]
    return Prepared(
        batch,
        np.concatenate([block.fields for block in blocks]),
        Unusual.joined(unusual) if len(unusual) == len(blocks) else None,
    )
