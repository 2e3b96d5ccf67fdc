"""The ensemble: scaling, models, calibrations and pooling as one thing that is trained, kept and
asked together.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import Arrays, pack_arrays, unpack_arrays
from apisentinel.models.base import Model, Parts, Scores, Table, part_of, quantised
from apisentinel.models.boosted import BoostedTrees
from apisentinel.models.calibration import TailCalibration
from apisentinel.models.clusters import CLUSTER_FEATURE, BehaviourClusters, Nearest
from apisentinel.models.dnn import DnnModel
from apisentinel.models.gradient_boosting import GradientBoostingModel
from apisentinel.models.isolation_forest import IsolationForestModel
from apisentinel.models.label_calibration import LabelCalibration
from apisentinel.models.lightgbm import LightgbmModel
from apisentinel.models.lof import LofModel
from apisentinel.models.mahalanobis import MahalanobisModel
from apisentinel.models.one_class_svm import OneClassSvmModel
from apisentinel.models.pool import GROUPS, Judgement, Opinion, PoolSettings, pool
from apisentinel.models.random_forest import RandomForestModel
from apisentinel.models.scaling import Scaling
from apisentinel.models.sequence import SequenceModel
from apisentinel.models.trees import sort_keys
from apisentinel.models.xgboost import XgboostModel

KINDS: dict[str, type[Model]] = {
    kind.name: kind
    for kind in (
        IsolationForestModel,
        OneClassSvmModel,
        LofModel,
        MahalanobisModel,
        RandomForestModel,
        XgboostModel,
        LightgbmModel,
        GradientBoostingModel,
        DnnModel,
    )
}
"""Models of the feature table by name; the LSTM reads tokens and comes with `SequenceModel`."""

LSTM = "lstm"
"""Name of the model of `SequenceModel` among the opinions."""

FOLDER = "ensemble/"
MAX_FEATURES = 512
BLOCK_ROWS = 4096
"""Rows at a time, so that work space stays in the cache and memory stays bounded."""

ASKED_FIRST = frozenset({"xgboost", "dnn", "mahalanobis"})
"""The cheapest model of each group; `Ensemble.screen` asks the others only where one of these sees
anything.
"""
CLEAR_ODDS, CLEAR_P = -2.5, 1e-3
"""log10 odds of the first models below which a row is clear, unless one of them finds it as rare as
this. Nothing below -1 is ever told: of 1.5 million ticks of 16 simulated worlds no clear one stood
above -1.33 with all models, and 32,470 stood above -1. Of a generated log 15 % of the ticks are
asked of all, of honest simulated traffic 0.4 %.
"""


class Member(NamedTuple):
    """A model and what its scores mean.

    Attributes:
        model: Gives scores.
        tail: p-values of them.
        labels: log10 odds of them at `Ensemble.trained_odds`, for models that learned from labels.
        reliability: 0 to 1.
    """

    model: Model
    tail: TailCalibration
    labels: LabelCalibration | None = None
    reliability: float = 1.0


class Contribution(NamedTuple):
    """What one feature adds to the odds of one row.

    Attributes:
        feature: Index into `Ensemble.feature_names`.
        contribution: log10 odds.
        actual: Value of the row; NaN when it is missing.
        usual: Median of training.
    """

    feature: int
    contribution: float
    actual: float
    usual: float


class About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of an ensemble beside its models.

    Attributes:
        feature_names: All features in column order.
        members: Names of the models.
        reliabilities: Of each, in the same order.
        trained_odds: log10 odds of an attack among the rows of the label calibration.
        rows: Rows that were learned from.
        pool: Weights and floors.
        selection: Mutual information of each feature with the label, or its entropy.
        stability: Share of the parts of the data in which it was among the best.
        metrics: What validation has measured.
        has_sequence: There is a `SequenceModel`.
        has_clusters: There are `BehaviourClusters`.
    """

    feature_names: tuple[str, ...]
    members: tuple[str, ...] = ()
    reliabilities: tuple[float, ...] = ()
    trained_odds: float = 0.0
    rows: int = 0
    pool: PoolSettings = PoolSettings()
    selection: Mapping[str, float] = {}
    stability: Mapping[str, float] = {}
    metrics: Mapping[str, float] = {}
    has_sequence: bool = False
    has_clusters: bool = False


class Ensemble:
    """All models of a feature table. Scoring changes nothing; threads may share an ensemble."""

    def __init__(
        self,
        about: About,
        scaling: Scaling,
        members: Sequence[Member],
        sequence: SequenceModel | None = None,
        clusters: BehaviourClusters | None = None,
    ) -> None:
        """Puts an ensemble together.

        Args:
            about: What is kept beside the models; its lists of members are taken from `members`.
            scaling: Selects and scales the columns.
            members: At least one model.
            sequence: Model of the tokens of a session.
            clusters: Groups of entities that behave alike, by all selected columns but that of
                their own distance.

        Raises:
            IncompatibleModelError: Names and columns do not fit, or there is no model.
        """
        names = about.feature_names
        if len(names) != scaling.n_columns or not 0 < len(names) <= MAX_FEATURES:
            raise IncompatibleModelError(
                f"{len(names)} feature names for {scaling.n_columns} columns"
            )
        if not members:
            raise IncompatibleModelError("an ensemble without models")
        self.about = msgspec.structs.replace(
            about,
            members=tuple(member.model.name for member in members),
            reliabilities=tuple(member.reliability for member in members),
            has_sequence=sequence is not None,
            has_clusters=clusters is not None,
        )
        self.clusters = clusters
        place, self._others = cluster_places(names, scaling.columns)
        self._distance = None if place is None else (place, _only(scaling, place))
        if clusters is not None and clusters.fill.size != self._others.size:
            raise IncompatibleModelError(
                f"groups of {clusters.fill.size} features for {self._others.size} columns"
            )
        self.scaling, self.members, self.sequence = scaling, tuple(members), sequence
        self._first = [m for m in self.members if m.model.name in ASKED_FIRST]
        self._later = [m for m in self.members if m.model.name not in ASKED_FIRST]
        groups = {member.model.group for member in self.members}
        names = (*(member.model.name for member in self.members), LSTM)
        self._order = {name: place for place, name in enumerate(names)}  # sums keep their order
        # without labels rarity alone decides, and no single model may clear a row of it
        self._in_stages = "supervised" in groups and groups == {m.model.group for m in self._first}

    @property
    def feature_names(self) -> tuple[str, ...]:
        """All features in column order."""
        return self.about.feature_names

    @property
    def schema_hash(self) -> str:
        """First 16 hex digits of the SHA-256 of the feature names; tables of another one do not
        fit.
        """
        return hashlib.sha256("\n".join(self.feature_names).encode()).hexdigest()[:16]

    @property
    def selected(self) -> tuple[int, ...]:
        """Columns that the models see."""
        return tuple(int(column) for column in self.scaling.columns)

    def summary(self) -> dict[str, Any]:
        """What a manifest says of the ensemble: plain JSON.

        Models with their measured reliability, shares of the groups, each selected feature with its
        mutual information (nats) and its stability over the parts of the data, what was measured.
        """
        about = self.about
        names = [self.feature_names[column] for column in self.selected]
        told = {
            name: [about.selection.get(name, 0.0), about.stability.get(name, 0.0)] for name in names
        }
        return {
            "models": dict(zip(about.members, about.reliabilities, strict=True)),
            "shares": dict(zip(GROUPS, about.pool.weights, strict=True)),
            "selected": names,
            "information_and_stability": told,
            "metrics": dict(about.metrics),
        }

    def judge(self, table: Table, *, sequence_p: Scores | None = None) -> Judgement:
        """What all models say of each row.

        Args:
            table: ``(n_rows, n_features)``, C order, NaN = missing.
            sequence_p: p-values of the LSTM for the same rows, NaN where there is none.

        Raises:
            IncompatibleModelError: The table has another number of columns.
        """
        return self._in_blocks(self._judge, table, sequence_p)

    def screen(
        self, table: Table, *, sequence_p: Scores | None = None, in_full: bool = False
    ) -> Judgement:
        """As `judge`, but rows in which the cheapest models see nothing are left to them.

        A row's judgement depends on that row alone. Rows that any model finds odd enough to be told
        are judged as by `judge`; see `CLEAR_ODDS`.

        Args:
            table: ``(n_rows, n_features)``, C order, NaN = missing.
            sequence_p: p-values of the LSTM for the same rows, NaN where there is none.
            in_full: Gives all p-values, votes, confidence and consensus of clear rows too; else
                models that were not asked have NaN. The odds are the same either way.

        Raises:
            IncompatibleModelError: The table has another number of columns.
        """
        if not self._in_stages or not self._later:
            return self.judge(table, sequence_p=sequence_p)
        how = self._screen_in_full if in_full else self._screen
        return self._in_blocks(how, table, sequence_p)

    @staticmethod
    def _in_blocks(
        how: Callable[[Table, Scores | None], Judgement], table: Table, sequence_p: Scores | None
    ) -> Judgement:
        blocks = [
            how(
                table[at : at + BLOCK_ROWS],
                None if sequence_p is None else sequence_p[at : at + BLOCK_ROWS],
            )
            for at in range(0, max(len(table), 1), BLOCK_ROWS)
        ]
        return blocks[0] if len(blocks) == 1 else _joined(blocks)

    def _judge(self, table: Table, sequence_p: Scores | None) -> Judgement:
        scaled = self.scaling.apply(table)
        groups = self._add_distance(scaled)
        opinions = self._opinions(self.members, scaled, sort_keys(scaled)) + _heard(sequence_p)
        return self._pooled(opinions)._replace(groups=groups)

    def _screen(self, table: Table, sequence_p: Scores | None) -> Judgement:
        scaled = self.scaling.apply(table)
        groups = self._add_distance(scaled)
        keys = sort_keys(scaled)
        first = self._opinions(self._first, scaled, keys) + _heard(sequence_p)
        judged = self._pooled(first)
        asked = np.flatnonzero(~_is_clear(judged))
        later = self._opinions(self._later, scaled[asked], keys[asked])
        opinions = [opinion.rows(asked) for opinion in first] + later
        told = self._pooled(sorted(opinions, key=lambda opinion: self._order[opinion.name]))
        return _laid_over(judged, asked, told, len(table))._replace(groups=groups)

    def _screen_in_full(self, table: Table, sequence_p: Scores | None) -> Judgement:
        scaled = self.scaling.apply(table)
        groups = self._add_distance(scaled)
        opinions = self._opinions(self.members, scaled, sort_keys(scaled)) + _heard(sequence_p)
        judged = self._pooled(opinions)
        first = self._pooled([o for o in opinions if o.name in ASKED_FIRST or o.name == LSTM])
        odds = np.where(_is_clear(first), first.log10_odds, judged.log10_odds)
        return judged._replace(log10_odds=odds, groups=groups)

    def _pooled(self, opinions: Sequence[Opinion]) -> Judgement:
        known = float(self.about.rows) if self.about.rows else np.inf
        judged = pool(opinions, self.about.pool, known=known)
        return judged._replace(
            log10_odds=quantised(judged.log10_odds), confidence=quantised(judged.confidence)
        )

    def _add_distance(self, scaled: npt.NDArray[np.float32]) -> Nearest | None:
        """Where the rows stand among the groups; their distance becomes its column."""
        if self.clusters is None:
            return None
        found = self.clusters.nearest(np.ascontiguousarray(scaled[:, self._others]))
        if self._distance is not None:
            place, scaling = self._distance
            column = found.distance.astype(np.float32).reshape(-1, 1)
            scaled[:, place] = scaling.apply(column)[:, 0]
        return found

    def _opinions(
        self,
        members: Sequence[Member],
        scaled: npt.NDArray[np.float32],
        keys: npt.NDArray[np.int32],
    ) -> list[Opinion]:
        shift = self.about.pool.prior - self.about.trained_odds
        opinions = []
        for model, tail, labels, reliability in members:
            if isinstance(model, BoostedTrees):
                scores = model.score_keys(keys)
            else:
                scores = model.score_many(scaled)
            odds = None if labels is None else labels.apply(scores) + shift
            opinions.append(
                Opinion(model.name, model.group, tail.p_values(scores), odds, reliability)
            )
        return opinions

    def log10_odds(self, table: Table) -> Scores:
        """log10 odds of an attack, ``(n_rows,)``."""
        return self.judge(table).log10_odds

    def score_many(self, table: Table) -> Scores:
        """Scores in [0, 1], ``(n_rows,)``: 0.5 for even odds, 0.125 more for each power of ten."""
        return as_score(self.log10_odds(table))

    def votes(self, table: Table) -> dict[str, Scores]:
        """Score in [0, 1] of each model by name, on the same scale."""
        return {name: as_score(odds) for name, odds in self.judge(table).votes.items()}

    def explain(self, row: Table) -> list[Contribution]:
        """What each selected feature adds to the odds of one row, strongest first.

        Args:
            row: ``(n_features,)``.
        """
        return self.explain_many(np.asarray(row, np.float64).reshape(1, -1))[0]

    def explain_many(self, rows: Table) -> list[list[Contribution]]:
        """What each selected feature adds to the odds of each row, strongest first.

        Each feature is put back to its median alone, and all others are put back without it; the
        mean of the two changes is its contribution, the first and the last term of its Shapley
        value.

        Args:
            rows: ``(n, n_features)``.
        """
        columns, count = self.scaling.columns, self.scaling.columns.size
        usual = self.usual()
        changed = np.arange(count)
        asked = []
        for row in np.asarray(rows, np.float64):
            plain = row.copy()
            plain[columns] = usual
            table = np.repeat([row, plain], (1 + count, 1 + count), axis=0)
            table[1 + changed, columns] = usual
            table[2 + count + changed, columns] = row[columns]
            asked.append(table)
        if not asked:
            return []
        odds = self.log10_odds(np.concatenate(asked)).reshape(len(asked), 2, 1 + count)
        drops = odds[:, 0, :1] - odds[:, 0, 1:]
        rises = odds[:, 1, 1:] - odds[:, 1, :1]
        gains = (drops + rises) / 2
        return [
            sorted(
                map(
                    Contribution, columns.tolist(), gain.tolist(),
                    row[columns].tolist(), usual.tolist(),
                ),
                key=lambda item: -item.contribution,
            )
            for row, gain in zip(np.asarray(rows, np.float64), gains, strict=True)
        ]  # fmt: skip

    def usual(self) -> npt.NDArray[np.float64]:
        """Median of each selected feature in its own unit, ``(n_selected,)``."""
        scaling = self.scaling
        return np.where(
            scaling.units > 0, np.sinh(scaling.centres) * scaling.units, scaling.centres
        )

    def to_parts(self) -> Parts:
        """The ensemble as parts of a bundle, under ``ensemble/``."""
        parts: Parts = {}
        calibrations: Arrays = {}
        for model, tail, labels, _ in self.members:
            parts.update(model.to_parts())
            for name, array in tail.to_arrays().items():
                calibrations[f"{model.name}.tail.{name}"] = array
            for name, array in ({} if labels is None else labels.to_arrays()).items():
                calibrations[f"{model.name}.labels.{name}"] = array
        parts["calibration.safetensors"] = pack_arrays(calibrations)
        parts["scaling.safetensors"] = pack_arrays(self.scaling.to_arrays())
        if self.sequence is not None:
            parts.update(self.sequence.to_parts())
        if self.clusters is not None:
            parts.update(self.clusters.to_parts())
        parts["ensemble.json"] = msgspec.json.encode(self.about, order="sorted")
        return {FOLDER + name: content for name, content in sorted(parts.items())}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> "Ensemble":
        """The ensemble of `to_parts`.

        Raises:
            IncompatibleModelError: A part is missing, damaged, or of another version.
        """
        own = {
            name.removeprefix(FOLDER): content
            for name, content in parts.items()
            if name.startswith(FOLDER)
        }
        try:
            about = msgspec.json.decode(part_of(own, "ensemble.json"), type=About)
        except (msgspec.MsgspecError, ValueError) as error:
            raise IncompatibleModelError(f"ensemble.json is damaged: {error}") from error
        unknown = sorted(set(about.members) - set(KINDS))
        if unknown or len(about.reliabilities) != len(about.members):
            raise IncompatibleModelError(f"this version does not know the models {unknown}")
        scaling = Scaling.from_arrays(unpack_arrays(part_of(own, "scaling.safetensors")))
        calibrations = unpack_arrays(part_of(own, "calibration.safetensors"))
        members = [
            _member(name, own, calibrations, reliability)
            for name, reliability in zip(about.members, about.reliabilities, strict=True)
        ]
        sequence = SequenceModel.from_parts(own) if about.has_sequence else None
        clusters = BehaviourClusters.from_parts(own) if about.has_clusters else None
        return cls(about, scaling, members, sequence, clusters)


def cluster_places(
    names: Sequence[str], columns: npt.NDArray[np.int64]
) -> tuple[int | None, npt.NDArray[np.int64]]:
    """Place of the distance to the groups among the selected columns, None when it is none of them,
    and the places of all others, by which the groups are made.
    """
    place = [i for i, column in enumerate(columns) if names[int(column)] == CLUSTER_FEATURE]
    others = np.setdiff1d(np.arange(columns.size), place)
    return (place[0] if place else None), others


def _only(scaling: Scaling, place: int) -> Scaling:
    """The scaling of one column alone."""
    one = slice(place, place + 1)
    return Scaling(
        np.zeros(1, np.int64),
        scaling.units[one].copy(),
        scaling.centres[one].copy(),
        scaling.spreads[one].copy(),
        1,
    )


def _member(name: str, own: Mapping[str, bytes], arrays: Arrays, reliability: float) -> Member:
    def of(kind: str) -> Arrays:
        head = f"{name}.{kind}."
        return {key.removeprefix(head): a for key, a in arrays.items() if key.startswith(head)}

    labels = of("labels")
    return Member(
        KINDS[name].from_parts(own),
        TailCalibration.from_arrays(of("tail")),
        LabelCalibration.from_arrays(labels) if labels else None,
        min(max(reliability, 0.0), 1.0),
    )


def as_score(log10_odds: Scores) -> Scores:
    """Odds on the scale of risk from 0 to 1.

    Example:
        >>> as_score(np.array([-4.0, 0.0, 2.0])).tolist()
        [0.0, 0.5, 0.75]
    """
    scores: Scores = np.clip(0.5 + 0.125 * log10_odds, 0.0, 1.0)
    return scores


def _heard(sequence_p: Scores | None) -> list[Opinion]:
    """What the sequence model says; nothing where it was not asked."""
    if sequence_p is None:
        return []
    return [Opinion(LSTM, "neural", np.where(np.isnan(sequence_p), 1.0, sequence_p), None)]


def _is_clear(first: Judgement) -> npt.NDArray[np.bool_]:
    """Rows in which the first models see nothing."""
    clear: npt.NDArray[np.bool_] = first.log10_odds < CLEAR_ODDS
    for p in first.p.values():
        clear &= p >= CLEAR_P
    return clear


def _laid_over(
    judged: Judgement, asked: npt.NDArray[np.int64], told: Judgement, rows: int
) -> Judgement:
    """A judgement of the first models with that of all in the rows that were asked of all."""
    for name in ("log10_odds", "consensus", "confidence"):
        getattr(judged, name)[asked] = getattr(told, name)
    for kept, some in ((judged.p, told.p), (judged.votes, told.votes)):
        for name, values in some.items():
            if name not in kept:
                kept[name] = np.full(rows, np.nan)
                kept[name][asked] = values
    return judged


def _joined(blocks: Sequence[Judgement]) -> Judgement:
    def all_of(name: str) -> dict[str, Scores]:
        return {
            key: np.concatenate([getattr(block, name)[key] for block in blocks])
            for key in getattr(blocks[0], name)
        }

    groups = [block.groups for block in blocks if block.groups is not None]
    return Judgement(
        np.concatenate([block.log10_odds for block in blocks]),
        np.concatenate([block.consensus for block in blocks]),
        np.concatenate([block.confidence for block in blocks]),
        all_of("p"),
        all_of("votes"),
        Nearest(*map(np.concatenate, zip(*groups, strict=True))) if groups else None,
    )
