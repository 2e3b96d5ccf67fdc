"""A scan: files in, report out."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.parsers.detect import choose_parser, first_time
from apisentinel.parsers.document import is_document
from apisentinel.pipeline.engine import Counted, Engine
from apisentinel.pipeline.inputs import SAMPLE_BYTES, Input, lines_of
from apisentinel.pipeline.learned import learned_for, payload_detector, scorer_of
from apisentinel.pipeline.merge import Lane, merged
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.summary import Summary
from apisentinel.records.evidence import EntitySummary
from apisentinel.records.report import Input as InputReport
from apisentinel.records.report import InputFile, ScanReport, Unparsed
from apisentinel.sources import Discovery, FileSource, discover

BEHIND = 1
"""Blocks that are counted or with the models while one is judged."""
EXAMPLE_SHOWN = 200
PROFILE_VARIABLE = "APISENTINEL_PROFILE"


class Progress(NamedTuple):
    """How far a scan is. `bytes_total` is None when an input does not tell its size."""

    bytes_done: int
    bytes_total: int | None
    lines: int
    incidents: int


class ScanResult:
    """What a scan found.

    Attributes:
        report: The document of the contract.
        engine: With the state and the cases after the last request.
    """

    def __init__(self, report: ScanReport, summary: Summary, engine: Engine) -> None:
        self.report = report
        self.engine = engine
        self._summary = summary

    def entities(self) -> Iterator[EntitySummary]:
        """Every entity that is remembered at the end."""
        return self._summary.entities()


Watcher = Callable[[Counted, npt.NDArray[np.bool_]], None]
"""Called with each block after it was judged, and with the rows whose content is an attack."""


def scan(
    paths: list[str],
    settings: ScanSettings,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    watcher: Watcher | None = None,
) -> ScanResult:
    """Reads files, judges their requests, and reports.

    Args:
        paths: Files, folders, globs, ``-``.
        settings: See `ScanSettings`.
        on_progress: Called after each block, from the calling thread.
        stop: When set, reading ends soon and the report covers what was read.
        watcher: Sees each block after it was judged, from the thread that judges.

    Raises:
        SourceError: An input cannot be found or opened.
        ConfigError: The format or log format string is not known.
    """
    started = time.monotonic()
    watch = Stopwatch()
    found = discover(paths, chunk_size=settings.chunk_bytes)
    try:
        run = _Run(settings, found, watch, on_progress, stop or threading.Event())
        run.watch_blocks = watcher
        run.work()
    finally:
        for source in found.sources:
            source.close()
    result = run.result(time.monotonic() - started)
    if profile := os.environ.get(PROFILE_VARIABLE):
        watch.write(profile)
    return result


class _Run:
    """One scan on its way."""

    def __init__(
        self,
        settings: ScanSettings,
        found: Discovery,
        watch: Stopwatch,
        on_progress: Callable[[Progress], None] | None,
        stop: threading.Event,
    ) -> None:
        self.settings = settings
        self.sources = found.sources
        self.left_out = found.left_out
        self.on_progress = on_progress
        self.stop = stop
        self.watch_blocks: Watcher | None = None
        self.enricher = Enricher(settings.enrichment, trusted_hops=settings.trusted_hops)
        detector = payload_detector(settings)
        self.learned = learned_for(settings)
        learns = settings.detectors.profile.online == "always"
        self.engine = Engine(settings, self.enricher, detector, watch, self.learned, learns=learns)
        self.why: list[str] = []
        self.inputs: list[Input] = []
        for source in found.sources:
            self._open(source, detector, watch)

    def _open(self, found: FileSource, detector: PayloadDetector | None, watch: Stopwatch) -> None:
        """Looks at the beginning of an input and decides how it is read."""
        settings = self.settings
        is_single = settings.log_format is None and is_document(found.peek(SAMPLE_BYTES))
        source = lines_of(found, settings.chunk_bytes) if is_single else found
        head = source.peek(SAMPLE_BYTES)
        chosen = choose_parser(head, settings.format, settings.log_format)
        self.why.append(f"one JSON document; {chosen.why}" if is_single else chosen.why)
        scorer = scorer_of(self.learned)
        item = Input(source, chosen.router, self.enricher, detector, watch, scorer)
        item.first_ts = first_time(chosen.router, head)
        self.inputs.append(item)

    def work(self) -> None:
        """Runs the merge to its end or until it is stopped."""
        if self.settings.threads > 1:
            with (
                ThreadPoolExecutor(1, "prepare") as ahead,
                ThreadPoolExecutor(1, "count") as counting,
                ThreadPoolExecutor(1, "models") as asking,
            ):
                self._merge_threaded(ahead, counting, asking)
            return
        for block in self._blocks(None):
            self._judge(self.engine.count(block))
            if self.stop.is_set():
                return

    def _judge(self, counted: Counted) -> None:
        attacks = self.engine.judge(counted)
        if self.watch_blocks is not None:
            self.watch_blocks(counted, attacks)

    def _blocks(self, executor: Executor | None) -> Iterator[Prepared]:
        """All requests in the order of judging."""
        seen = 0
        for block in merged(self._lanes(executor)):
            rows = len(block.batch)
            yield from self.engine.pieces(block, seen)
            seen += rows

    def _lanes(self, executor: Executor | None) -> list[Lane]:
        return [
            Lane(item.first_ts, item.blocks(executor, self._tell, self.stop))
            for item in self.inputs
        ]

    def _merge_threaded(self, ahead: Executor, counting: Executor, asking: Executor) -> None:
        """Four steps side by side: read and screen, count, ask the models, judge; each takes the
        blocks in order.
        """
        pending: deque[Future[Counted]] = deque()
        for block in self._blocks(ahead):
            counted = counting.submit(self.engine.count, block)
            pending.append(
                asking.submit(lambda found: self.engine.ask_models(found.result()), counted)
            )
            if len(pending) > BEHIND:
                self._judge(pending.popleft().result())
            if self.stop.is_set():
                break
        while pending:
            self._judge(pending.popleft().result())

    def _tell(self) -> None:
        if self.on_progress is None:
            return
        progress = [source.progress() for source in self.sources]
        totals = [total for _, total in progress]
        self.on_progress(
            Progress(
                sum(done for done, _ in progress),
                None if None in totals else sum(total or 0 for total in totals),
                sum(item.tally.lines for item in self.inputs),
                sum(
                    case.alert_ordinal is not None
                    for case in list(self.engine.cases.ledger.cases.values())
                ),
            )
        )

    def result(self, seconds: float) -> ScanResult:
        """The report over everything that was read."""
        summary = Summary(self.engine)
        top = self.settings.top
        report = ScanReport(
            input=self._input(),
            period=summary.period(),
            totals=summary.totals(),
            seconds=round(seconds, 3),
            events_per_second=round(self.engine.seq / max(seconds, 1e-6), 1),
            incidents=tuple(summary.incidents()),
            endpoints=summary.endpoints(top),
            clients=summary.clients(top),
            timeline=self.engine.timeline.shown(),
            interrupted=self.stop.is_set(),
            held_back=self.engine.cases.policy.budget.state.held,
        )
        return ScanResult(report, summary, self.engine)

    def _input(self) -> InputReport:
        files = []
        rejected: dict[str, tuple[int, str]] = {}
        for item, why in zip(self.inputs, self.why, strict=True):
            tally = item.tally
            files.append(
                InputFile(
                    path=item.source.name,
                    format=_formats(tally.formats, item.router.name),
                    lines=tally.lines,
                    parsed=tally.parsed,
                    bytes=tally.bytes,
                    why=why,
                    problem=item.source.problem,
                )
            )
            for reason, (count, example) in tally.rejected.items():
                known, first = rejected.get(reason, (0, example))
                rejected[reason] = (known + count, first)
        files += [
            InputFile(name, "", 0, 0, 0, "", f"left out: {reason}")
            for name, reason in self.left_out
        ]
        unparsed = [
            Unparsed(reason, count, example[:EXAMPLE_SHOWN])
            for reason, (count, example) in rejected.items()
        ]
        unparsed.sort(key=lambda item: (-item.count, item.reason))
        return InputReport(
            tuple(files),
            sum(file.lines for file in files),
            sum(file.parsed for file in files),
            tuple(unparsed),
            sum(item.tally.late for item in self.inputs),
        )


def _formats(formats: dict[str, int], chosen: str) -> str:
    """The format of a file in words; shares when it changed in the middle."""
    if len(formats) <= 1:
        return next(iter(formats), chosen)
    total = sum(formats.values())
    ranked = sorted(formats.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} ({100 * count / total:.3g} %)" for name, count in ranked[:4])
