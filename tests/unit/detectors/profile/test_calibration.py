"""Surprise to chance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.detectors.profile.calibration import Calibration


def fitted(count=4_000, seed=1):
    values = np.random.default_rng(seed).exponential(1.0, count)
    return Calibration.fit(values, np.ones(count))


def test_chances_hold_on_new_requests():
    new = np.random.default_rng(2).exponential(1.0, 50_000)
    chance = fitted().chance(new)
    for level in (0.1, 0.01, 0.001):
        assert level / 1.6 < (chance <= level).mean() < level * 1.6


@given(st.lists(st.floats(0, 40), min_size=2, max_size=20))
def test_more_surprising_is_never_more_likely(values):
    chance = fitted(500).chance(np.sort(np.array(values)))
    assert (np.diff(chance) <= 0).all()
    assert ((chance > 0) & (chance <= 1)).all()


@given(st.lists(st.floats(0, 10), max_size=30))
def test_any_traffic_can_be_calibrated(values):
    found = Calibration.fit(np.array(values), np.ones(len(values)))
    chance = found.chance(np.array([0.0, 1.0, 100.0]))
    assert ((chance > 0) & (chance <= 1)).all()
    assert chance[2] <= chance[0]
