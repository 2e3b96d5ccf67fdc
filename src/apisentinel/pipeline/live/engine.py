"""The engine of a service: the one of a scan, which runs for ever and can be stopped and resumed.

Everything here depends on the requests and their order alone: not on the clock, nor on how the
requests are cut into blocks, nor on when somebody looks.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.enrichment import Enricher
from apisentinel.kernels.hashing import HashKey
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.explaining import explained
from apisentinel.pipeline.learned import Learned, learned_for, payload_detector, scorer_of
from apisentinel.pipeline.live.incidents import IncidentBook, IncidentDocument
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.prepare import Prepared, prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.view import Outcome
from apisentinel.records.batch import RequestBatch
from apisentinel.records.case import Case
from apisentinel.records.evidence import Alert, Evidence
from apisentinel.records.taxonomy import AttackType
from apisentinel.scoring import score_of

if TYPE_CHECKING:
    from apisentinel.pipeline.live.models import Monitor

SWEEPS_A_QUIET_TIME = 4
"""Looks for closed cases within the quiet time: a case lives up to a quarter longer than it."""


POISONED_KEPT = 1_000
"""Numbers of requests left out that are remembered, so that a replay leaves them out as well."""


class RowFinding:
    """What was found on one request: the risk of its worst entity at that moment, and why."""

    __slots__ = ("pieces", "risk")

    def __init__(self) -> None:
        self.risk = 0.0
        self.pieces: list[Evidence] = []


class Judged(NamedTuple):
    """A block after judging.

    Attributes:
        block: The requests.
        attacks: bool ``(n_rows,)``: requests whose content is an attack.
        findings: Row → what was found; rows without evidence are not in it.
        alerts: Raised by these requests, in their order.
        closed: Incidents that ended before these requests, in their final form.
    """

    block: Prepared
    attacks: npt.NDArray[np.bool_]
    findings: dict[int, RowFinding]
    alerts: list[Alert]
    closed: list[IncidentDocument]


class LiveEngine:
    """Engine, open incidents and the place in the journal. Not thread-safe.

    Attributes:
        offset: Last batch of the journal that is part of the state.
        watermark: Highest event time so far, µs.
        late: Requests that came far behind the watermark.
        expired: Cases closed after quiet time.
        poisoned: Numbers of the requests that could not be judged and were left out; see
            `POISONED_KEPT`.
    """

    def __init__(
        self,
        detection: ScanSettings,
        runtime: RuntimeSettings,
        key: HashKey,
        watch: Stopwatch | None = None,
    ) -> None:
        self.detection = detection
        self.runtime = runtime
        self.watch = watch or Stopwatch()
        self.enricher = Enricher(detection.enrichment, key, trusted_hops=detection.trusted_hops)
        self.detector = payload_detector(detection)
        learned = learned_for(detection)
        learns = detection.detectors.profile.online != "never"
        self.engine = Engine(
            detection, self.enricher, self.detector, self.watch, learned, learns=learns
        )
        self.engine.cases.policy.explain = explained
        self.scorer = scorer_of(learned)
        self.monitor: Monitor | None = None
        self.incidents = IncidentBook()
        self.offset = 0
        self.watermark = 0
        self.late = 0
        self.expired = 0
        self.poisoned: list[int] = []
        self.sweep_index = -1

    @property
    def quiet_us(self) -> int:
        """Time without evidence after which a case is closed, µs."""
        return round(self.runtime.quiet_hours * 3_600_000_000)

    @property
    def seq(self) -> int:
        """Number of the last request that was judged."""
        return self.engine.seq

    def remember_poison(self, seqs: list[int]) -> None:
        """Notes requests that were left out, so that a replay leaves them out as well."""
        self.poisoned = (self.poisoned + seqs)[-POISONED_KEPT:]

    def prepare(self, batch: RequestBatch) -> Prepared:
        """The half of the work that needs no order and no state."""
        return prepare(batch, self.enricher, self.detector, self.watch, self.scorer)

    def use(self, detection: ScanSettings, learned: Learned | None) -> None:
        """Judges with other models from the next block on; what is known of the entities stays."""
        self.detection = detection
        self.scorer = scorer_of(learned)
        self.engine.use_profile(learned)
        anomaly = self.engine.anomaly
        if anomaly is not None:
            anomaly.ensemble = None if learned is None else learned.ensemble
            anomaly.product = None if learned is None else learned.product
            anomaly.standing.begin_anew()

    def scores(self) -> dict[str, float]:
        """Highest risk now of an alerted entity by attack type, 0-1."""
        highest = {kind.value: 0.0 for kind in AttackType}
        for case in self.engine.cases.ledger.cases.values():
            if case.alert_ordinal is not None:
                for kind in case.families:
                    highest[kind] = max(highest[kind], score_of(case.risk))
        return highest

    def advance(self, block: Prepared, first_seq: int) -> list[Judged]:
        """Judges the next requests.

        Args:
            block: Prepared requests with known times.
            first_seq: Number of the first one.

        Returns:
            What became of them, in order; several parts when cases were closed in between.
        """
        out = []
        closed: list[IncidentDocument] = []
        for part in self._parts(block):
            if isinstance(part, int):
                closed += self._sweep(part)
                continue
            online = self.engine.online
            for piece in self.engine.pieces(part, 0 if online is None else online.seen):
                self.engine.seq = first_seq - 1
                out.append(self._judge(piece, closed))
                first_seq += len(piece.batch)
                closed = []
        return out

    def _parts(self, block: Prepared) -> list[Prepared | int]:
        """The block in pieces, with the times of the sweeps that are due between them."""
        ts = block.batch.numbers["ts"]
        if not len(ts):
            return []
        step = max(1, self.quiet_us // SWEEPS_A_QUIET_TIME)
        marks = np.maximum(np.maximum.accumulate(ts), self.watermark)
        behind = round(self.runtime.late_seconds * 1e6)
        self.late += int(np.count_nonzero(ts < marks - behind))
        self.watermark = int(marks[-1])
        index = marks // step
        latest = int(index[0]) if self.sweep_index < 0 else self.sweep_index
        crossings = np.flatnonzero(np.diff(index, prepend=latest) > 0).tolist()
        self.sweep_index = int(index[-1])
        if not crossings:
            return [block]
        parts: list[Prepared | int] = []
        begin = 0
        for row in crossings:
            if row > begin:
                parts.append(block.take(np.arange(begin, row)))
            parts.append(int(index[row]) * step - self.quiet_us)
            begin = row
        rest = block if begin == 0 else block.take(np.arange(begin, len(ts)))
        return [*parts, rest]

    def _sweep(self, before: int) -> list[IncidentDocument]:
        """Closes the cases without evidence since a time; gives the incidents that end so."""
        cases = self.engine.cases.ledger.cases
        gone, closed = self.incidents.close(self.engine, before)
        gone += [
            key
            for key, case in cases.items()
            if case.alert_ordinal is None and case.last_ts < before
        ]
        for key in gone:
            del cases[key]
        self.expired += len(gone)
        return closed

    def _judge(self, block: Prepared, closed: list[IncidentDocument]) -> Judged:
        findings: dict[int, RowFinding] = {}

        def on_outcome(outcome: Outcome) -> None:
            found = findings.get(outcome.row)
            if found is None:
                found = findings[outcome.row] = RowFinding()
            found.risk = max(found.risk, outcome.case.risk)
            found.pieces.append(outcome.evidence)

        def on_known(row: int, case: Case) -> None:
            """Such a request carries the risk that its client has at that moment."""
            found = findings[row] = findings.get(row) or RowFinding()
            found.risk = max(found.risk, case.risk)

        counted = self.engine.count(block)
        on_ticks = None if self.monitor is None else self.monitor.observe
        attacks = self.engine.judge(counted, on_outcome, on_known=on_known, on_ticks=on_ticks)
        return Judged(block, attacks, findings, self.engine.cases.policy.take(), closed)
