"""One input as a stream of prepared blocks, with its share of the accounting."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.parsers.document import MAX_DOCUMENT, expand
from apisentinel.parsers.router import LineRouter, ParsedChunk
from apisentinel.pipeline.prepare import Prepared, prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.records.batch import NO_TIME
from apisentinel.sources import FileSource
from apisentinel.sources.base import DEFAULT_CHUNK, MAX_LINE, Chunk, Source

if TYPE_CHECKING:
    from apisentinel.detectors.profile import Scorer

SAMPLE_BYTES = 256 << 10
"""Beginning of a file that decides on its format and its place in time."""

LATE_US = 60_000_000
"""Lines that lie further than this behind the latest time of their file are counted as late; they
are judged all the same.
"""

AHEAD = 1
"""Blocks prepared before they are asked for. Each holds one chunk in memory."""


def lines_of(source: FileSource, chunk_bytes: int = DEFAULT_CHUNK) -> FileSource:
    """A JSON document as a source of lines, one record each.

    Raises:
        SourceError: The document is larger than `MAX_DOCUMENT`.
    """
    lines = expand(source.read_all(MAX_DOCUMENT))
    return FileSource(source.name, chunk_size=chunk_bytes, stream=io.BytesIO(lines))


@dataclass
class Tally:
    """What was read of one input."""

    lines: int = 0
    parsed: int = 0
    late: int = 0
    bytes: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    rejected: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, chunk: Chunk, parsed: ParsedChunk) -> None:
        """Counts a chunk."""
        self.lines += parsed.lines + chunk.skipped
        self.parsed += len(parsed.batch)
        self.bytes += chunk.size
        self.formats.update(parsed.formats)
        for reason, (count, example) in parsed.rejected.items():
            self.reject(reason, count, example.decode("utf-8", "replace"))
        if chunk.skipped:
            self.reject(
                "line longer than the limit",
                chunk.skipped,
                f"(a line of more than {MAX_LINE:,} bytes)",
            )

    def reject(self, reason: str, count: int, example: str) -> None:
        """Counts lines that gave no request; the first example is kept."""
        known, first = self.rejected.get(reason, (0, example))
        self.rejected[reason] = (known + count, first)


class Input:
    """Reads, parses and prepares one source, ahead of need when there is an executor.

    Attributes:
        first_ts: Time of the first request that has one, None when the beginning shows none.
        tally: Accounting so far; complete at the end of `blocks`.
        latest: Highest event time so far, µs; requests without a time get it.
    """

    def __init__(
        self,
        source: Source,
        router: LineRouter,
        enricher: Enricher,
        detector: PayloadDetector | None,
        watch: Stopwatch,
        scorer: "Scorer | None" = None,
    ) -> None:
        self.source = source
        self.router = router
        self.enricher = enricher
        self.detector = detector
        self.watch = watch
        self.scorer = scorer
        self.tally = Tally()
        self.latest = 0
        self.first_ts: int | None = None

    def blocks(
        self, executor: Executor | None, on_chunk: Callable[[], None], stop: Event
    ) -> Iterator[Prepared]:
        """Yields prepared blocks in order; `on_chunk` is called after each, `stop` ends it
        early.
        """
        for chunk, parsed, prepared in self._work(executor):
            self.tally.add(chunk, parsed)
            self._time(prepared)
            on_chunk()
            if len(prepared.batch):
                yield prepared
            if stop.is_set():
                return

    def _work(self, executor: Executor | None) -> Iterator[tuple[Chunk, ParsedChunk, Prepared]]:
        chunks = self.source.chunks()
        if executor is None:
            for chunk in chunks:
                yield self._prepare(chunk)
            return
        waiting: list[Future[tuple[Chunk, ParsedChunk, Prepared] | None]] = [
            executor.submit(self._next, chunks) for _ in range(AHEAD)
        ]
        while waiting:
            done = waiting.pop(0).result()
            if done is None:
                return
            waiting.append(executor.submit(self._next, chunks))
            yield done

    def _next(self, chunks: Iterator[Chunk]) -> tuple[Chunk, ParsedChunk, Prepared] | None:
        chunk = next(chunks, None)
        return None if chunk is None else self._prepare(chunk)

    def _prepare(self, chunk: Chunk) -> tuple[Chunk, ParsedChunk, Prepared]:
        with self.watch.stage("parse", 0):
            parsed = self.router.parse_chunk(chunk.buffer, chunk.size, final=chunk.final)
        return (
            chunk,
            parsed,
            prepare(parsed.batch, self.enricher, self.detector, self.watch, self.scorer),
        )

    def _time(self, prepared: Prepared) -> None:
        """Gives requests without a time the latest one before them, and counts late ones."""
        ts = prepared.batch.numbers["ts"]
        if not len(ts):
            return
        known = ts != NO_TIME
        seen = np.maximum.accumulate(np.where(known, ts, self.latest))
        seen = np.maximum(seen, self.latest)
        self.tally.late += int(np.count_nonzero(known & (ts < seen - LATE_US)))
        if not known.all():
            ts[~known] = seen[~known]
        self.latest = int(seen[-1])
