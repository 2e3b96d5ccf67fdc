"""The models of a running service: which bundle judges, how its scores are spread, how far the
traffic has moved, and what a shadow would say.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import structlog

from apisentinel.detectors.anomaly import Anomaly
from apisentinel.detectors.anomaly import Judged as JudgedTicks
from apisentinel.errors import ApiSentinelError
from apisentinel.features.tick_state import Ticks
from apisentinel.models.bundle import Bundle, read_bundle
from apisentinel.models.drift import (
    KS_CHANGE,
    PSI_CHANGE,
    PSI_WARNING,
    REFERENCE_PART,
    Reference,
    ks,
)
from apisentinel.models.trust import TrustStore
from apisentinel.pipeline.learned import Learned, learned_for, learned_of, trust_folder
from apisentinel.pipeline.promotion import RANK_BINS, Decision, shadowed
from apisentinel.pipeline.registry import Registered, Registry
from apisentinel.pipeline.settings import ScanSettings

if TYPE_CHECKING:
    from apisentinel.models.ensemble import Ensemble
    from apisentinel.pipeline.live.engine import LiveEngine

RISK_BINS = 100
"""Bins of the histogram of scores, one a point of risk."""
MEDIUM_BIN = 40
RANK_STEP = RISK_BINS // RANK_BINS
MEDIUM_RANK = MEDIUM_BIN // RANK_STEP
LOOK_EVERY = 2
"""Ticks between two looks at the registry."""
KEEP_DECAYED = 100_000.0
"""Scores after which all counts are halved, so that the histogram shows the recent past."""
RUNAWAY, LEAST_SHARE, LEAST_TICKS = 3.0, 0.0005, 5_000
"""A new bundle that puts three times as many ticks at MEDIUM or above as the one before, and more
than 0.15 % of them, goes back by itself; both have to have seen so many ticks.
"""
TOP_DRIFT = 20
"""Features of the strongest drift that are told."""

_log = structlog.get_logger("apisentinel.models")


class Monitor:
    """Counts what the models of a service say. Filled by the judge's thread, read by any."""

    def __init__(self, learned: Learned | None, bundle: Bundle | None) -> None:
        self.bundle_id = "" if bundle is None else bundle.id
        self.ensemble: Ensemble | None = None if learned is None else learned.ensemble
        self._lock = threading.Lock()
        self.scores = np.zeros(RISK_BINS)
        self.shadow_scores = np.zeros(RISK_BINS)
        self.joint = np.zeros((RANK_BINS, RANK_BINS))
        self.reference: Reference | None = None
        part = None if bundle is None else bundle.parts.get(REFERENCE_PART)
        if part is not None and self.ensemble is not None:
            self.reference = Reference.from_bytes(part)
        self._seen = None if self.reference is None else self.reference.empty()
        self.shadow: Anomaly | None = None
        self.shadow_id = ""

    def observe(self, ticks: Ticks, judged: JudgedTicks) -> None:
        """Takes note of the ticks of a block; on the judge's thread, about 1 µs a tick."""
        if judged.judgement is None:
            return
        own = bins_of(judged.judgement.log10_odds)
        other = None
        if self.shadow is not None:
            shadowed = self.shadow.judge(ticks.rows, ticks.features).judgement
            other = None if shadowed is None else bins_of(shadowed.log10_odds)
        with self._lock:
            _add(self.scores, own)
            if other is not None:
                _add(self.shadow_scores, other)
                pairs = own // RANK_STEP * RANK_BINS + other // RANK_STEP
                self.joint += np.bincount(pairs, minlength=RANK_BINS**2).reshape(self.joint.shape)
            if self.reference is not None and self._seen is not None and self.ensemble is not None:
                self.reference.count(ticks.features, self._seen)
                if self._seen[0].sum() > KEEP_DECAYED:
                    self._seen *= 0.5

    def share(self) -> tuple[float, int]:
        """Share of ticks that the models alone put at MEDIUM or above, and how many there were."""
        with self._lock:
            total = float(self.scores.sum())
            high = float(self.scores[MEDIUM_BIN:].sum())
        return (high / total if total else 0.0), int(total)

    def verdict_on_shadow(self) -> Decision | None:
        """Whether the shadow may judge, None while too little was seen or there is none."""
        with self._lock:
            return shadowed(self.joint, MEDIUM_RANK) if self.shadow_id else None

    def told(self) -> dict[str, Any]:
        """Everything that was counted, as plain data."""
        with self._lock:
            scores, shadow, joint = (
                self.scores.copy(), self.shadow_scores.copy(), self.joint.copy(),
            )  # fmt: skip
            seen = None if self._seen is None else self._seen.copy()
        out: dict[str, Any] = {
            "bundle": self.bundle_id,
            "scores": {"counts": scores.astype(int).tolist(), "thresholds": [40, 60, 80]},
            "shadow": None,
            "drift": self._drift(seen),
        }
        if self.shadow_id:
            out["shadow"] = {
                "bundle": self.shadow_id,
                "counts": shadow.astype(int).tolist(),
                "both_quiet": int(joint[:MEDIUM_RANK, :MEDIUM_RANK].sum()),
                "shadow_alone": int(joint[:MEDIUM_RANK, MEDIUM_RANK:].sum()),
                "active_alone": int(joint[MEDIUM_RANK:, :MEDIUM_RANK].sum()),
                "both": int(joint[MEDIUM_RANK:, MEDIUM_RANK:].sum()),
                "distance": round(ks(scores, shadow), 4),
                "changed": ks(scores, shadow) > KS_CHANGE,
            }
        return out

    def _drift(self, seen: npt.NDArray[np.float64] | None) -> dict[str, Any] | None:
        """The features that have moved most, None without a reference."""
        if seen is None or self.reference is None or self.ensemble is None:
            return None
        psi = self.reference.psi(seen)
        order = np.argsort(-psi, kind="stable")[:TOP_DRIFT]
        names = self.ensemble.feature_names
        chosen = set(self.ensemble.selected)
        return {
            "rows": int(seen[0].sum()),
            "warning": PSI_WARNING,
            "change": PSI_CHANGE,
            "moved": int(np.sum(psi[sorted(chosen)] > PSI_CHANGE)),
            "features": [
                {"name": names[at], "psi": round(float(psi[at]), 4), "selected": at in chosen}
                for at in order.tolist()
            ],
        }


class ModelKeeper:
    """Keeps a live engine at the bundle that the registry names.

    Attributes:
        problem: Why the last change could not be taken over, empty when it could.
    """

    def __init__(self, registry: Registry, detection: ScanSettings) -> None:
        self.registry = registry
        self.configured = detection
        self.monitor = Monitor(None, None)
        self.problem = ""
        self._stamp = (-1, -1)
        self._ticks = 0
        self._usual: float | None = None
        self._usual_was = 0.0

    @property
    def is_pinned(self) -> bool:
        """The settings name a bundle, so the registry does not decide."""
        return self.configured.model is not None or not self.configured.models

    def detection(self) -> ScanSettings:
        """The settings with the active bundle in them; a bundle that cannot be used is left out."""
        self._stamp = self.registry.stamp()
        if self.is_pinned:
            return self.configured
        try:
            folder = self.registry.active()
            if folder is None:
                return self.configured
            wanted = self.configured.model_copy(update={"model": folder})
            learned_for(wanted)
        except ApiSentinelError as error:
            self.problem = str(error)
            _log.error("the active bundle cannot be used", problem=str(error))
            return self.configured
        self.problem = ""
        return wanted

    def look(self) -> bool:
        """True when the registry has changed since the last call of `detection`.

        A new bundle that finds three times as much as the one before is taken back first.
        """
        self._ticks += 1
        if self._ticks % LOOK_EVERY:
            return False
        self._take_back()
        return self.registry.stamp() != self._stamp

    def _take_back(self) -> None:
        share, ticks = self.monitor.share()
        if self._usual is None or not self.monitor.bundle_id or ticks < LEAST_TICKS:
            return
        if share > RUNAWAY * max(self._usual, LEAST_SHARE):
            self._usual = None
            why = f"{share:.2%} of ticks at MEDIUM or above instead of {self._usual_was:.2%}"
            _log.warning("the new bundle finds too much", bundle=self.monitor.bundle_id, why=why)
            try:
                self.registry.rollback("automatic", why)
            except ApiSentinelError as error:
                self.problem = str(error)

    def prepare(self) -> tuple[ScanSettings, Learned | None, Monitor]:
        """Reads what is to judge from now on; takes up to a second, holds nothing."""
        detection = self.detection()
        bundle = self._bundle(detection.model)
        learned = learned_for(detection)
        monitor = Monitor(learned, bundle)
        return detection, learned, monitor

    def attach(self, live: "LiveEngine", monitor: Monitor) -> None:
        """Lets a monitor watch an engine, and the shadow with it."""
        share, ticks = self.monitor.share()
        is_new = monitor.bundle_id != self.monitor.bundle_id
        self._usual = share if is_new and ticks >= LEAST_TICKS else None
        self._usual_was = share
        self.monitor = monitor
        live.monitor = monitor
        try:
            self._cast_shadow(live, self.registry.read(), monitor)
        except ApiSentinelError as error:
            self.problem = str(error)
            _log.error("the shadow cannot be used", problem=str(error))

    def _cast_shadow(self, live: "LiveEngine", state: Registered, monitor: Monitor) -> None:
        entry = state.of_state("shadow")
        if entry is None or live.engine.anomaly is None:
            return
        learned = learned_of(self.registry.bundle(entry), self.configured)
        if learned.ensemble is None or learned.is_prior:
            return
        active = live.engine.anomaly
        capacities = tuple(np.diff([*active.standing.starts, len(active.standing.voices)]).tolist())
        monitor.shadow_id = entry.id
        monitor.shadow = Anomaly(
            learned.ensemble, active.features, capacities, active.settings, learned.product
        )

    def _bundle(self, folder: Path | None) -> Bundle | None:
        if folder is None:
            return None
        return read_bundle(folder, TrustStore.load(trust_folder(self.configured)))


def bins_of(log10_odds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Point of risk that the odds alone would give, 0 to 99."""
    risks = np.nan_to_num(50.0 + 12.5 * log10_odds, nan=0.0)
    return np.clip(risks, 0, RISK_BINS - 1).astype(np.int64)


def _add(histogram: npt.NDArray[np.float64], at: npt.NDArray[np.int64]) -> None:
    histogram += np.bincount(at, minlength=RISK_BINS)
    if histogram.sum() > KEEP_DECAYED:
        histogram *= 0.5
