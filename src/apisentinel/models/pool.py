"""How the opinions of several models become one: odds of an attack, confidence, consensus."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Group, Scores
from apisentinel.models.calibration import cauchy, log10_factor
from apisentinel.models.clusters import Nearest

GROUPS: tuple[Group, ...] = ("unsupervised", "supervised", "neural")

CONSENSUS_P = 0.01
"""A model with a p-value below this says that a row is unusual."""

MOST = 9.0
"""log10 of the largest odds."""


class PoolSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much which opinion counts.

    Attributes:
        prior: log10 odds that a tick is part of an attack, before anything was seen.
        weights: Share of each group.
        members: Share of each model within its group; models that are not named count 0.25.
        novelty_p: Two unsupervised models below this p-value cannot be outvoted.
        novelty_models: How many have to agree.
        known_reliability: A supervised group of at least this reliability cannot be outvoted once
            another model is below `CONSENSUS_P`.
        floor_margin: log10 odds that the two floors stay below the opinion that they protect.
        absent_at_prior: A group without models counts as one that has seen nothing unusual, so
            that few models alone raise few alerts; else the others share its weight.
    """

    prior: float = -3.0
    weights: tuple[float, float, float] = (0.35, 0.50, 0.15)
    members: Mapping[str, float] = msgspec.field(
        default_factory=lambda: {
            "isolation_forest": 0.3,
            "one_class_svm": 0.25,
            "lof": 0.2,
            "mahalanobis": 0.25,
            "random_forest": 0.2,
            "xgboost": 0.3,
            "lightgbm": 0.3,
            "gradient_boosting": 0.2,
            "dnn": 0.5,
            "lstm": 0.5,
        }
    )
    novelty_p: float = 1e-4
    novelty_models: int = 2
    known_reliability: float = 0.8
    floor_margin: float = 0.7
    absent_at_prior: bool = True

    def share(self, name: str) -> float:
        """Share of a model within its group."""
        return self.members.get(name, 0.25)


class Opinion(NamedTuple):
    """What one model says of some rows.

    Attributes:
        name: Of the model.
        group: Of the model.
        p: p-values among usual rows, ``(n_rows,)``.
        log10_odds: Odds of an attack at the prior, ``(n_rows,)``, of models that learned from
            labels; None for the others.
        reliability: 0 to 1; 0 counts nothing.
    """

    name: str
    group: Group
    p: Scores
    log10_odds: Scores | None
    reliability: float = 1.0

    def rows(self, chosen: npt.NDArray[np.int64]) -> "Opinion":
        """The same of some rows."""
        odds = None if self.log10_odds is None else self.log10_odds[chosen]
        return self._replace(p=self.p[chosen], log10_odds=odds)


class Judgement(NamedTuple):
    """What all models say of some rows, every array ``(n_rows,)``.

    Attributes:
        log10_odds: Odds of an attack.
        consensus: Share of the models that find the row unusual, 0 to 1.
        confidence: 0 to 100: how many could speak, how much they agree, how much they knew.
        p: p-values by model.
        votes: Own log10 odds by model.
        groups: Where each row stands among the groups of entities that behave alike, None when the
            ensemble has none.
    """

    log10_odds: Scores
    consensus: Scores
    confidence: Scores
    p: dict[str, Scores]
    votes: dict[str, Scores]
    groups: Nearest | None = None


def pool(
    opinions: Sequence[Opinion], settings: PoolSettings, *, known: float = math.inf
) -> Judgement:
    """One judgement from all opinions.

    Within the unsupervised group p-values are combined by Cauchy's test and become odds; within
    the supervised group probabilities are averaged; within the neural group log-odds. The groups
    meet in a weighted mean of log-odds. That lets a group veto, so two floors protect what two
    unsupervised models, or a reliable supervised group, are sure of.

    Args:
        opinions: At least one; all of the same rows.
        settings: Weights and floors.
        known: Rows that the weakest baseline was learned from.

    Raises:
        ValueError: There are no opinions.
    """
    if not opinions:
        raise ValueError("no opinions to pool")
    votes = {opinion.name: _own_odds(opinion, settings) for opinion in opinions}
    total: Scores = np.zeros(opinions[0].p.size)
    weight_sum = 0.0
    groups = _all_group_odds(opinions, votes, settings)
    for group, weight in zip(GROUPS, settings.weights, strict=True):
        if group in groups:
            odds, reliability = groups[group]
            total = total + weight * reliability * odds
            weight_sum += weight * reliability
    pooled: Scores = total / weight_sum if weight_sum > 0 else total + settings.prior
    if settings.absent_at_prior:
        full = sum(settings.weights)
        pooled = (weight_sum * pooled + (full - weight_sum) * settings.prior) / full
    pooled = _with_floors(pooled, opinions, groups, settings)
    p = {opinion.name: opinion.p for opinion in opinions}
    return Judgement(
        np.clip(pooled, -MOST, MOST),
        np.mean([values < CONSENSUS_P for values in p.values()], axis=0),
        _confidence(opinions, votes, weight_sum / sum(settings.weights), settings, known),
        p,
        votes,
    )


def group_odds(
    opinions: Sequence[Opinion], settings: PoolSettings
) -> dict[Group, tuple[Scores, float]]:
    """log10 odds ``(n_rows,)`` and reliability of each group of which somebody can speak."""
    votes = {opinion.name: _own_odds(opinion, settings) for opinion in opinions}
    return _all_group_odds(opinions, votes, settings)


def _all_group_odds(
    opinions: Sequence[Opinion], votes: Mapping[str, Scores], settings: PoolSettings
) -> dict[Group, tuple[Scores, float]]:
    out: dict[Group, tuple[Scores, float]] = {}
    for group in GROUPS:
        members = [opinion for opinion in opinions if opinion.group == group]
        found = _group_odds(group, members, votes, settings)
        if found is not None:
            out[group] = found
    return out


def _own_odds(opinion: Opinion, settings: PoolSettings) -> Scores:
    if opinion.log10_odds is not None:
        return opinion.log10_odds
    return settings.prior + log10_factor(opinion.p)


def _group_odds(
    group: Group, members: Sequence[Opinion], votes: Mapping[str, Scores], settings: PoolSettings
) -> tuple[Scores, float] | None:
    """log10 odds and reliability of a group; None when nobody of it can speak."""
    shares = np.array([settings.share(member.name) * member.reliability for member in members])
    if not members or shares.sum() <= 0:
        return None
    reliability = float(shares.sum() / sum(settings.share(member.name) for member in members))
    if group == "unsupervised":
        together = cauchy(np.array([member.p for member in members]), shares)
        return settings.prior + log10_factor(together), reliability
    odds = np.array([votes[member.name] for member in members])
    if group == "neural":
        return shares @ odds / shares.sum(), reliability
    ratio = 10.0**odds
    q = shares @ (ratio / (1 + ratio)) / shares.sum()
    return np.log10(q) - np.log10(np.maximum(1 - q, 1e-12)), reliability


def _with_floors(
    pooled: Scores,
    opinions: Sequence[Opinion],
    groups: Mapping[Group, tuple[Scores, float]],
    settings: PoolSettings,
) -> Scores:
    if "unsupervised" in groups:
        votes = np.sum(
            [o.p < settings.novelty_p for o in opinions if o.group == "unsupervised"], axis=0
        )
        floor = groups["unsupervised"][0] - settings.floor_margin
        novel = votes >= settings.novelty_models
        pooled = np.where(novel, np.maximum(pooled, floor), pooled)
    if "supervised" in groups and groups["supervised"][1] >= settings.known_reliability:
        others = [o.p < CONSENSUS_P for o in opinions if o.group != "supervised"]
        if others:
            floor = groups["supervised"][0] - settings.floor_margin
            backed = np.any(others, axis=0)
            pooled = np.where(backed, np.maximum(pooled, floor), pooled)
    return pooled


def _confidence(
    opinions: Sequence[Opinion],
    votes: Mapping[str, Scores],
    covered: float,
    settings: PoolSettings,
    known: float,
) -> Scores:
    """100 × coverage × agreement × depth of the baseline."""
    share_of = dict(zip(GROUPS, settings.weights, strict=True))
    weights: npt.NDArray[np.float64] = np.array(
        [share_of[o.group] * settings.share(o.name) * max(o.reliability, 1e-6) for o in opinions]
    )
    weights /= weights.sum()
    odds = np.array([votes[opinion.name] for opinion in opinions])
    middle = weights @ odds
    spread = np.sqrt(np.maximum(weights @ np.square(odds - middle), 0.0))
    depth = 1.0 if math.isinf(known) else known / (known + 200.0)
    result: Scores = 100.0 * covered * (1.0 - np.minimum(1.0, spread / 2.0)) * depth
    return result
