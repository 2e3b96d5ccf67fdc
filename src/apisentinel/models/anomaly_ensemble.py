"""The ensemble for any table of numbers: ordinary rows in, scores of new rows out."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.errors import NotFittedError
from apisentinel.models.base import Scores
from apisentinel.models.ensemble import Contribution, Ensemble
from apisentinel.models.pool import PoolSettings

NETWORK_ROWS = 1000
"""Labelled rows from which the dense network is worth its training time."""
MAX_COLUMNS = 512


class AnomalyEnsemble:
    """Finds rows that are unlike those that it has learned from, in a table of any numbers.

    Columns may have any unit, be constant, have heavy tails, hold codes of categories, or miss
    values (NaN). Rows that are most likely anomalies themselves are found and left out.

    Example:
        >>> rows = np.random.default_rng(0).lognormal(3, 1, (300, 4))
        >>> model = AnomalyEnsemble(seed=7).fit(rows)
        >>> bool(model.score_many(rows * 1000)[0] > model.score_many(rows).max())
        True
    """

    def __init__(self, *, seed: int = 0, trials: int = 0) -> None:
        """An ensemble without knowledge.

        Args:
            seed: Of everything that is drawn; equal seeds and rows give equal scores.
            trials: Of the search for settings of the trees, when there are labels.
        """
        self.seed, self.trials = seed, trials
        self._ensemble: Ensemble | None = None

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike | None = None) -> "AnomalyEnsemble":  # noqa: N803 (scikit-learn's name)
        """Learns from rows.

        Args:
            X: ``(n_rows, n_columns)``, NaN = missing; ordinary rows, a few anomalies do no harm.
            y: 1 anomaly, 0 ordinary, between them a doubtful label, NaN unknown, ``(n_rows,)``.
                With at least eight rows of each class the models that learn from labels join.

        Returns:
            Itself.

        Raises:
            MissingDependencyError: The extra ``train`` is not installed.
            ValueError: The table has no rows and columns to learn from.
        """
        from apisentinel.models.training.fit import (  # noqa: PLC0415 (training code, only here)
            FitSettings,
            TrainingData,
            fit_ensemble,
        )

        table = _table(X)
        labels = None if y is None else np.asarray(y, np.float64).reshape(-1)
        if labels is not None and labels.size != len(table):
            raise ValueError(f"{labels.size} labels for {len(table)} rows")
        names = tuple(f"column_{i}" for i in range(table.shape[1]))
        settings = FitSettings(
            seed=self.seed,
            trials=self.trials,
            features=MAX_COLUMNS,
            networks=labels is not None and len(table) >= NETWORK_ROWS,
            pool=PoolSettings(absent_at_prior=False),
        )
        self._ensemble = fit_ensemble(TrainingData(table, names, labels), settings)
        return self

    @property
    def ensemble(self) -> Ensemble:
        """What was learned.

        Raises:
            NotFittedError: Nothing yet.
        """
        if self._ensemble is None:
            raise NotFittedError("call fit(X) before asking for scores")
        return self._ensemble

    def score_many(self, X: npt.ArrayLike) -> Scores:  # noqa: N803 (scikit-learn's name)
        """Scores in [0, 1], ``(n_rows,)``, high = more anomalous; a row's score depends on that row
        alone.

        Raises:
            NotFittedError: `fit` was not called.
            IncompatibleModelError: The table has another number of columns.
        """
        return self.ensemble.score_many(_table(X))

    def votes(self, X: npt.ArrayLike) -> dict[str, Scores]:  # noqa: N803 (scikit-learn's name)
        """Score in [0, 1] of each model, ``(n_rows,)`` by name."""
        return self.ensemble.votes(_table(X))

    def explain(self, x: npt.ArrayLike) -> list[Contribution]:
        """What each column adds to the log10 odds of one row, strongest first.

        Args:
            x: ``(n_columns,)``.
        """
        return self.ensemble.explain(_table(np.asarray(x, np.float64).reshape(1, -1))[0])


def _table(values: Any) -> npt.NDArray[np.float64]:
    table = np.require(values, np.float64, ["C", "W"])
    if table.ndim != 2 or not 0 < table.shape[1] <= MAX_COLUMNS:
        raise ValueError(
            f"a table has rows and 1 to {MAX_COLUMNS} columns; this has shape {table.shape}"
        )
    return table
