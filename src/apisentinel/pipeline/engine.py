"""The ordered half of the pipeline: counts requests, judges them, and keeps what the report
needs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload import PayloadDetector
from apisentinel.enrichment import Enricher
from apisentinel.features import FeatureState, Signals, make_events
from apisentinel.pipeline.judge import Judge
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.timeline import Timeline
from apisentinel.pipeline.view import Outcome
from apisentinel.records.case import Case


class Counted(NamedTuple):
    """A block that the keyed state has seen."""

    block: Prepared
    events: npt.NDArray[Any]
    signals: Signals


class Engine:
    """One pipeline: requests go in in order, evidence gathers in `verdicts`.

    Equal requests in equal order give equal results, whatever the size of the blocks. `count` and
    `judge` may run in two threads, each one call at a time and both in the order of the blocks.

    Attributes:
        seq: Number of requests taken so far; the next request gets it plus one.
        cases: The judge with all cases and alerts.
    """

    def __init__(
        self,
        settings: ScanSettings,
        enricher: Enricher,
        detector: PayloadDetector | None,
        watch: Stopwatch | None = None,
    ) -> None:
        self.settings = settings
        self.enricher = enricher
        self.state = FeatureState(settings.state)
        self.cases = Judge(settings, self.state, enricher, detector)
        self.timeline = Timeline()
        self.seq = 0
        self.watch = watch or Stopwatch()

    def count(self, block: Prepared) -> Counted:
        """Gives the next requests their numbers and adds them to the keyed state."""
        batch = block.batch
        n = len(batch)
        batch.numbers["seq"][:] = np.arange(self.seq + 1, self.seq + n + 1)
        self.seq += n
        with self.watch.stage("enrich ordered", n):
            self.enricher.ordered(batch)
        with self.watch.stage("events", n):
            events = make_events(batch)
        with self.watch.stage("state", n):
            signals = self.state.update(batch, events)
        return Counted(block, events, signals)

    def judge(
        self,
        counted: Counted,
        on_outcome: Callable[[Outcome], None] | None = None,
        before_row: Callable[[int], None] | None = None,
        on_known: Callable[[int, Case], None] | None = None,
    ) -> npt.NDArray[np.bool_]:
        """Turns what was counted into evidence, cases and alerts.

        Returns:
            bool ``(n_rows,)``: requests whose content is an attack.
        """
        block, events, signals = counted
        n = len(events)
        with self.watch.stage("judge", n):
            attacks = self.cases.judge(block, events, signals, on_outcome, before_row, on_known)
        with self.watch.stage("timeline", n):
            self.timeline.add(events, attacks)
        return attacks

    def advance(self, block: Prepared) -> None:
        """Counts and judges the next requests."""
        self.judge(self.count(block))
