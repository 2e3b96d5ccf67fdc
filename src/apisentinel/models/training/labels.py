"""Labels as they come: certain ones, pseudo-labels with doubt, and none; turned into classes and
weights.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

UNKNOWN_WEIGHT = 0.5
"""A row without a label counts as half a benign one: nearly all are benign, a few are not."""

FEWEST = 8
"""Rows of each class that supervised models need at least."""

LARGEST_WEIGHT = 20.0
"""Weight of one attack row at most, when attacks are rare."""


class Classes(NamedTuple):
    """Classes of the rows.

    Attributes:
        labels: 1 attack, 0 benign, ``(n_rows,)``.
        weights: What a row counts before classes are balanced, ``(n_rows,)``.
        is_certain: Rows whose label a person gave, ``(n_rows,)``.
        is_known: Rows with any label, ``(n_rows,)``; the others count as benign with doubt.
    """

    labels: npt.NDArray[np.int8]
    weights: npt.NDArray[np.float64]
    is_certain: npt.NDArray[np.bool_]
    is_known: npt.NDArray[np.bool_]

    def part(self, rows: npt.NDArray[np.bool_]) -> "Classes":
        """The classes of some rows."""
        return Classes(
            self.labels[rows], self.weights[rows], self.is_certain[rows], self.is_known[rows]
        )

    @property
    def can_learn(self) -> bool:
        """True when both classes have enough rows."""
        attacks = int(self.labels.sum())
        return min(attacks, self.labels.size - attacks) >= FEWEST


def read_labels(y: npt.NDArray[np.floating]) -> Classes:
    """Classes from labels 0 and 1, pseudo-labels between them, and NaN for unknown.

    Example:
        >>> classes = read_labels(np.array([1.0, 0.0, 0.9, np.nan]))
        >>> classes.labels.tolist(), classes.weights.tolist()
        ([1, 0, 1, 0], [1.0, 1.0, 0.8, 0.5])
    """
    y = np.asarray(y, np.float64)
    known = np.isfinite(y)
    value = np.where(known, y, 0.0)
    weights = np.where(known, np.round(np.abs(2.0 * value - 1.0), 12), UNKNOWN_WEIGHT)
    certain = known & ((value == 0.0) | (value == 1.0))
    return Classes((value > 0.5).astype(np.int8), weights, certain, known)


def doubted(classes: Classes, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Uncertain rows that models of the other folds contradict, ``(n_rows,)``.

    A row is contradicted when it looks more like the other class than that class does on average.

    Args:
        classes: Of the rows.
        probabilities: Of an attack, from models that have not seen the row.

    References:
        Northcutt, Jiang, Chuang: Confident learning, JAIR 2021.
    """
    attack = classes.labels == 1
    if not attack.any() or attack.all():
        return np.zeros(attack.size, bool)
    as_attack = np.average(probabilities[attack], weights=classes.weights[attack] + 1e-9)
    as_benign = np.average(probabilities[~attack], weights=classes.weights[~attack] + 1e-9)
    wrong = np.where(attack, probabilities < as_benign, probabilities > as_attack)
    result: npt.NDArray[np.bool_] = wrong & ~classes.is_certain
    return result


def balanced(classes: Classes) -> npt.NDArray[np.float64]:
    """Weights that lift the rare class by the square root of the imbalance, ``(n_rows,)``."""
    attack = classes.labels == 1
    attacks, benign = classes.weights[attack].sum(), classes.weights[~attack].sum()
    lift = np.sqrt(max(benign, 1e-9) / max(attacks, 1e-9))
    lift = float(np.clip(lift, 1.0 / LARGEST_WEIGHT, LARGEST_WEIGHT))
    weights = classes.weights * np.where(attack, lift, 1.0)
    result: npt.NDArray[np.float64] = weights / weights.mean()
    return result
