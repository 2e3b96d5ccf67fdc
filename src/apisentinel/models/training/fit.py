"""Trains a whole ensemble: select, clean, fit, calibrate on rows that no model has seen.

Without labels there are the unsupervised models alone. With labels of both classes come the trees
and the dense network; with sessions of tokens comes the sequence model.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Model, Scores, Table
from apisentinel.models.calibration import fit_tail
from apisentinel.models.clusters import CLUSTER_FEATURE, BehaviourClusters
from apisentinel.models.ensemble import About, Ensemble, Member
from apisentinel.models.label_calibration import LARGEST_LOG_ODDS, fit_labels
from apisentinel.models.pool import Opinion, PoolSettings, group_odds
from apisentinel.models.pool import pool as pool_opinions
from apisentinel.models.scaling import fit_scaling
from apisentinel.models.tokens import TokenSessions
from apisentinel.models.training.cleaning import clean_rows
from apisentinel.models.training.clusters import fit_clusters
from apisentinel.models.training.folds import assign_folds, cap_groups, split_by_time
from apisentinel.models.training.labels import Classes, balanced, doubted, read_labels
from apisentinel.models.training.networks import fit_dnn
from apisentinel.models.training.selection import Selection, select_features
from apisentinel.models.training.sequence import fit_sequence
from apisentinel.models.training.supervised import (
    Labelled,
    TreeSettings,
    fit_gradient_boosting,
    fit_lightgbm,
    fit_random_forest,
    fit_xgboost,
)
from apisentinel.models.training.tuning import average_precision, tune_trees
from apisentinel.models.training.unsupervised import (
    fit_isolation_forest,
    fit_lof,
    fit_mahalanobis,
    fit_one_class_svm,
)
from apisentinel.models.training.weighing import (
    Shares,
    area,
    calibration_error,
    choose_shares,
    reliability,
)

Fit = Callable[[Table], Model]
Report = Callable[[str, float], None]
Floats = npt.NDArray[np.float64]


class FitSettings(NamedTuple):
    """How an ensemble is trained.

    Attributes:
        seed: Of everything that is drawn.
        trials: Of the search for settings of the trees; 0 keeps the defaults.
        seconds: Seconds of that search at most; None makes the result depend on the seed alone.
        max_rows: Rows that are learned from at most; attacks stay, others are drawn evenly.
        features: Features that are selected at most.
        folds: Parts for calibration.
        group_share: Share of the rows that one actor may have.
        clean: Rows that are most likely attacks are left out of the unsupervised models.
        networks: The dense network and the LSTM are trained, too.
        pool: Weights and floors.
        trees: Settings of the trees from which the search begins.
        fit_shares: The shares of the groups may be fitted to the labels, when validation says that
            others explain them better.
    """

    seed: int = 0
    trials: int = 0
    seconds: float | None = None
    max_rows: int = 200_000
    features: int = 40
    folds: int = 5
    group_share: float = 0.005
    clean: bool = True
    networks: bool = True
    pool: PoolSettings = PoolSettings()
    trees: TreeSettings = TreeSettings()
    fit_shares: bool = True


class TrainingData(NamedTuple):
    """What an ensemble learns from.

    Attributes:
        table: ``(n_rows, n_features)``, NaN = missing.
        feature_names: In column order.
        labels: 1 attack, 0 benign, between them pseudo-labels, NaN unknown, ``(n_rows,)``.
        groups: Actor of each row; actors are never on both sides of a split, ``(n_rows,)``.
        times: Of each row in µs, ``(n_rows,)``; the search is then measured on the latest rows.
        monotone: Of each feature, 1 when more never lowers the risk, ``(n_features,)``.
        sessions: Tokens for the sequence model.
    """

    table: Table
    feature_names: Sequence[str]
    labels: Floats | None = None
    groups: npt.NDArray[np.int64] | None = None
    times: npt.NDArray[np.int64] | None = None
    monotone: npt.NDArray[np.int8] | None = None
    sessions: TokenSessions | None = None


CALIBRATION_ROWS = 40_000
"""Rows that a model for calibration learns from: it is thrown away, and more would not change what
its scores mean.
"""
FEWEST_ROWS = 20
"""Rows below which nothing can be said about the usual."""


def fit_ensemble(
    data: TrainingData, settings: FitSettings | None = None, report: Report | None = None
) -> Ensemble:
    """An ensemble.

    Args:
        data: What to learn from.
        settings: How.
        report: Is told the step and the share of all that is done.

    Raises:
        MissingDependencyError: The extra ``train`` is not installed.
        ValueError: There are fewer than `FEWEST_ROWS` rows.
    """
    if len(data.table) < FEWEST_ROWS:
        raise ValueError(f"{len(data.table)} rows are too few to learn from: give {FEWEST_ROWS}")
    return _Training(data, settings or FitSettings(), report or _silent).run()


def _silent(_step: str, _share: float) -> None:
    pass


class _Training:
    """One run."""

    def __init__(self, data: TrainingData, settings: FitSettings, report: Report) -> None:
        self.settings, self.report, self.data = settings, report, data
        rows = _chosen(data, settings)
        self.raw: Table = data.table[rows]
        groups = np.arange(len(data.table)) if data.groups is None else np.asarray(data.groups)
        self.groups = groups[rows].astype(np.int64)
        self.times = None if data.times is None else np.asarray(data.times)[rows]
        y = np.full(len(self.raw), np.nan) if data.labels is None else data.labels[rows]
        self.classes = read_labels(y)
        self.folds = assign_folds(self.groups, self.folds_wanted(), seed=settings.seed)
        self.metrics: dict[str, float] = {}
        self.unseen: dict[str, Scores] = {}
        """Scores of the models with labels by name, by models that have not seen the row; NaN where
        there is none."""

    def folds_wanted(self) -> int:
        """Parts for calibration; as many as there are groups when these are few."""
        return max(2, min(self.settings.folds, int(np.unique(self.groups).size)))

    def run(self) -> Ensemble:
        """The ensemble."""
        self.report("select features", 0.0)
        benign = self.classes.labels == 0
        selection = self._select()
        clusters = self._cluster(selection, np.flatnonzero(benign))
        scaling = fit_scaling(self.raw[benign], self.columns.tolist())
        self.table = scaling.apply(self.raw)
        members = self._unsupervised(np.flatnonzero(benign))
        trained_odds, pool = 0.0, self.settings.pool
        if self.classes.can_learn:
            supervised, trained_odds = self._supervised()
            members, pool = self._weighed([*members, *supervised], trained_odds)
        sequence = None
        if self.data.sessions is not None and self.settings.networks:
            self.report("learn sequences", 0.9)
            sequence = fit_sequence(self.data.sessions, seed=self.settings.seed)
        self.report("done", 1.0)
        about = About(
            feature_names=tuple(self.data.feature_names),
            trained_odds=trained_odds,
            rows=int(benign.sum()),
            pool=pool,
            selection=self._by_feature(selection.information),
            stability=self._by_feature(selection.stability),
            metrics=self.metrics,
        )
        return Ensemble(about, scaling, members, sequence, clusters)

    def _by_feature(self, values: Floats) -> dict[str, float]:
        pairs = zip(self.data.feature_names, values.tolist(), strict=True)
        return {name: round(value, 6) for name, value in pairs}

    def _select(self) -> Selection:
        """Weighs all features and chooses columns; the distance to groups, which is not known yet,
        is left out of the choice.
        """
        labels = self.classes.labels if self.classes.can_learn else None
        most = self.settings.features
        selection = select_features(self.raw, labels, self.folds, most=most)
        self.columns = np.arange(self.raw.shape[1])
        if self.columns.size > most:
            self.columns = selection.columns
        return selection

    def _cluster(
        self, selection: Selection, benign: npt.NDArray[np.int64]
    ) -> BehaviourClusters | None:
        """Groups of entities by the chosen columns; their distance becomes one more column."""
        names = list(self.data.feature_names)
        if CLUSTER_FEATURE not in names:
            return None
        self.report("group entities", 0.03)
        own = names.index(CLUSTER_FEATURE)
        others = np.setdiff1d(self.columns, [own])
        scaling = fit_scaling(self.raw[benign], others.tolist())
        table = scaling.apply(self.raw)
        clusters = fit_clusters(table[benign], self.groups[benign], seed=self.settings.seed)
        if clusters is None:
            self.columns = others
            return None
        distance = clusters.nearest(table).distance.astype(np.float32)
        raw = np.array(self.raw, np.float32)
        raw[:, own] = distance
        self.raw = raw
        labels = self.classes.labels if self.classes.can_learn else None
        weighed = select_features(distance.reshape(-1, 1), labels, self.folds, most=1)
        selection.information[own] = weighed.information[0]
        selection.stability[own] = weighed.stability[0]
        self.columns = np.union1d(others, [own])
        self.metrics["clusters"] = clusters.count
        return clusters

    def _unsupervised(self, benign: npt.NDArray[np.int64]) -> list[Member]:
        seed = self.settings.seed
        rows = benign
        if np.unique(self.groups[benign]).size < benign.size:
            rows = benign[cap_groups(self.groups[benign], self.settings.group_share, seed=seed)]
        others: list[Fit] = [
            lambda table: fit_isolation_forest(table, seed=seed, trees=50),
            lambda table: fit_one_class_svm(table, seed=seed, rows=512),
        ]
        if self.settings.clean:
            self.report("clean", 0.05)
            kept = clean_rows(self.table[rows], self.folds[rows], fit_mahalanobis, others)
            self.metrics["left_out"] = round(float(1 - kept.mean()), 6)
            rows = rows[kept]
        fits: dict[str, Fit] = {
            "isolation_forest": lambda table: fit_isolation_forest(table, seed=seed),
            "one_class_svm": lambda table: fit_one_class_svm(table, seed=seed),
            "lof": lambda table: fit_lof(table, seed=seed),
            "mahalanobis": fit_mahalanobis,
        }
        members = []
        for i, (name, fit) in enumerate(fits.items()):
            self.report(f"learn {name}", 0.1 + 0.05 * i)
            unseen = self._unseen(fit, rows)
            members.append(Member(fit(self.table[rows]), fit_tail(unseen)))
        return members

    def _unseen(self, fit: Fit, rows: npt.NDArray[np.int64]) -> Scores:
        """Scores of rows by models that have not seen their fold."""
        scores = np.full(rows.size, np.nan)
        for fold in np.unique(self.folds[rows]):
            inside = self.folds[rows] == fold
            if inside.all():
                return fit(self.table[rows]).score_many(self.table[rows])
            scores[inside] = fit(self.table[rows[~inside]]).score_many(self.table[rows[inside]])
        return scores

    def _supervised(self) -> tuple[list[Member], float]:
        """Trees and the dense network, with the log10 odds of attacks among their rows."""
        data = self._labelled(self.classes)
        held_back = self._held_back()
        self.report("tune", 0.3)
        tuned = tune_trees(
            data,
            held_back,
            first=self.settings.trees,
            seed=self.settings.seed,
            trials=self.settings.trials,
            seconds=self.settings.seconds,
            report=lambda done, all_: self.report("tune", 0.3 + 0.2 * done / all_),
        )
        if tuned.trials:
            self.metrics["tuned_average_precision"] = round(tuned.precision, 6)
            self.metrics["trials"] = tuned.trials
        settings = tuned.settings
        first = self._unseen_labelled(fit_xgboost, data, settings)
        wrong = doubted(self.classes, first)
        self.metrics["doubted"] = round(float(wrong.mean()), 6)
        classes = self.classes
        if wrong.any():
            kept = classes._replace(weights=np.where(wrong, 0.0, classes.weights))
            if kept.part(~wrong).can_learn:
                classes, data = kept, self._labelled(kept)
        counted = classes.weights > 0
        members = []
        for i, fit in enumerate(
            (fit_random_forest, fit_xgboost, fit_lightgbm, fit_gradient_boosting)
        ):
            name = fit.__name__.removeprefix("fit_")
            self.report(f"learn {name}", 0.5 + 0.08 * i)
            unseen = self._unseen_labelled(fit, data, settings)
            model = fit(_rows(data, counted), settings, seed=self.settings.seed)
            self.unseen[model.name] = unseen
            members.append(self._member(model, unseen, classes))
        if self.settings.networks:
            self.report("learn dnn", 0.82)
            members.append(self._network(data, classes))
        weight = classes.weights
        attacks = float((weight * classes.labels).sum())
        odds = np.log10(attacks / max(float(weight.sum()) - attacks, 1e-9))
        return members, float(np.clip(odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS))

    def _labelled(self, classes: Classes) -> Labelled:
        monotone = np.zeros(self.raw.shape[1], np.int8)
        if self.data.monotone is not None:
            monotone = np.asarray(self.data.monotone, np.int8)
        return Labelled(self.table, classes.labels, balanced(classes), monotone[self.columns])

    def _held_back(self) -> npt.NDArray[np.bool_]:
        """Rows that the search is measured on: the latest, of new actors, or else one fold."""
        labels = self.classes.labels
        if self.times is not None:
            _, measured = split_by_time(self.times, self.groups)
            measured &= self.classes.is_known
            if min(labels[measured].sum(), (labels[measured] == 0).sum()) >= 5:
                return measured
        return np.asarray((self.folds == 0) & self.classes.is_known)

    def _unseen_labelled(
        self,
        fit: Callable[..., Model],
        data: Labelled,
        settings: TreeSettings,
    ) -> Scores:
        """Scores by models that have not seen the row's fold; folds are joined to three parts."""
        part = self.folds % 3
        scores = np.full(len(data.labels), 0.5)
        for k in np.unique(part):
            learn = _some((part != k) & (data.weights > 0), data.labels)
            if data.labels[learn].min(initial=1) < data.labels[learn].max(initial=0):
                model = fit(_rows(data, learn), settings, seed=self.settings.seed)
                scores[part == k] = model.score_many(self.table[part == k])
        return scores

    def _network(self, data: Labelled, classes: Classes) -> Member:
        """The dense network, calibrated on a third that it has not seen."""
        held = self.folds % 3 == 0
        if classes.labels[held].min(initial=1) == classes.labels[held].max(initial=0):
            held = np.arange(held.size) % 3 == 0
        learn = ~held & (data.weights > 0)
        model = fit_dnn(
            self.table[learn], data.labels[learn], data.weights[learn], seed=self.settings.seed
        )
        unseen = model.score_many(self.table[held])
        self.unseen[model.name] = np.full(held.size, np.nan)
        self.unseen[model.name][held] = unseen
        return self._member(model, unseen, classes.part(held))

    def _weighed(
        self, members: list[Member], trained_odds: float
    ) -> tuple[list[Member], PoolSettings]:
        """The models with their measured reliability, and the shares of the groups, by rows whose
        label is known and that no model with labels has learned from.
        """
        known = self.classes.is_known & (self.classes.weights > 0)
        for scores in self.unseen.values():
            known &= np.isfinite(scores)
        rows = np.flatnonzero(_some(known, self.classes.labels))
        labels = self.classes.labels[rows]
        pool, shift = self.settings.pool, self.settings.pool.prior - trained_odds
        weighed, opinions = [], []
        for member in members:
            model, unseen = member.model, self.unseen.get(member.model.name)
            scores = model.score_many(self.table[rows]) if unseen is None else unseen[rows]
            worth = member.reliability
            if worth > 0 and labels.size:
                worth = reliability(scores, labels, model.group)
            odds = None if member.labels is None else member.labels.apply(scores) + shift
            p = member.tail.p_values(scores)
            opinions.append(Opinion(model.name, model.group, p, odds, worth))
            weighed.append(member._replace(reliability=worth))
            self.metrics[f"{model.name}_area"] = round(area(scores, labels), 6)
        shares = Shares(pool, float("nan"), float("nan"))
        if self.settings.fit_shares:
            shares = choose_shares(group_odds(opinions, pool), labels, pool)
        if np.isfinite(shares.given):
            self.metrics["log_loss_given_shares"] = shares.given
            self.metrics["log_loss_fitted_shares"] = shares.fitted
        if 0 < labels.sum() < labels.size:
            odds_of_all = pool_opinions(opinions, shares.pool).log10_odds
            self.metrics["calibration_error"] = round(
                calibration_error(odds_of_all, labels, pool.prior), 6
            )
            self.metrics["pool_average_precision"] = round(
                average_precision(odds_of_all, labels), 6
            )
        return weighed, shares.pool

    def _member(self, model: Model, unseen: Scores, classes: Classes) -> Member:
        counted = classes.weights > 0
        labels, scores = classes.labels[counted], unseen[counted]
        name = f"{model.name}_average_precision"
        self.metrics[name] = round(average_precision(scores, labels), 6)
        if labels.min(initial=1) == labels.max(initial=0):
            return Member(model, fit_tail(scores), None, 0.0)
        return Member(
            model,
            fit_tail(scores[labels == 0]),
            fit_labels(scores, labels, classes.weights[counted]),
        )


def _some(rows: npt.NDArray[np.bool_], labels: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """At most `CALIBRATION_ROWS` of some rows, evenly, attacks first."""
    places = np.flatnonzero(rows)
    if places.size <= CALIBRATION_ROWS:
        return rows
    attacks = places[labels[places] == 1]
    attacks = attacks[:: -(-2 * attacks.size // CALIBRATION_ROWS) or 1]
    benign = places[labels[places] == 0]
    benign = benign[:: -(-benign.size // (CALIBRATION_ROWS - attacks.size)) or 1]
    chosen = np.zeros(rows.size, bool)
    chosen[attacks] = chosen[benign] = True
    return chosen


def _rows(data: Labelled, rows: npt.NDArray[np.bool_]) -> Labelled:
    return Labelled(data.table[rows], data.labels[rows], data.weights[rows], data.monotone)


def _chosen(data: TrainingData, settings: FitSettings) -> npt.NDArray[np.int64]:
    """Rows to learn from: attacks first, others evenly, in their order."""
    count = len(data.table)
    if count <= settings.max_rows:
        return np.arange(count)
    order = np.random.default_rng(settings.seed).permutation(count)
    if data.labels is not None:
        attack = np.nan_to_num(data.labels)[order] > 0.5
        most = settings.max_rows // 2
        order = np.concatenate([order[attack][:most], order[~attack]])
    return np.sort(order[: settings.max_rows])
