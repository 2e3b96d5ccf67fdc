"""Takes out of the training rows what is most likely an attack, when nobody says which rows are.

Models of the other folds judge each row, fitted twice: the second time without the rows that they
scored highest. A row goes when its distance is far beyond what the quiet body of all distances
leads to expect, and the other judges find it unusual, too. So a clean table stays whole and a
poisoned one loses its poison. The body is taken between the median and the upper tenth, where a
twentieth of poisoned rows changes little.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Model, Scores, Table

MOST = 0.05
"""Share of the rows that may go: beyond this it is no contamination but the traffic."""
FAR = 1e-4
"""Probability by the body's exponential below which a row counts as far."""
TRIMMED = 0.1
"""Share of the rows that a judge does not learn from, since they could be what it looks for."""
ROWS = 20_000
"""Rows that a fold's models learn from; that is enough to know the usual."""

Fit = Callable[[Table], Model]


def clean_rows(
    table: npt.NDArray[np.float32],
    folds: npt.NDArray[np.int64],
    distance: Fit,
    others: Sequence[Fit],
) -> npt.NDArray[np.bool_]:
    """Rows to keep, ``(n_rows,)``.

    Args:
        table: Scaled, ``(n_rows, n_features)``.
        folds: Of each row.
        distance: How the model is trained whose scores grow without end.
        others: How the models are trained that have to agree, of which half is enough.
    """
    surprise = np.zeros(len(table))
    agreeing = np.zeros(len(table))
    for fold in np.unique(folds):
        inside = folds == fold
        learned = np.flatnonzero(~inside)
        learned = learned[:: -(-learned.size // ROWS) or 1]
        if not learned.size:
            continue
        model, _ = _judge(distance, table[learned])
        surprise[inside] = body_surprise(model.score_many(table[inside]))
        for fit in others:
            model, edge = _judge(fit, table[learned])
            agreeing[inside] += model.score_many(table[inside]) > edge
    far = surprise > -np.log(FAR)
    if others:
        far &= agreeing >= len(others) / 2
    allowed = int(MOST * len(table))
    if far.sum() > allowed:
        order = np.argsort(-np.where(far, surprise, -np.inf), kind="stable")
        far = np.zeros(len(table), bool)
        far[order[:allowed]] = True
    kept: npt.NDArray[np.bool_] = ~far
    return kept


def _judge(fit: Fit, table: npt.NDArray[np.float32]) -> tuple[Model, float]:
    """A model of the quieter rows, and a score that one of a hundred of them exceeds."""
    scores = fit(table).score_many(table)
    quiet = table[scores <= np.quantile(scores, 1.0 - TRIMMED)]
    model = fit(quiet)
    return model, float(np.quantile(model.score_many(quiet), 0.99))


def body_surprise(scores: Scores) -> Scores:
    """``-ln`` of the probability of each score by an exponential through the median and the 90 %
    quantile.
    """
    middle, high = np.quantile(scores, [0.5, 0.9])
    scale = max(float(high - middle) / np.log(5.0), 1e-9)
    result: Scores = np.log(2.0) + np.maximum(scores - middle, 0.0) / scale
    return result
