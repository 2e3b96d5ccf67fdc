"""Training of the ensemble from traffic: ticks with pseudo-labels from deterministic evidence."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from apisentinel.errors import MissingDependencyError
from apisentinel.features import catalogue
from apisentinel.features.state import KIND_NAMES
from apisentinel.features.tick_trace import TOKENS
from apisentinel.models.drift import REFERENCE_PART, Reference
from apisentinel.pipeline.engine import Engine
from apisentinel.pipeline.learning import Judged, OnStep, TrainSettings
from apisentinel.pipeline.learning_labels import NO_LABEL
from apisentinel.pipeline.settings import ScanSettings
from apisentinel.pipeline.tick_samples import UNKNOWN, TickSampler
from apisentinel.records.case import Case, EntityKey
from apisentinel.scoring import LEARNED, pooled_log10_odds, risk_of
from apisentinel.scoring.fusion import type_llr

if TYPE_CHECKING:
    from apisentinel.records.taxonomy import AttackType

CONVICTED, SUSPECTED = 60.0, 30.0
"""Risk from rules alone from which the ticks of an entity are taken for an attack, and from which
they are no example of ordinary use.
"""
ATTACK_LABEL = 0.9
"""Pseudo-label of the ticks of a convicted entity: a part of them is ordinary."""
FEWEST_TICKS = 200
"""Ticks below which there is no ensemble: its quantiles would be guesses."""


class EnsembleLearner:
    """Learns the models of the ticks; see `learning.Learner`."""

    name = "ensemble"

    def __init__(self, _settings: ScanSettings, training: TrainSettings) -> None:
        self.training = training
        self._sampler = TickSampler(training.seed)
        self._about: dict[str, Any] = {}

    def observe(self, judged: Judged) -> None:
        """Takes note of the ticks of a block."""
        counted = judged.counted
        if counted.ticks is None:
            return
        labels = np.full(len(counted.ticks.rows), UNKNOWN)
        told = judged.labels[counted.ticks.rows["row"]]
        labels[told != NO_LABEL] = told[told != NO_LABEL]
        events = counted.events
        self._sampler.add(
            counted.ticks, labels, np.ascontiguousarray(events["session"]),
            np.ascontiguousarray(events["client"]),
        )  # fmt: skip

    def finish(self, engine: Engine, on_step: OnStep) -> dict[str, bytes]:
        """The ensemble as parts of a bundle; nothing when there are too few ticks, or no libraries
        to train with: then the bundle has a profile alone, and `about` says why.
        """
        if self._sampler.seen < FEWEST_TICKS:
            self._about = {"ticks": self._sampler.seen, "left_out": "too few ticks"}
            return {}
        from apisentinel.models.tokens import TokenSessions  # noqa: PLC0415 (only for training)
        from apisentinel.models.training.fit import (  # noqa: PLC0415 (only for training)
            FitSettings,
            TrainingData,
            fit_ensemble,
        )

        sample = self._sampler.sample()
        risks = rule_risks(engine)
        labels = pseudo_labels(sample.rows, sample.labels, risks)
        convicted = frozenset(key for (_, key), (risk, _) in risks.items() if risk >= SUSPECTED)
        tokens, offsets = self._sampler.sessions(convicted)
        sessions = TokenSessions(tokens + np.int32(1), offsets, TOKENS + 1)
        data = TrainingData(
            table=sample.features,
            feature_names=catalogue.NAMES,
            labels=labels,
            groups=sample.rows["key"].astype(np.int64),
            times=sample.rows["ts"],
            monotone=monotone(),
            sessions=sessions if len(offsets) > 1 else None,
        )
        training = self.training
        wanted = FitSettings(seed=training.seed, trials=training.trials, seconds=training.budget)
        try:
            ensemble = fit_ensemble(data, wanted, on_step)
        except MissingDependencyError as error:
            on_step(f"no models: {error}", 1.0)
            self._about = {"ticks": self._sampler.seen, "left_out": "the extra 'train' is missing"}
            return {}
        self._about = {
            "ticks": self._sampler.seen,
            "learned_from": len(labels),
            "attacks": int(np.sum(labels > 0.5)),
            "unknown": int(np.sum(np.isnan(labels))),
            "sessions": len(offsets) - 1,
            "schema": catalogue.schema_hash(),
            **ensemble.summary(),
        }
        usual = sample.features[~(labels > 0.5)]
        return {**ensemble.to_parts(), REFERENCE_PART: Reference.of(usual).to_bytes()}

    def about(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return self._about


def monotone() -> npt.NDArray[np.int8]:
    """1 for each feature of which more never makes an entity less suspicious."""
    return np.array([item.higher for item in catalogue.FEATURES], np.int8)


def rule_risks(engine: Engine) -> dict[EntityKey, tuple[float, int]]:
    """Risk of each entity from rules alone, and when the evidence began."""
    return {
        key: (_rule_risk(case), case.first_ts) for key, case in engine.cases.ledger.cases.items()
    }


def _rule_risk(case: Case) -> float:
    types: dict[AttackType, float] = {}
    for attack, family in case.families.items():
        pieces = [p.llr for p in family.strongest.values() if p.detector not in LEARNED]
        if pieces:
            types[attack] = type_llr(pieces)
    return risk_of(pooled_log10_odds(types))


def pseudo_labels(
    rows: npt.NDArray[Any],
    labels: npt.NDArray[np.float64],
    risks: dict[EntityKey, tuple[float, int]],
) -> npt.NDArray[np.float64]:
    """Labels of ticks: those that were given, else what rules have found in the end.

    Args:
        rows: `tick_record.TICK`.
        labels: Given ones, `UNKNOWN` where there are none.
        risks: From `rule_risks`.

    Returns:
        1 or 0 where a label was given; `ATTACK_LABEL` for ticks of a convicted entity (or of a
        convicted client) since its first evidence, `UNKNOWN` for suspected ones, else 0.
    """
    out = labels.copy()
    keys, kinds, parents, times = (rows[name].tolist() for name in ("key", "kind", "parent", "ts"))
    for i in np.flatnonzero(np.isnan(labels)).tolist():
        risk, since = risks.get((KIND_NAMES[kinds[i]], keys[i]), (0.0, 0))
        above, begun = risks.get(("client", parents[i]), (0.0, 0))
        if above > risk:
            risk, since = above, begun
        if risk < SUSPECTED:
            out[i] = 0.0
        elif risk >= CONVICTED and times[i] >= since:
            out[i] = ATTACK_LABEL
    return out
