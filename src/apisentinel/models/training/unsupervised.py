"""Trains the models that need no labels, and reads them out of scikit-learn."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Table
from apisentinel.models.filling import filled, fills
from apisentinel.models.isolation_forest import IsolationForestModel
from apisentinel.models.lof import MAX_POINTS, LofModel
from apisentinel.models.mahalanobis import MahalanobisModel
from apisentinel.models.one_class_svm import MAX_VECTORS, OneClassSvmModel
from apisentinel.models.training.libraries import library
from apisentinel.models.trees import Forest, Tree, at_most

LOF_POINTS = 512
"""Reference rows; twice as many cost twice the time and find no more on our tables."""
FOREST_ROWS = 256
"""Rows of one isolation tree, as its authors advise."""
SVM_ROWS = 2048
"""Rows that the border is drawn around; training grows with their square."""


def fit_isolation_forest(
    table: Table, *, seed: int, trees: int = 100, rows: int = FOREST_ROWS
) -> IsolationForestModel:
    """An Isolation Forest of a scaled table."""
    fill = fills(table)
    learned = library("sklearn.ensemble").IsolationForest(
        n_estimators=trees, max_samples=min(rows, len(table)), random_state=seed
    )
    learned.fit(filled(table, fill).astype(np.float32))
    return read_isolation_forest(learned, fill)


def read_isolation_forest(learned: Any, fill: npt.NDArray[np.float32]) -> IsolationForestModel:
    """Our model of a trained `sklearn.ensemble.IsolationForest`."""
    trees = []
    for estimator, columns in zip(learned.estimators_, learned.estimators_features_, strict=True):
        tree = estimator.tree_
        is_leaf = tree.children_left < 0
        depth = np.zeros(tree.node_count)
        for parent in np.flatnonzero(~is_leaf):  # parents come before their children
            depth[[tree.children_left[parent], tree.children_right[parent]]] = depth[parent] + 1
        trees.append(
            Tree(
                np.where(is_leaf, -1, columns[np.where(is_leaf, 0, tree.feature)]),
                at_most(tree.threshold),
                tree.children_left,
                tree.children_right,
                np.zeros(tree.node_count, bool),
                np.where(is_leaf, depth + average_path(tree.n_node_samples), 0.0),
            )
        )
    unit = len(trees) * float(average_path(np.array([learned.max_samples_]))[0])
    return IsolationForestModel(Forest(trees, fill.size), max(unit, 1e-9), fill)


def average_path(rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Expected steps of a search that fails in a tree of so many rows.

    Example:
        >>> average_path(np.array([1, 2, 256])).round(3).tolist()
        [0.0, 1.0, 10.245]
    """
    n = np.maximum(np.asarray(rows, np.float64), 2.0)
    path = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    result: npt.NDArray[np.float64] = np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, path))
    return result


def fit_one_class_svm(
    table: Table, *, seed: int, share: float = 0.05, rows: int = SVM_ROWS, width: float = 1.0
) -> OneClassSvmModel:
    """A One-Class SVM of a scaled table, on as many rows as `MAX_VECTORS` support vectors allow.

    Args:
        table: Scaled, ``(n_rows, n_features)``.
        seed: Of the choice of rows.
        share: Rows that may be outside (nu).
        rows: Rows at most.
        width: Of the kernel; 1 is scikit-learn's ``gamma="scale"``, smaller is smoother.
    """
    fill = fills(table)
    dense = filled(table, fill).astype(np.float32).astype(np.float64)
    order = np.random.default_rng(seed).permutation(len(dense))
    variance = float(dense.var())
    gamma = width / (dense.shape[1] * variance) if variance > 0 else width
    svm = library("sklearn.svm")
    count = min(rows, len(dense), int(0.8 * MAX_VECTORS / share))
    while True:
        learned = svm.OneClassSVM(nu=share, gamma=gamma, tol=1e-5)
        learned.fit(dense[np.sort(order[:count])])
        if len(learned.support_) <= MAX_VECTORS:
            return read_one_class_svm(learned, gamma, fill)
        count = count * 3 // 4


def read_one_class_svm(
    learned: Any, gamma: float, fill: npt.NDArray[np.float32]
) -> OneClassSvmModel:
    """Our model of a trained `sklearn.svm.OneClassSVM`."""
    return OneClassSvmModel(
        np.ascontiguousarray(learned.support_vectors_, np.float32),
        np.ascontiguousarray(learned.dual_coef_[0], np.float64),
        gamma,
        float(-learned.intercept_[0]),
        fill,
    )


def fit_lof(
    table: Table, *, seed: int, neighbours: int = 20, points: int = LOF_POINTS, grid: float = 0.25
) -> LofModel:
    """A Local Outlier Factor of a scaled table.

    Rows that are equal after rounding to `grid` spreads count once: copies would make a place
    infinitely dense, and everything beside it an outlier.

    Args:
        table: Scaled, ``(n_rows, n_features)``.
        seed: Of the choice of reference rows.
        neighbours: k.
        points: Reference rows at most, up to `MAX_POINTS`.
        grid: Side of a cell that holds one row, in spreads; 0 keeps copies.
    """
    fill = fills(table)
    dense = filled(table, fill).astype(np.float32)
    order = np.random.default_rng(seed).permutation(len(dense))[: 8 * MAX_POINTS]
    if grid > 0:
        cells = np.rint(dense[order] / grid).astype(np.int16)
        order = order[np.sort(np.unique(cells, axis=0, return_index=True)[1])]
    chosen = dense[np.sort(order[:points])]
    if len(chosen) < 3:
        chosen = np.concatenate([chosen, dense[:3] + np.float32(1e-3)])
    k = max(1, min(neighbours, len(chosen) // 2))
    learned = library("sklearn.neighbors").LocalOutlierFactor(
        n_neighbors=k, novelty=True, algorithm="brute"
    )
    learned.fit(chosen.astype(np.float64))
    return read_lof(learned, fill)


def read_lof(learned: Any, fill: npt.NDArray[np.float32]) -> LofModel:
    """Our model of a trained `sklearn.neighbors.LocalOutlierFactor` with novelty."""
    return LofModel(
        np.ascontiguousarray(learned._fit_X, np.float32),  # noqa: SLF001 (there is no other way)
        np.ascontiguousarray(
            learned._distances_fit_X_[:, learned.n_neighbors_ - 1],
            np.float64,
        ),
        np.ascontiguousarray(learned._lrd, np.float64),  # noqa: SLF001 (no public way)
        int(learned.n_neighbors_),
        fill,
    )


def fit_mahalanobis(table: Table, *, seed: int = 0, shrink: float = 0.02) -> MahalanobisModel:
    """Middle and directions of a scaled table.

    Args:
        table: Scaled, ``(n_rows, n_features)``.
        seed: Unused; all unsupervised models are called alike.
        shrink: Variance that every direction has at least, in spreads².
    """
    del seed
    fill = fills(table)
    dense = filled(table, fill)
    centre = dense.mean(axis=0)
    spread = dense - centre
    covariance = spread.T @ spread / max(len(dense) - 1, 1) + shrink * np.eye(dense.shape[1])
    values, directions = np.linalg.eigh(covariance)
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(values))])
    whitening = directions * signs / np.sqrt(np.maximum(values, shrink))
    return MahalanobisModel(centre, np.ascontiguousarray(whitening), fill)
