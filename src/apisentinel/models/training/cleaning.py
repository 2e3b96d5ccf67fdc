"""Takes out of the training rows what is most likely an attack, when nobody says which rows are.

Models of each fold judge the rows of the others. A row goes when two thirds of them find it far
beyond what the quiet body of the scores leads to expect, so a clean table stays whole and a
poisoned one loses its poison. The body is taken between the median and the upper tenth, where a
tenth of poisoned rows changes little.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Model, Scores, Table

MOST = 0.05
"""Share of the rows that may go: beyond this it is no contamination but the traffic."""
FAR = 1e-4
"""Probability by the body's exponential below which a row counts as far."""
AGREEING = 2 / 3
ROWS = 20_000
"""Rows that a fold's models learn from; that is enough to know the usual."""

Fit = Callable[[Table], Model]


def clean_rows(
    table: npt.NDArray[np.float32], folds: npt.NDArray[np.int64], fits: Sequence[Fit]
) -> npt.NDArray[np.bool_]:
    """Rows to keep, ``(n_rows,)``.

    Args:
        table: Scaled, ``(n_rows, n_features)``.
        folds: Of each row.
        fits: How the judging models are trained.
    """
    surprise = np.zeros((len(fits), len(table)))
    for i, fit in enumerate(fits):
        for fold in np.unique(folds):
            others = np.flatnonzero(folds != fold)
            chosen = others[:: -(-others.size // ROWS) or 1]
            if chosen.size:
                scores = fit(table[chosen]).score_many(table[folds == fold])
                surprise[i, folds == fold] = body_surprise(scores)
    far: npt.NDArray[np.bool_] = (surprise > -np.log(FAR)).mean(axis=0) >= AGREEING - 1e-9
    allowed = int(MOST * len(table))
    if far.sum() > allowed:
        order = np.argsort(-np.where(far, surprise.mean(axis=0), -np.inf), kind="stable")
        far = np.zeros(len(table), bool)
        far[order[:allowed]] = True
    return ~far


def body_surprise(scores: Scores) -> Scores:
    """``-ln`` of the probability of each score by an exponential through the median and the 90 %
    quantile.
    """
    middle, high = np.quantile(scores, [0.5, 0.9])
    scale = max(float(high - middle) / np.log(5.0), 1e-9)
    result: Scores = np.log(2.0) + np.maximum(scores - middle, 0.0) / scale
    return result
