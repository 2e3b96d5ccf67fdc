"""What each model is worth, measured on rows that it has not learned from, and the shares of the
groups: those of the settings, or those that explain the labels better.
"""

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Group, Scores
from apisentinel.models.label_calibration import fit_labels
from apisentinel.models.pool import GROUPS, PoolSettings

Labels = npt.NDArray[np.int8]

SHRINK = 5.0
"""Attacks by which a measured reliability is shrunk: as many make it half."""
LEAST_UNSUPERVISED = 0.5
"""Reliability that models without labels keep: labels name known attacks, these models are for the
others.
"""
NEAR, STEP = 0.15, 0.05
"""How far fitted shares may be from those of the settings, and the grid they are on."""
FEWEST_ROWS, FEWEST_ATTACKS = 2000, 100
"""Labelled rows from which on shares may be fitted; with fewer, chance would choose."""
BETTER = 0.01
"""Share of the log loss that fitted shares have to save to be used."""
FEW_FALSE = 0.001
"""Share of benign rows above which attacks count as found; fitted shares must not find fewer, since
log loss is about the bulk of the rows, and alerts are about the highest."""


def area(scores: Scores, labels: Labels) -> float:
    """Area under the ROC curve: chance that an attack scores higher than a benign row.

    Example:
        >>> area(np.array([0.1, 0.4, 0.9]), np.array([0, 1, 1], np.int8))
        1.0
    """
    attacks = int(labels.sum())
    benign = labels.size - attacks
    if not attacks or not benign:
        return 0.5
    _, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[group]
    return float((ranks[labels == 1].sum() - attacks * (attacks + 1) / 2) / (attacks * benign))


def reliability(scores: Scores, labels: Labels, group: Group) -> float:
    """How much a model is worth, 0 to 1: how far its area is from chance, shrunk when few attacks
    are known.
    """
    attacks = int(labels.sum())
    gini = max(0.0, 2.0 * area(scores, labels) - 1.0)
    measured = gini * attacks / (attacks + SHRINK)
    least = LEAST_UNSUPERVISED if group == "unsupervised" else 0.0
    return round(max(measured, least), 6)


class Shares(NamedTuple):
    """Shares of the groups and what speaks for them.

    Attributes:
        pool: The settings with these shares.
        given, fitted: Log loss of the shares of the settings and of the best others, NaN when there
            were too few labels.
    """

    pool: PoolSettings
    given: float
    fitted: float


def choose_shares(
    groups: Mapping[Group, tuple[Scores, float]], labels: Labels, pool: PoolSettings
) -> Shares:
    """The shares of the settings, or others near them under which labels are less surprising.

    Each candidate is calibrated on one half of the rows and measured on the other, both ways.

    Args:
        groups: log10 odds ``(n_rows,)`` and reliability of each group.
        labels: 1 attack, 0 benign, of rows that nobody has learned from.
        pool: The settings.
    """
    attacks = int(labels.sum())
    none = float("nan")
    if len(groups) < 2 or labels.size < FEWEST_ROWS or attacks < FEWEST_ATTACKS:
        return Shares(pool, none, none)
    odds = np.array(
        [groups[name][0] if name in groups else np.full(labels.size, pool.prior) for name in GROUPS]
    )
    trust = np.array([groups[name][1] if name in groups else 0.0 for name in GROUPS])
    given = np.array(pool.weights) / sum(pool.weights)

    def loss(shares: npt.NDArray[np.float64]) -> float:
        return _log_loss((shares * trust) @ odds, labels)

    steps = np.arange(-round(NEAR / STEP), round(NEAR / STEP) + 1) * STEP
    best, least, before = given, loss(given), loss(given)
    for first, second in itertools.product(steps, steps):
        shares = given + np.array([first, second, -first - second])
        if shares.min() < 0 or abs(shares[2] - given[2]) > NEAR + 1e-9:
            continue
        found = loss(shares)
        if found < least - 1e-12:
            best, least = shares, found
    worse = _found(best * trust @ odds, labels) < _found(given * trust @ odds, labels)
    if worse or least > (1.0 - BETTER) * before:
        return Shares(pool, round(before, 6), round(least, 6))
    weights = (round(float(best[0]), 6), round(float(best[1]), 6), round(float(best[2]), 6))
    made = msgspec.structs.replace(pool, weights=weights)
    return Shares(made, round(before, 6), round(least, 6))


def _found(odds: Scores, labels: Labels) -> float:
    """Share of the attacks above all but `FEW_FALSE` of the benign rows."""
    edge = np.quantile(odds[labels == 0], 1.0 - FEW_FALSE)
    return float((odds[labels == 1] > edge).mean())


def _log_loss(odds: Scores, labels: Labels) -> float:
    """Mean surprise of the labels, nats, when each half of the rows calibrates the other."""
    probability = 1.0 / (1.0 + 10.0 ** -np.clip(odds, -9.0, 9.0))
    half = np.arange(labels.size) % 2 == 0
    total = 0.0
    for learn, measure in ((half, ~half), (~half, half)):
        if labels[learn].min() == labels[learn].max():
            return float("inf")
        told = fit_labels(probability[learn], labels[learn]).apply(probability[measure])
        sign = np.where(labels[measure] == 1, -1.0, 1.0)
        total += float(np.logaddexp(0.0, sign * told * np.log(10.0)).sum())
    return total / labels.size


def calibration_error(odds: Scores, labels: Labels, prior: float, bins: int = 15) -> float:
    """Expected calibration error of odds at a prior, after a shift to the share of attacks among
    these rows: mean distance of what was said from what was true, 0 to 1.

    Args:
        odds: log10, ``(n_rows,)``.
        labels: 1 attack, 0 benign.
        prior: log10 odds that stand for knowing nothing.
        bins: Of equal width in the probability.

    References:
        Naeini, Cooper, Hauskrecht: Obtaining well calibrated probabilities using Bayesian binning,
        AAAI 2015.
    """
    share = min(max(float(labels.mean()), 1e-9), 1 - 1e-9)
    moved = np.clip(odds - prior + np.log10(share / (1 - share)), -9.0, 9.0)
    said = 1.0 / (1.0 + 10.0**-moved)
    places = np.minimum((said * bins).astype(np.int64), bins - 1)
    counts = np.bincount(places, minlength=bins)
    gaps = np.abs(
        np.bincount(places, said, minlength=bins) - np.bincount(places, labels, minlength=bins)
    )
    return float(gaps[counts > 0].sum() / labels.size)
