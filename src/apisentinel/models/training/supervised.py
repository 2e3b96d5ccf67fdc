"""Trains the tree models that learn from labels, and reads them out of their libraries."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Table
from apisentinel.models.gradient_boosting import GradientBoostingModel
from apisentinel.models.lightgbm import LightgbmModel
from apisentinel.models.random_forest import RandomForestModel
from apisentinel.models.training.libraries import library
from apisentinel.models.trees import Forest, Tree, at_most
from apisentinel.models.xgboost import XgboostModel

THREADS = 2
BINS = 254
"""Values of a feature that gradient boosting tells apart, missing ones aside; its library knows
255.
"""
EDGE_ROWS = 50_000
"""Rows that the bins are taken from; more do not move them."""


class Labelled(NamedTuple):
    """Rows with labels.

    Attributes:
        table: Scaled, float32 ``(n_rows, n_features)``, NaN allowed.
        labels: 1 attack, 0 benign, ``(n_rows,)``.
        weights: What a row counts, ``(n_rows,)``.
        monotone: Of each feature: 1 when more never lowers the risk, -1 when more never raises
            it, else 0.
    """

    table: Table
    labels: npt.NDArray[np.int8]
    weights: npt.NDArray[np.float64]
    monotone: npt.NDArray[np.int8]


class TreeSettings(NamedTuple):
    """What is tuned.

    Attributes:
        trees: Number of trees.
        rate: Learning rate of boosting.
        depth: Levels of a tree; 15 leaves have 4.
        columns: Share of the features that a tree may use.
        regularisation: L2 weight on leaves.
    """

    trees: int = 100
    rate: float = 0.1
    depth: int = 4
    columns: float = 0.7
    regularisation: float = 1.0


def fit_xgboost(data: Labelled, settings: TreeSettings, *, seed: int) -> XgboostModel:
    """An XGBoost classifier."""
    learned = library("xgboost").XGBClassifier(
        n_estimators=settings.trees,
        max_depth=settings.depth,
        learning_rate=settings.rate,
        colsample_bytree=settings.columns,
        subsample=0.8,
        reg_lambda=settings.regularisation,
        **_shared(data, seed),
    )
    learned.fit(data.table, data.labels, sample_weight=data.weights)
    return XgboostModel(bytes(learned.get_booster().save_raw("ubj")))


def fit_random_forest(data: Labelled, settings: TreeSettings, *, seed: int) -> RandomForestModel:
    """A Random Forest, grown by XGBoost, which knows missing values and monotone features."""
    learned = library("xgboost").XGBRFClassifier(
        n_estimators=settings.trees,
        max_depth=8,
        subsample=0.63,
        colsample_bynode=max(0.2, 1.0 / np.sqrt(data.table.shape[1])),
        reg_lambda=settings.regularisation,
        **_shared(data, seed),
    )
    learned.fit(data.table, data.labels, sample_weight=data.weights)
    return RandomForestModel(bytes(learned.get_booster().save_raw("ubj")))


def _shared(data: Labelled, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary:logistic",
        "tree_method": "hist",
        "monotone_constraints": tuple(int(way) for way in data.monotone),
        "random_state": seed,
        "n_jobs": THREADS,
    }


def fit_lightgbm(data: Labelled, settings: TreeSettings, *, seed: int) -> LightgbmModel:
    """A LightGBM classifier."""
    module = library("lightgbm")
    learned = module.train(
        {
            "objective": "binary",
            "num_leaves": min(31, 2**settings.depth - 1),
            "learning_rate": settings.rate,
            "feature_fraction": settings.columns,
            "lambda_l2": settings.regularisation,
            "min_data_in_leaf": max(5, min(20, len(data.table) // 50)),
            "monotone_constraints": [int(way) for way in data.monotone],
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": THREADS,
            "verbosity": -1,
        },
        module.Dataset(
            np.asarray(data.table, np.float32), data.labels, weight=data.weights, free_raw_data=True
        ),
        num_boost_round=settings.trees,
    )
    return LightgbmModel(learned.model_to_string().encode())


def fit_gradient_boosting(
    data: Labelled, settings: TreeSettings, *, seed: int
) -> GradientBoostingModel:
    """A Gradient Boosting classifier with histograms.

    The bins are ours: the library looks for weighted quantiles one by one, which takes longer than
    all trees.
    """
    learned = library("sklearn.ensemble").HistGradientBoostingClassifier(
        max_iter=settings.trees,
        max_leaf_nodes=2**settings.depth - 1,
        learning_rate=settings.rate,
        max_features=settings.columns,
        l2_regularization=settings.regularisation,
        min_samples_leaf=max(5, min(20, len(data.table) // 50)),
        monotonic_cst=data.monotone.astype(int),
        early_stopping=False,
        random_state=seed,
    )
    edges = [bin_edges(column) for column in data.table.T]
    places = places_among(data.table, edges)
    learned.fit(places, data.labels, sample_weight=data.weights)
    return read_gradient_boosting(learned, edges)


def bin_edges(column: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Where the bins of a feature end, rising: bin ``i`` is ``edges[i - 1] < x <= edges[i]``."""
    known = column[:: -(-column.size // EDGE_ROWS) or 1]
    known = known[~np.isnan(known)]
    if known.size == 0:
        return np.zeros(0, np.float32)
    wanted = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.unique(np.quantile(known, wanted, method="inverted_cdf")).astype(np.float32)


def places_among(table: Table, edges: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Number of the bin of each value, missing ones stay; float32 ``(n_rows, n_features)``."""
    places = np.empty(table.shape, np.float32, order="F")
    for j, own in enumerate(edges):
        column = table[:, j]
        places[:, j] = np.where(np.isnan(column), np.nan, np.searchsorted(own, column))
    return places


def read_gradient_boosting(
    learned: Any, edges: Sequence[npt.NDArray[np.float32]] | None = None
) -> GradientBoostingModel:
    """Our model of a trained `sklearn.ensemble.HistGradientBoostingClassifier`.

    Args:
        learned: The classifier.
        edges: Where the bins of each feature end, when it has learned places among them and not
            values.
    """
    trees = []
    for (predictor,) in learned._predictors:  # noqa: SLF001 (there is no other way)
        nodes = predictor.nodes
        is_leaf = nodes["is_leaf"].astype(bool)
        feature, threshold = nodes["feature_idx"].astype(np.int64), nodes["num_threshold"]
        if edges is not None:
            threshold = np.where(is_leaf, 0.0, _values_at(threshold, feature, edges))
        trees.append(
            Tree(
                np.where(is_leaf, -1, feature),
                at_most(threshold),
                nodes["left"].astype(np.int64),
                nodes["right"].astype(np.int64),
                nodes["missing_go_to_left"].astype(bool),
                np.where(is_leaf, nodes["value"], 0.0),
            )
        )
    base = float(np.ravel(learned._baseline_prediction)[0])  # noqa: SLF001 (no public way)
    return GradientBoostingModel(Forest(trees, learned.n_features_in_), base)


def _values_at(
    places: npt.NDArray[np.float64],
    features: npt.NDArray[np.int64],
    edges: Sequence[npt.NDArray[np.float32]],
) -> npt.NDArray[np.float64]:
    """Thresholds of values for thresholds of places among `edges`; infinite ones stay."""
    out = np.array(places, np.float64)
    for i in np.flatnonzero(np.isfinite(out)).tolist():
        own = edges[features[i]]
        place = int(np.floor(out[i]))
        out[i] = own[place] if place < own.size else np.inf
    return out
