"""The ordered half of the pipeline: counts requests, judges them, and keeps what the report
needs.
"""

from collections.abc import Callable

import numpy as np

from apisentinel.enrichment import Enricher
from apisentinel.features import FeatureState, make_events
from apisentinel.pipeline.judge import Judge, Outcome
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.timeline import Timeline


class Engine:
    """One pipeline: requests go in in order, evidence gathers in `judge`.

    Equal requests in equal order give equal results, whatever the size of the blocks. Not
    thread-safe.

    Attributes:
        seq: Number of requests taken so far; the next request gets it plus one.
    """

    def __init__(
        self, settings: ScanSettings, enricher: Enricher, watch: Stopwatch | None = None
    ) -> None:
        self.settings = settings
        self.enricher = enricher
        self.state = FeatureState(settings.state)
        self.judge = Judge(settings, self.state, enricher)
        self.timeline = Timeline()
        self.seq = 0
        self.watch = watch or Stopwatch()

    def advance(self, block: Prepared, on_outcome: Callable[[Outcome], None] | None = None) -> None:
        """Takes the next requests."""
        batch = block.batch
        n = len(batch)
        batch.numbers["seq"][:] = np.arange(self.seq + 1, self.seq + n + 1)
        self.seq += n
        with self.watch.stage("enrich ordered", n):
            self.enricher.ordered(batch)
        with self.watch.stage("events", n):
            events = make_events(batch, block.payload)
        with self.watch.stage("state", n):
            signals = self.state.update(batch, events)
        with self.watch.stage("judge", n):
            self.judge.judge(block, events, signals, on_outcome)
        with self.watch.stage("timeline", n):
            self.timeline.add(events)
