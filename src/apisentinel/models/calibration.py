"""From scores of any scale to p-values, and from p-values to odds.

A score becomes a p-value: its rank among scores of rows that the model has not seen, with a
generalised Pareto tail beyond the rarest of them. A p-value becomes odds by the bound of Vovk and
Sellke, so no labels are needed.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import Arrays, take
from apisentinel.models.base import Scores

SMALLEST_P = 1e-8
"""Floor of every p-value: no sample of ours can speak of rarer events."""

LARGEST_FACTOR = 6.0
"""log10 of the largest Bayes factor that one p-value may give."""
SHRINK = 0.9
"""Exponent on Bayes factors, since the bound is the most that the evidence can say."""

TAIL_SHARE = 0.02
FEWEST_TAIL, MOST_TAIL_SHARE = 30, 0.2
"""The tail begins at 98 %, or lower when that would leave fewer than 30 scores to it."""
PRIOR_SHAPE, PRIOR_WEIGHT = 0.1, 50.0
"""The tail's shape is drawn to a slightly heavy one with the weight of 50 scores."""
SHAPES = (-0.3, 0.5)
MAX_REFERENCE = 4096
"""Scores kept for ranks: below the tail, p-values of this many steps are fine enough."""


class TailCalibration(NamedTuple):
    """p-values of one model's scores.

    Attributes:
        reference: Sorted scores of usual rows, float64 ``(n,)``.
        threshold: Where the tail begins.
        share: Share of scores above it.
        shape: Of the generalised Pareto distribution (xi).
        scale: Of the same (sigma).
    """

    reference: npt.NDArray[np.float64]
    threshold: float
    share: float
    shape: float
    scale: float

    def p_values(self, scores: Scores) -> Scores:
        """Probability that a usual row scores as high, ``(n_rows,)``, falling in the score."""
        n = self.reference.size
        above = n - np.searchsorted(self.reference, scores, side="left")
        p: Scores = np.asarray((1.0 + above) / (n + 1.0), np.float64)
        rare = np.flatnonzero(scores > self.threshold)
        if rare.size:
            beyond = (scores[rare] - self.threshold) / self.scale
            p[rare] = np.minimum(self.share * self._survival(beyond), self.share)
        return np.clip(p, SMALLEST_P, 1.0, out=p)

    def _survival(self, beyond: Scores) -> Scores:
        """Share of the tail that lies further out, falling from 1."""
        if abs(self.shape) < 1e-6:
            return np.exp(-beyond, dtype=np.float64)
        inside = 1.0 + self.shape * beyond
        tail = np.exp(np.minimum(-np.log(np.maximum(inside, 1e-300)) / self.shape, 0.0))
        return np.where(inside <= 0.0, 0.0, tail)

    def to_arrays(self) -> Arrays:
        """The calibration as arrays to keep."""
        return {
            "reference": self.reference,
            "tail": np.array([self.threshold, self.share, self.shape, self.scale]),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "TailCalibration":
        """The calibration of `to_arrays`.

        Raises:
            IncompatibleModelError: It is damaged.
        """
        reference = take(arrays, "reference", "float64", None)
        tail = take(arrays, "tail", "float64", 4)
        made = cls(reference, *map(float, tail))
        sorted_well = reference.size > 0 and bool((np.diff(reference) >= 0).all())
        if not (sorted_well and np.isfinite(tail).all() and made.scale > 0 < made.share <= 1):
            raise IncompatibleModelError("a calibration is damaged")
        return made


def fit_tail(scores: Scores, *, most: int = MAX_REFERENCE) -> TailCalibration:
    """The calibration of scores of usual rows that the model was not trained on.

    References:
        Hosking, Wallis: Parameter and quantile estimation for the generalized Pareto
        distribution, 1987 (probability-weighted moments).

    Raises:
        ValueError: There are no scores.
    """
    ordered = np.sort(np.asarray(scores, np.float64))
    if ordered.size == 0:
        raise ValueError("no scores to calibrate with")
    n = ordered.size
    count = max(int(TAIL_SHARE * n), min(FEWEST_TAIL, int(MOST_TAIL_SHARE * n)), 1)
    threshold = float(ordered[n - count - 1]) if count < n else float(ordered[0]) - 1.0
    excess = ordered[ordered > threshold] - threshold
    share = (excess.size + 1.0) / (n + 1.0)
    shape, scale = _pareto(excess)
    step = -(-n // most)
    # Ranks need the whole distribution, evenly; its ends stay in.
    reference = ordered if step == 1 else ordered[np.linspace(0, n - 1, most).astype(int)]
    least = 1e-9 * max(1.0, float(np.abs(ordered).max()))
    return TailCalibration(reference, threshold, share, shape, max(scale, least))


def _pareto(excess: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Shape and scale of sorted excesses over a threshold."""
    k = excess.size
    if k < 2 or excess[-1] <= 0:
        return PRIOR_SHAPE, float(excess.mean()) if k else 1.0
    mean = float(excess.mean())
    weights = (k - np.arange(1, k + 1)) / (k - 1)
    weighted = float((weights * excess).mean())
    ratio = mean - 2 * weighted
    raw = 2.0 - mean / ratio if ratio > 0 else SHAPES[1]
    shape = (k * min(max(raw, SHAPES[0]), SHAPES[1]) + PRIOR_WEIGHT * PRIOR_SHAPE) / (
        k + PRIOR_WEIGHT
    )
    return shape, mean * (1.0 - shape)


def log10_factor(p: Scores) -> Scores:
    """log10 of the Bayes factor of a p-value, shrunk; 0 at 1/e, slightly below 0 beyond.

    References:
        Sellke, Bayarri, Berger: Calibration of p values for testing precise null hypotheses, 2001.
    """
    edge = 1.0 / math.e
    low = np.clip(p, SMALLEST_P, edge)
    factor = -np.log10(-math.e * low * np.log(low))
    # The bound says nothing above 1/e; a faint slope keeps the order of quiet rows.
    factor = np.where(p < edge, np.minimum(factor, LARGEST_FACTOR), 0.25 * (edge - p))
    result: Scores = SHRINK * factor
    return result


def cauchy(p: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> Scores:
    """One p-value from several that may depend on each other, ``(n_models, n_rows)``.

    References:
        Liu, Xie: Cauchy combination test, JASA 2020.
    """
    # tan((1/2 - p) * pi) = 1 / tan(p * pi), which keeps its digits for small p.
    angles = np.minimum(p, 1.0 - 1e-9) * math.pi
    total = (weights[:, None] / np.tan(angles)).sum(axis=0) / weights.sum()
    result: Scores = np.clip(np.arctan2(1.0, total) / math.pi, SMALLEST_P, 1.0)
    return result
