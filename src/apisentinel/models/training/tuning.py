"""Automatic search for the settings of the boosted trees, within a number of trials and seconds."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.models.training.libraries import library
from apisentinel.models.training.supervised import Labelled, TreeSettings, fit_lightgbm, fit_xgboost

ROWS = 12_000
"""Rows of a trial; the order of settings hardly changes with more."""


DEFAULTS = TreeSettings()


class Tuned(NamedTuple):
    """What the search found.

    Attributes:
        settings: The best.
        precision: Its average precision on the held-back rows.
        trials: How many were tried.
    """

    settings: TreeSettings
    precision: float
    trials: int


def tune_trees(  # noqa: PLR0913 (one place calls it)
    data: Labelled,
    held_back: npt.NDArray[np.bool_],
    *,
    seed: int,
    trials: int,
    first: TreeSettings = DEFAULTS,
    seconds: float | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Tuned:
    """The best settings by average precision of XGBoost and LightGBM on held-back rows.

    With a limit in seconds the number of trials, and so the result, depends on the machine.

    Args:
        data: Rows with labels.
        held_back: Rows to measure on, of actors or times that are not learned from.
        seed: Of the search.
        trials: Trials at most; with fewer than 2 `first` stays.
        first: The settings that are tried first.
        seconds: Seconds at most.
        report: Is told how many trials of how many are done.
    """
    learn, measure = _part(data, ~held_back, seed), _part(data, held_back, seed + 1)
    classes = (learn.labels.min(), learn.labels.max(), measure.labels.min(), measure.labels.max())
    if trials < 2 or classes != (0, 1, 0, 1):
        return Tuned(first, float("nan"), 0)
    optuna = library("optuna")
    optuna.logging.set_verbosity(logging.ERROR)

    def objective(trial: Any) -> float:
        settings = TreeSettings(
            trees=trial.suggest_int("trees", 40, 100, step=20),
            rate=trial.suggest_float("rate", 0.03, 0.3, log=True),
            depth=trial.suggest_int("depth", 2, 6),
            columns=trial.suggest_float("columns", 0.3, 1.0),
            regularisation=trial.suggest_float("regularisation", 0.1, 30.0, log=True),
        )
        return float(
            np.mean(
                [
                    average_precision(
                        fit(learn, settings, seed=seed).score_many(measure.table), measure.labels
                    )
                    for fit in (fit_xgboost, fit_lightgbm)
                ]
            )
        )

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.enqueue_trial(first._asdict())
    told = [] if report is None else [lambda _, trial: report(trial.number + 1, trials)]
    study.optimize(objective, n_trials=trials, timeout=seconds, callbacks=told)
    if not any(trial.value is not None for trial in study.trials):
        return Tuned(first, float("nan"), 0)  # the time was over before the first was measured
    return Tuned(TreeSettings(**study.best_params), float(study.best_value), len(study.trials))


def _part(data: Labelled, rows: npt.NDArray[np.bool_], seed: int) -> Labelled:
    """At most `ROWS` of some rows, attacks first."""
    places = np.random.default_rng(seed).permutation(np.flatnonzero(rows))
    attacks = places[data.labels[places] == 1][: ROWS // 2]
    benign = places[data.labels[places] == 0][: ROWS - attacks.size]
    chosen = np.sort(np.concatenate([attacks, benign]))
    return Labelled(data.table[chosen], data.labels[chosen], data.weights[chosen], data.monotone)


def average_precision(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> float:
    """Area under precision and recall; rows of one score count together.

    Example:
        >>> average_precision(np.array([0.9, 0.8, 0.1]), np.array([1, 0, 1], np.int8))
        0.8333333333333333
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))
    hits = np.cumsum(labels[order])[ends]
    precision = hits / (ends + 1.0)
    recall = np.diff(hits, prepend=0) / max(int(labels.sum()), 1)
    return float((precision * recall).sum())
