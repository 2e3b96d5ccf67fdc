"""Chooses the features that models see: those that tell classes apart in every part of the data,
and of twins only one.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Table

BINS = 16
ROWS = 50_000
"""Rows that are looked at; ranks of mutual information do not change with more."""
TWIN = 0.98
"""Rank correlation from which two features say the same."""
FEWEST_VALUES = 2


class Selection(NamedTuple):
    """What was chosen and why.

    Attributes:
        columns: Chosen, in column order.
        information: Mutual information with the label in nats, or entropy without labels,
            ``(n_columns,)``.
        stability: Share of folds in which the feature was among the best, ``(n_columns,)``.
    """

    columns: npt.NDArray[np.int64]
    information: npt.NDArray[np.float64]
    stability: npt.NDArray[np.float64]


def select_features(
    table: Table,
    labels: npt.NDArray[np.int8] | None,
    folds: npt.NDArray[np.int64],
    *,
    most: int = 40,
) -> Selection:
    """Features for all models.

    A feature without a second value is dropped. Of two twins the one with more information stays.
    With labels, features that are among the best `most` in more folds come first.

    Args:
        table: As it comes, ``(n_rows, n_columns)``, NaN allowed.
        labels: 0 and 1, or None.
        folds: Of each row.
        most: Features to choose.
    """
    step = -(-len(table) // ROWS) or 1
    table, folds = table[::step], folds[::step]
    labels = None if labels is None else labels[::step]
    bins = np.stack([_binned(table[:, j]) for j in range(table.shape[1])], axis=1)
    alive = (bins != bins[:1]).any(axis=0)
    parts = [folds == fold for fold in np.unique(folds)]
    scores = np.array([_information(bins[part], _of(labels, part)) for part in parts])
    information = scores.mean(axis=0)
    ranks = np.argsort(np.argsort(-scores, axis=1), axis=1)
    stability = (ranks < most).mean(axis=0)
    order = np.lexsort((np.arange(len(alive)), -information, -stability))
    chosen: list[int] = []
    ordered = [int(column) for column in order if alive[column]]
    correlated = _rank_correlation(bins)
    for column in ordered:
        if len(chosen) < most and all(correlated[column, other] < TWIN for other in chosen):
            chosen.append(column)
    columns = np.array(sorted(chosen) or [0], np.int64)
    return Selection(columns, information, stability)


def _of(
    labels: npt.NDArray[np.int8] | None, part: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int8] | None:
    return None if labels is None else labels[part]


def _binned(values: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Quantile bin of each value, 0 for a missing one."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(values.size, np.int64)
    edges = np.unique(np.quantile(values[known], np.linspace(0, 1, BINS + 1)[1:-1]))
    bins = np.searchsorted(edges, np.where(known, values, 0.0), side="left") + 1
    return np.where(known, bins, 0)


def _information(
    bins: npt.NDArray[np.int64], labels: npt.NDArray[np.int8] | None
) -> npt.NDArray[np.float64]:
    """Mutual information of each column with the label, or its entropy, in nats."""
    classes = np.zeros(len(bins), np.int64) if labels is None else labels.astype(np.int64)
    made = np.empty(bins.shape[1])
    for j in range(bins.shape[1]):
        counts = np.bincount(2 * bins[:, j] + classes, minlength=2 * (BINS + 2)).reshape(-1, 2)
        made[j] = _entropy(counts.sum(axis=1))
        if labels is not None:
            made[j] += _entropy(counts.sum(axis=0)) - _entropy(counts.ravel())
    return made


def _entropy(counts: npt.NDArray[np.int64]) -> float:
    share = counts[counts > 0] / max(counts.sum(), 1)
    return float(-(share * np.log(share)).sum())


def _rank_correlation(bins: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Absolute correlation of binned ranks, ``(n_columns, n_columns)``; 0 for constant columns."""
    centred = bins - bins.mean(axis=0)
    length = np.sqrt(np.square(centred).sum(axis=0))
    length[length == 0] = np.inf
    unit = centred / length
    result: npt.NDArray[np.float64] = np.abs(unit.T @ unit)
    return result
