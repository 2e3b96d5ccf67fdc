"""Trains the payload model; needs the extra ``train``."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.payload.features import GRAMS_AT, NAMES, TYPES, gram_sums
from apisentinel.detectors.payload.findings import FIRM
from apisentinel.detectors.payload.learned import PayloadModel
from apisentinel.evaluation.payload_examples import Examples, Recipe
from apisentinel.models.training.libraries import library
from apisentinel.simulator.randomness import stream

if TYPE_CHECKING:
    from apisentinel.models.arrays import Arrays

CHAR_BITS, TOKEN_BITS, FAMILY_BITS = 17, 16, 13

FOLDS = 3
"""Linear outputs of a value come from weights that saw no value of its form."""
HIDDEN_GRAMS, HIDDEN_RULES = 0.3, 0.3
"""Shares of rows in which linear outputs, and the opinion of the rules, are hidden from the trees,
so that they lean on neither alone.
"""
RULES_END = len(TYPES) + 4
"""Columns of the opinion of the rules."""
RATES = (0.05, 0.01, 0.001)

Floats = npt.NDArray[np.float64]


def fit(data: Examples, recipe: Recipe) -> tuple[PayloadModel, dict[str, float]]:
    """Trains linear weights, then the trees over their outputs on values of other forms.

    Returns:
        The model, and shares found at rates of honest values, both of forms not trained on.
    """
    weights = np.where(data.hostile > 0, 0.5 / data.hostile.mean(), 0.5 / (1 - data.hostile.mean()))
    folds = _folds(data, recipe)
    chars = matrix([each.chars for each in data.grams], CHAR_BITS)
    tokens = matrix([each.tokens for each in data.grams], TOKEN_BITS)
    full = data.rows.copy()
    for fold in range(FOLDS):
        others = np.flatnonzero(folds != fold)
        learned = [
            _linear(table[others], data.hostile[others], weights[others], recipe.seed)
            for table in (chars, tokens)
        ]
        pair = [each.astype(np.float32) for each in learned]
        for at in np.flatnonzero(folds == fold).tolist():
            gram_sums(data.grams[at], pair[0], pair[1], full[at, GRAMS_AT:])
    rows = _hidden(full, recipe)
    margins = np.zeros(len(rows))
    for half in range(2):
        held = folds % 2 == half
        trees = _trees(rows[~held], data.hostile[~held], weights[~held], recipe, recipe.trees // 2)
        margins[held] = trees.predict(full[held], raw_score=True)
    arrays: Arrays = {
        "known": data.known,
        "chars": _linear(chars, data.hostile, weights, recipe.seed),
        "tokens": _linear(tokens, data.hostile, weights, recipe.seed),
        "families": _families(data),
        "scale": calibrated(margins, data.hostile),
    }
    trees = _trees(rows, data.hostile, weights, recipe, recipe.trees)
    model = PayloadModel(trees.model_to_string().encode(), arrays)
    return model, found_at(margins, data)


def _folds(data: Examples, recipe: Recipe) -> npt.NDArray[np.int64]:
    """A fold for each group."""
    groups, at = np.unique(data.group, return_inverse=True)
    order = stream(recipe.seed, "folds").permutation(len(groups)) % FOLDS
    folds: npt.NDArray[np.int64] = order[at]
    return folds


def _hidden(full: npt.NDArray[np.float32], recipe: Recipe) -> npt.NDArray[np.float32]:
    """Rows as the trees see them while they are trained."""
    rows = full.copy()
    dice = stream(recipe.seed, "hidden").random(len(rows))
    rows[dice < HIDDEN_GRAMS, GRAMS_AT:] = np.nan
    rows[dice > 1 - HIDDEN_RULES, :RULES_END] = 0.0
    return rows


def _trees(
    rows: npt.NDArray[np.float32], hostile: Floats, weights: Floats, recipe: Recipe, count: int
) -> Any:
    """Trees that never find a value less hostile because a rule or an n-gram speaks against it."""
    lightgbm = library("lightgbm")
    options = {
        "objective": "binary", "num_leaves": recipe.leaves, "learning_rate": 0.06,
        "min_data_in_leaf": 60, "feature_fraction": 0.5, "bagging_fraction": 0.7,
        "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 127, "seed": recipe.seed,
        "monotone_constraints": [
            int(name.startswith("rules_") or at >= GRAMS_AT) for at, name in enumerate(NAMES)
        ],
        "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(rows, hostile, weight=weights, feature_name=list(NAMES))
    return lightgbm.train(options, data, count)


def matrix(ids: list[npt.NDArray[np.int32]], bits: int) -> Any:
    """Sparse rows of hashed n-grams, each of length 1."""
    kept = [each[each >= 0] & ((1 << bits) - 1) for each in ids]
    sizes = np.array([each.size for each in kept])
    ends = np.concatenate([[0], np.cumsum(sizes)])
    scale = np.repeat(1.0 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    shape = (len(kept), 1 << bits)
    made = library("scipy.sparse").csr_matrix((scale, np.concatenate(kept), ends), shape=shape)
    made.sum_duplicates()
    return made


def _linear(table: Any, hostile: Floats, weights: Floats, seed: int) -> npt.NDArray[np.float16]:
    """Weights of n-grams by logistic regression."""
    model = library("sklearn.linear_model").SGDClassifier(
        loss="log_loss", alpha=2e-6, max_iter=8, tol=None, random_state=seed, average=True
    )
    model.fit(table, hostile, sample_weight=weights)
    found: npt.NDArray[np.float16] = model.coef_[0].astype(np.float16)
    return found


def calibrated(margins: Floats, hostile: Floats) -> Floats:
    """Offset and slope from log-odds of forms not trained on to log likelihood ratios.

    Reference:
        Platt: Probabilistic outputs for support vector machines, 1999.
    """
    regression = library("sklearn.linear_model").LogisticRegression(C=1e6, class_weight="balanced")
    model = regression.fit(margins[:, None], hostile)
    return np.array([model.intercept_[0], model.coef_[0, 0]])


def found_at(margins: Floats, data: Examples) -> dict[str, float]:
    """Shares of attacks, and of those that the rules are not sure of, above what so many honest
    values reach.
    """
    honest = np.sort(margins[data.hostile == 0])
    unsure = (data.hostile > 0) & (data.raw < FIRM)
    out = {}
    for rate in RATES:
        cut = honest[int(len(honest) * (1 - rate))]
        out[f"all at {rate}"] = round(float((margins[data.hostile > 0] > cut).mean()), 4)
        out[f"unsure at {rate}"] = round(float((margins[unsure] > cut).mean()), 4)
    return out


def _families(data: Examples) -> npt.NDArray[np.float16]:
    """Log share of each n-gram of tokens among the types (naive Bayes)."""
    size = 1 << FAMILY_BITS
    counts = np.full((size, len(TYPES)), 0.5)
    for grams, kind in zip(data.grams, data.kind.tolist(), strict=True):
        if kind >= 0:
            np.add.at(counts[:, kind], grams.tokens[grams.tokens >= 0] & (size - 1), 1.0)
    logs = np.log(counts / counts.sum(axis=0))
    made: npt.NDArray[np.float16] = (logs - logs.mean(axis=1, keepdims=True)).astype(np.float16)
    return made
