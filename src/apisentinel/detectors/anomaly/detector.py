"""Ticks to evidence: all rows of a block are judged in one go, and what is news is told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.anomaly.naming import fitting_type
from apisentinel.detectors.anomaly.settings import AnomalySettings
from apisentinel.detectors.anomaly.standing import Standing, stand
from apisentinel.records.evidence import Evidence, Factor
from apisentinel.records.feature import Feature

if TYPE_CHECKING:
    from apisentinel.models.ensemble import Ensemble
    from apisentinel.models.pool import Judgement

PRIOR_LOG10 = -3.0
"""log10 odds before any evidence; the models' odds start from it as well."""

LEAST_LLR = 2.3
"""Odds of 10 : 1; what is weaker is not told."""
FEW_MOST = 4.0
"""Most (nats) that the models say while few peers are known: it supports, it never alerts."""
MOST_LLR = 6.9
"""Odds of 1000 : 1. Alone it makes a risk of 50, so models alone never reach HIGH."""
FACTORS = 4


class Suspicion(NamedTuple):
    """An entity that the models find odd, at one request.

    Attributes:
        tick: Number of the tick in its block.
        row: Row of the request.
        kind, key: The entity: number of its kind, keyed hash.
        llr: Log-likelihood ratio, nats.
        share: Share of its peers that look as odd.
    """

    tick: int
    row: int
    kind: int
    key: int
    llr: float
    share: float


class Judged(NamedTuple):
    """What the models say of the ticks of a block."""

    judgement: "Judgement"
    features: npt.NDArray[np.float32]
    suspicions: list[Suspicion]


class Anomaly:
    """The ensemble of models over snapshots of entities.

    Catches: what nobody wrote a rule for, as far as it shows in pace, order, replies and content.
    Misses: single requests, and entities with fewer than four.
    Cost: about 12 µs a tick; 14 bytes an entity.

    Not thread-safe: it remembers how the peers look.
    """

    id = "ensemble"

    def __init__(
        self,
        ensemble: "Ensemble",
        features: Sequence[Feature],
        capacities: tuple[int, ...],
        settings: AnomalySettings | None = None,
    ) -> None:
        """Args:
        ensemble: What was trained.
        features: The columns of the ticks.
        capacities: Entities remembered of each kind.
        settings: Switch, weight and restraint.
        """
        self.ensemble = ensemble
        self.features = features
        self.settings = settings or AnomalySettings()
        self.standing = Standing(capacities)

    def judge(self, rows: npt.NDArray[Any], features: npt.NDArray[np.float32]) -> Judged:
        """Judges the ticks of a block, in order.

        Args:
            rows: Structured ``(n,)`` with `row, kind, slot, key, people, first`.
            features: float32 ``(n, features)``.
        """
        judgement = self.ensemble.judge(features)
        n = len(rows)
        llrs, shares = np.empty(n, np.float32), np.empty(n, np.float32)
        told = np.empty(n, np.uint8)
        standing, settings = self.standing, self.settings
        stand(
            np.ascontiguousarray(rows["key"]), np.ascontiguousarray(rows["slot"]),
            np.ascontiguousarray(rows["kind"]), rows["people"].astype(np.uint8),
            rows["first"].astype(np.uint8), judgement.log10_odds, settings.usual_share,
            float(settings.peers), FEW_MOST, PRIOR_LOG10, standing.voices, standing.starts,
            standing.counts, llrs, shares, told,
        )  # fmt: skip
        news = np.flatnonzero((told != 0) & (llrs >= LEAST_LLR))
        some = rows[news]
        columns = (
            news, some["row"], some["kind"], some["key"], np.minimum(llrs[news], MOST_LLR),
            shares[news],
        )  # fmt: skip
        found = [Suspicion(*values) for values in zip(*(c.tolist() for c in columns), strict=True)]
        return Judged(judgement, features, found)

    def evidence(self, judged: Judged, suspicion: Suspicion, seq: int) -> Evidence:
        """Evidence with its reasons.

        Args:
            judged: Of the block.
            suspicion: One of its suspicions.
            seq: Number of the request.
        """
        row = judged.features[suspicion.tick]
        told = self.ensemble.explain(row)
        names = [self.features[item.feature].name for item in told]
        attack = fitting_type(
            (name, item.contribution) for name, item in zip(names, told, strict=True)
        )
        factors: list[Factor] = []
        for item in told:
            if item.contribution <= 0 or len(factors) == FACTORS:
                break
            about = self.features[item.feature]
            actual, usual = about.shown(item.actual), about.shown(item.usual)
            if actual is not None:
                factors.append(Factor(about.words, actual, usual, about.unit))
        consensus = float(judged.judgement.consensus[suspicion.tick])
        factors.append(
            Factor("peers that look as odd", f"{100 * suspicion.share:.2g} %"),
        )
        factors.append(Factor("models that agree", f"{100 * consensus:.0f} %"))
        return Evidence(
            self.id, attack, suspicion.llr * self.settings.weight, tuple(factors), (seq,)
        )
