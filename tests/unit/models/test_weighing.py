"""Models are worth what they were measured to be, and shares move only for a reason."""

import numpy as np
import pytest

from apisentinel.models.base import Group
from apisentinel.models.pool import GROUPS, PoolSettings
from apisentinel.models.training.weighing import (
    LEAST_UNSUPERVISED,
    NEAR,
    area,
    calibration_error,
    choose_shares,
    reliability,
)


def labels_of(rows: int = 4_000, share: float = 0.1, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random(rows) < share).astype(np.int8)


def test_the_area_equals_the_library_with_ties() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    for _ in range(20):
        y, s = rng.integers(0, 2, 80).astype(np.int8), rng.integers(0, 9, 80) / 9.0
        y[:2] = [0, 1]
        assert area(s, y) == pytest.approx(metrics.roc_auc_score(y, s))


def test_reliability_is_distance_from_chance_and_grows_with_labels() -> None:
    y = labels_of()
    assert reliability(y.astype(float), y, "supervised") > 0.98
    noise = np.random.default_rng(2).random(y.size)
    assert reliability(noise, y, "supervised") < 0.1
    assert reliability(-y.astype(float), y, "supervised") == 0.0
    few = np.array([0] * 90 + [1] * 5, np.int8)
    assert reliability(few.astype(float), few, "supervised") == pytest.approx(0.5)


def test_models_for_the_unknown_keep_a_voice_whatever_known_attacks_say() -> None:
    y = labels_of()
    noise = np.random.default_rng(2).random(y.size)
    assert reliability(noise, y, "unsupervised") == LEAST_UNSUPERVISED


def opinions(
    y: np.ndarray, strengths: tuple[float, float, float]
) -> dict[Group, tuple[np.ndarray, float]]:
    rng = np.random.default_rng(5)
    return {
        name: (-3 + strength * y * 3 + rng.normal(0, 1, y.size), 1.0)
        for name, strength in zip(GROUPS, strengths, strict=True)
    }


def test_shares_move_to_the_group_that_knows_and_stay_near() -> None:
    y, pool = labels_of(), PoolSettings()
    chosen = choose_shares(opinions(y, (0.0, 2.0, 0.0)), y, pool)
    assert chosen.fitted < chosen.given
    assert chosen.pool.weights[1] > pool.weights[1]
    assert np.abs(np.array(chosen.pool.weights) - pool.weights).max() <= NEAR + 1e-9
    assert sum(chosen.pool.weights) == pytest.approx(1.0)
    assert chosen.pool.members == pool.members


def test_shares_stay_when_labels_are_few_or_others_are_no_better() -> None:
    pool = PoolSettings()
    few = labels_of(rows=500)
    assert choose_shares(opinions(few, (0, 2, 0)), few, pool).pool is pool
    y = labels_of()
    equal = opinions(y, (1.0, 1.0, 1.0))
    best = dict.fromkeys(equal, equal["supervised"])
    assert choose_shares(best, y, pool).pool is pool


def test_the_calibration_error_of_true_odds_is_small_and_of_boasts_large() -> None:
    rng = np.random.default_rng(3)
    odds = rng.normal(-1, 1, 20_000)
    y = (rng.random(odds.size) < 1 / (1 + 10.0**-odds)).astype(np.int8)
    prior = float(np.log10(y.mean() / (1 - y.mean())))
    assert calibration_error(odds, y, prior) < 0.02
    assert calibration_error(odds + 2, y, prior) > 0.2
