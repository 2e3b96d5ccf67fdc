"""Verdicts for requests as they come: NDJSON in, NDJSON out, line for line."""

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.detectors import behaviour
from apisentinel.detectors.anomaly import Judged as JudgedTicks
from apisentinel.detectors.data import DataClassifier, class_names, exposure
from apisentinel.detectors.payload import Finding
from apisentinel.detectors.payload.findings import FIRM
from apisentinel.detectors.profile import forgiven
from apisentinel.enrichment import Enricher, canonical_address
from apisentinel.features.state import KIND_NAMES
from apisentinel.features.tick_state import Ticks
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.explaining import FEW_REQUESTS
from apisentinel.pipeline.learned import learned_for, payload_detector, scorer_of
from apisentinel.pipeline.payload_evidence import (
    LEARNED_ONLY,
    PAYLOAD,
    confirmed,
    payload_evidence,
)
from apisentinel.pipeline.prepare import Prepared, prepare
from apisentinel.pipeline.profile import Stopwatch
from apisentinel.pipeline.reasons import reason_of
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.view import Outcome
from apisentinel.pipeline.votes import Votes
from apisentinel.records.batch import NO_TIME, RequestBatch
from apisentinel.records.case import Case, EntityKey
from apisentinel.records.evidence import Evidence, Verdict
from apisentinel.records.flags import AGENT_SCANNER_TOOL
from apisentinel.records.taxonomy import AGENT_KINDS, AttackType, severity_of
from apisentinel.scoring import case_odds, counts, pooled_log10_odds, risk_of, score_of
from apisentinel.scoring.fusion import PIECE_CAP, PRIOR_LOG10, soften, type_llr

if TYPE_CHECKING:
    from apisentinel.detectors.profile import Profile, ProfileDetector

INHERITED = 0.5
"""Share of the evidence against an entity (in nats) that counts against a request of it that shows
nothing itself.
"""

_encode = msgspec.json.Encoder().encode


class _Line(NamedTuple):
    """Evidence of one request before it becomes a verdict."""

    log10_odds: float
    pieces: list[Evidence]
    known: int


class ScoreSession:
    """Judges requests one line at a time, each with the history before it, or each alone.

    Memory is bounded by the settings of the state. Not thread-safe.
    """

    def __init__(self, settings: ScanSettings, *, stateless: bool = False) -> None:
        self.settings = settings
        self.stateless = stateless
        self.watch = Stopwatch()
        self.enricher = Enricher(settings.enrichment, trusted_hops=settings.trusted_hops)
        self.detector = payload_detector(settings)
        self.learned = learned_for(settings)
        self.engine = Engine(settings, self.enricher, self.detector, self.watch, self.learned)
        if self.engine.anomaly is not None:
            self.engine.anomaly.in_full = True  # a verdict names every model
        profile = None if self.learned is None else self.learned.profile
        self.scorer = scorer_of(self.learned)
        self.profile = None if profile is None else _profile_detector(profile)
        self.classifier = DataClassifier()
        self.scanner_agent = behaviour.ScannerAgent(settings.detectors.scanner_agent)
        self.lines = 0
        self.detectors = len(type(settings.detectors).model_fields)
        self.latest = 0
        self._votes = Votes()

    def score(self, data: bytes) -> bytes:
        """Verdicts of whole lines.

        Args:
            data: NDJSON requests; the last line may lack its line end.

        Returns:
            One line for each line of the input, in its order: a verdict, or ``{"line": N, "error":
            "…"}``.
        """
        parsed = parse_requests(data)
        answers: list[bytes] = [b""] * len(parsed.row)
        rows = np.flatnonzero(parsed.row >= 0)
        for line in np.flatnonzero(parsed.row < 0).tolist():
            answers[line] = _encode({"line": self.lines + line + 1, "error": parsed.error(line)})
        self.lines += len(parsed.row)
        for line, verdict in zip(rows.tolist(), self.judge(parsed.batch), strict=True):
            answers[line] = _encode(verdict)
        return b"\n".join(answers) + b"\n" if answers else b""

    def judge(self, batch: RequestBatch) -> list[Verdict]:
        """Verdicts of the next requests, one for each row."""
        if not len(batch):
            return []
        self._times(batch.numbers["ts"])
        block = prepare(batch, self.enricher, self.detector, self.watch, self.scorer)
        return self._alone(block) if self.stateless else self._with_history(block)

    def _times(self, ts: npt.NDArray[np.int64]) -> None:
        """A request without a time happens when the one before it did."""
        missing = ts == NO_TIME
        seen = np.maximum.accumulate(np.where(missing, self.latest, ts))
        seen = np.maximum(seen, self.latest)
        ts[missing] = seen[missing]
        self.latest = int(seen[-1])

    def _alone(self, block: Prepared) -> list[Verdict]:
        n = len(block.batch)
        first = self.engine.seq + 1
        block.batch.numbers["seq"][:] = np.arange(first, first + n)
        self.engine.seq += n
        self.enricher.ordered(block.batch)
        flags = block.batch.enriched["agent_flags"]
        out = []
        for row in range(n):
            pieces = self._payload_pieces(block, row) + self._profile_pieces(block, row)
            if int(flags[row]) & AGENT_SCANNER_TOOL:
                agent = (block.batch.text("user_agent", row) or b"").decode("utf-8", "replace")
                said = self.scanner_agent.evidence(agent)
                pieces += [said] if said is not None else []
            pieces = [piece for piece in pieces if self._counts(piece)]
            out.append(self._verdict(block, row, _Line(_odds(pieces), pieces, FEW_REQUESTS * 1000)))
        return out

    def _counts(self, piece: Evidence) -> bool:
        """False for what --rules-only or --models-only leaves out."""
        return counts(piece.detector, rules=self.settings.rules, models=self.settings.models)

    def _findings(self, block: Prepared, row: int) -> list[Finding]:
        fields = int(block.fields[row])
        return (
            self.detector.inspect_row(block.batch, row, fields)
            if self.detector is not None and fields
            else []
        )

    def _payload_pieces(self, block: Prepared, row: int) -> list[Evidence]:
        weight = self.settings.detectors.payload.weight
        detector = PAYLOAD if self.settings.rules else LEARNED_ONLY
        seq = int(block.batch.numbers["seq"][row])
        return [
            payload_evidence(
                finding,
                finding.raw_llr * weight * _forgiven(block, row, finding),
                seq,
                confirmed(finding, block.batch, row),
                detector,
            )
            for finding in self._findings(block, row)
        ]

    def _profile_pieces(self, block: Prepared, row: int) -> list[Evidence]:
        """Evidence of the learned profile."""
        if self.profile is None or block.unusual is None:
            return []
        chance = float(block.unusual.chance[row])
        said = self.profile.evidence(block.batch, row, chance)
        return [said] if said.llr > 0.0 else []

    def _with_history(self, block: Prepared) -> list[Verdict]:
        out: list[Verdict] = []
        pending: list[Evidence] = []
        counted = self.engine.count(block)
        ordinals = counted.signals.ordinals["client"]

        def flush(upto: int) -> None:
            """Finishes the verdicts of all rows before `upto` with what is known by now."""
            while len(out) < upto:
                row = len(out)
                line = self._line(block, row, pending, int(ordinals[row]))
                out.append(self._verdict(block, row, line))
                pending.clear()

        def on_outcome(outcome: Outcome) -> None:
            pending.append(outcome.evidence)

        def on_ticks(ticks: Ticks, judged: JudgedTicks) -> None:
            self._votes.add(ticks.rows, judged)

        self._votes.begin()
        self.engine.judge(counted, on_outcome, flush, on_ticks=on_ticks)
        flush(len(block.batch))
        return out

    def _line(self, block: Prepared, row: int, pieces: list[Evidence], known: int) -> _Line:
        """The odds of a request: the worst of its entities when it shows something itself, else
        part of their burden.
        """
        odds = PRIOR_LOG10
        for case in self._cases(block, row):
            burden = case_odds(case)
            odds = max(odds, burden if pieces else PRIOR_LOG10 + (burden - PRIOR_LOG10) * INHERITED)
        return _Line(odds, list(pieces), known)

    @staticmethod
    def _actors(block: Prepared, row: int) -> list[EntityKey]:
        """The entities of a request."""
        keys = [(kind, int(block.batch.enriched[f"h_{kind}"][row])) for kind in KIND_NAMES]
        return [(kind, key) for kind, key in keys if key]

    def _cases(self, block: Prepared, row: int) -> list[Case]:
        held = (self.engine.cases.ledger.cases.get(key) for key in self._actors(block, row))
        return [case for case in held if case is not None]

    def _verdict(self, block: Prepared, row: int, line: _Line) -> Verdict:
        batch = block.batch
        risk = risk_of(line.log10_odds)
        strongest: dict[str, float] = {}
        types: dict[AttackType, float] = {}
        for piece in line.pieces:
            strongest[piece.detector] = max(
                strongest.get(piece.detector, 0.0), soften(piece.llr) / PIECE_CAP
            )
            types[piece.attack_type] = max(types.get(piece.attack_type, 0.0), piece.llr)
        voted = None if self.stateless else self._votes.of(row, self._actors(block, row))
        if voted is not None:
            strongest |= voted.scores
        strongest["agent"] = self.enricher.agent_score(batch, row)
        shown = sorted(types, key=lambda kind: (-types[kind], kind))
        certain = any(piece.detector in ("payload", "scanner_agent") for piece in line.pieces)
        exposed = self.classifier.classify(batch.text("response_body", row) or b"")
        told = exposure(exposed) if line.pieces else None
        shown_pieces = line.pieces if told is None else [*line.pieces, told]
        agreeing = len({piece.detector for piece in line.pieces})
        data = 1.0 if certain else line.known / (line.known + FEW_REQUESTS)
        return Verdict(
            event_id=_text(batch.text("event_id", row)),
            seq=int(batch.numbers["seq"][row]),
            risk=round(risk),
            score=score_of(risk),
            severity=severity_of(round(risk)),
            attack_types=tuple(shown),
            confidence=round(100 * data if voted is None else max(100 * data, voted.confidence)),
            consensus=round(agreeing / self.detectors if voted is None else voted.consensus, 3),
            detectors={name: round(value, 4) for name, value in sorted(strongest.items())},
            client=self._client(block, row),
            user=_text(batch.text("user_id", row)),
            session=_text(batch.text("session_id", row)),
            endpoint=self.enricher.endpoint_label(batch, row),
            route=self.enricher.route_label(batch, row),
            agent_kind=AGENT_KINDS[int(batch.enriched["agent_kind"][row])].value,
            data_classes=class_names(exposed),
            reason=reason_of(shown_pieces, inherited=line.log10_odds > PRIOR_LOG10),
        )

    @staticmethod
    def _client(block: Prepared, row: int) -> str | None:
        high, low = (int(block.batch.enriched[f"address_{half}"][row]) for half in ("hi", "lo"))
        if high or low:
            return canonical_address(high, low)
        return _text(block.batch.text("client_ip", row) or block.batch.text("peer_ip", row))


def _profile_detector(profile: "Profile") -> "ProfileDetector":
    from apisentinel.detectors.profile import (  # noqa: PLC0415 (only with a profile)
        ProfileDetector,
    )

    return ProfileDetector(profile)


def _odds(pieces: list[Evidence]) -> float:
    types: dict[AttackType, list[float]] = {}
    succeeded = {piece.attack_type for piece in pieces if piece.succeeded}
    for piece in pieces:
        types.setdefault(piece.attack_type, []).append(piece.llr)
    return pooled_log10_odds(
        {kind: type_llr(llrs, succeeded=kind in succeeded) for kind, llrs in types.items()}
    )


def _forgiven(block: Prepared, row: int, finding: Finding) -> float:
    """Factor on a finding where the profile knows such content."""
    if block.unusual is None:
        return 1.0
    return forgiven(block.unusual, row, is_firm=finding.raw_llr >= FIRM)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")
