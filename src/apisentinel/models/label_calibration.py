"""From the scores of models that learned from labels to odds: by isotonic regression or, with few
labels, by Platt's logistic curve.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import Arrays, take
from apisentinel.models.base import Scores

LARGEST_LOG_ODDS = 6.0
"""log10 of the odds that calibrated labels may give at most."""

ISOTONIC_ROWS, ISOTONIC_ATTACKS = 1000, 100
"""With fewer labels, a curve of two parameters is safer."""


class LabelCalibration(NamedTuple):
    """log10 odds of a supervised score at training's own share of attacks.

    Attributes:
        knots: Scores, increasing, float64 ``(n,)``.
        log10_odds: At each knot, not falling, float64 ``(n,)``.
    """

    knots: npt.NDArray[np.float64]
    log10_odds: npt.NDArray[np.float64]

    def apply(self, scores: Scores) -> Scores:
        """log10 odds, ``(n_rows,)``, between the knots on straight lines of log-odds of scores."""
        made: Scores = np.interp(log_odds(scores), self.knots, self.log10_odds)
        return made

    def to_arrays(self) -> Arrays:
        """The calibration as arrays to keep."""
        return {"knots": self.knots, "log10_odds": self.log10_odds}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> "LabelCalibration":
        """The calibration of `to_arrays`.

        Raises:
            IncompatibleModelError: It is damaged.
        """
        knots = take(arrays, "knots", "float64", None)
        made = cls(knots, take(arrays, "log10_odds", "float64", knots.size))
        rising = (np.diff(made.knots) >= 0).all() and (np.diff(made.log10_odds) >= 0).all()
        if not (knots.size and rising and np.isfinite(made.log10_odds).all()):
            raise IncompatibleModelError("a calibration is damaged")
        return made


def log_odds(probabilities: Scores) -> Scores:
    """``ln(p / (1 - p))`` of probabilities cut to [1e-9, 1 - 1e-9]."""
    cut = np.clip(probabilities, 1e-9, 1.0 - 1e-9)
    made: Scores = np.log(cut) - np.log1p(-cut)
    return made


def fit_labels(
    scores: Scores, labels: npt.NDArray[np.int8], weights: npt.NDArray[np.float64] | None = None
) -> LabelCalibration:
    """The calibration of scores of labelled rows that the model was not trained on.

    Raises:
        ValueError: A class is missing.
    """
    y = np.asarray(labels, np.float64)
    weights = np.ones(y.size) if weights is None else np.asarray(weights, np.float64)
    if y.size == 0 or y.min() == y.max():
        raise ValueError("calibration needs rows of both classes")
    x = log_odds(np.asarray(scores, np.float64))
    if y.size >= ISOTONIC_ROWS and y.sum() >= ISOTONIC_ATTACKS:
        return _isotonic(x, y, weights)
    return _platt(x, y, weights)


def _isotonic(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> LabelCalibration:
    """Pools adjacent violators; a block's odds are those of its counts plus half an attack and half
    a benign row.
    """
    values, group = np.unique(x, return_inverse=True)
    counts = np.bincount(group, weights)
    hits = np.bincount(group, weights * y)
    blocks: list[list[float]] = []  # attacks, rows, weighted sum of x
    for value, hit, count in zip(values, hits, counts, strict=True):
        blocks.append([hit, count, value * count])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    pooled = np.array(blocks)
    odds = np.log10((pooled[:, 0] + 0.5) / (pooled[:, 1] - pooled[:, 0] + 0.5))
    odds = np.clip(np.maximum.accumulate(odds), -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS)
    return LabelCalibration(pooled[:, 2] / pooled[:, 1], odds)


def _platt(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
) -> LabelCalibration:
    """A logistic curve with slope >= 0, by Newton's method on smoothed targets."""
    attacks, benign = (weights * y).sum(), (weights * (1 - y)).sum()
    target = np.where(y > 0, (attacks + 1) / (attacks + 2), 1 / (benign + 2))
    slope, base = 0.0, math.log((attacks + 1) / (benign + 1))
    for _ in range(50):
        q = 1 / (1 + np.exp(-np.clip(slope * x + base, -35, 35)))
        error, curve = weights * (q - target), weights * np.maximum(q * (1 - q), 1e-9)
        gradient = np.array([(error * x).sum() + 0.01 * slope, error.sum()])
        cross = (curve * x).sum()
        matrix = np.array([[(curve * x * x).sum() + 0.01, cross], [cross, curve.sum() + 1e-9]])
        step = np.linalg.solve(matrix, gradient)
        slope, base = slope - float(np.clip(step[0], -1, 1)), base - float(np.clip(step[1], -2, 2))
        if np.abs(step).max() < 1e-9:
            break
    knots = np.linspace(-21.0, 21.0, 85)  # the range of log_odds
    odds = (max(slope, 0.0) * knots + base) / math.log(10)
    return LabelCalibration(knots, np.clip(odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS))
