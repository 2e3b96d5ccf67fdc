"""Features against the site: what is usual is learned from the site itself, in the order of the
ticks, and equals what a plain reading of the values says.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.features import catalogue
from apisentinel.features.tick_record import TICK
from apisentinel.features.tick_site import (
    FARTHEST,
    FEWEST_VOICES,
    FIRST_SITE,
    SITE,
    SITE_BINS,
    SITE_LOW,
    SITE_MOST,
    SITE_PLACES,
    SITE_WIDTH,
    SiteState,
    range_of,
)

GAP = catalogue.SITE.index("gap")
SHARE = catalogue.SITE.index("repeat_share")


def ticks_of(values: np.ndarray, *, kind: int = 0, people: int = 1) -> tuple[np.ndarray, ...]:
    """A tick of another entity for each value of the pause, in seconds as log2."""
    ticks = np.zeros(len(values), TICK)
    ticks["kind"], ticks["people"], ticks["voice"] = kind, people, 1
    matrix = np.full((len(values), len(catalogue.FEATURES)), np.nan, np.float32)
    matrix[:, SITE_PLACES[GAP]] = values
    return ticks, matrix


def against(matrix: np.ndarray, place: int = GAP) -> np.ndarray:
    return matrix[:, FIRST_SITE + place]


def test_the_first_entities_of_a_site_are_not_compared() -> None:
    few = int(FEWEST_VOICES)
    ticks, matrix = ticks_of(np.linspace(0, 4, few + 5))
    SiteState().compare(ticks, matrix)
    assert np.isnan(against(matrix)[:few]).all()
    assert np.isfinite(against(matrix)[few:]).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(-3, 8), st.floats(0.3, 3))
def test_values_are_counted_in_spreads_from_the_median(seed: int, middle: float, sd: float) -> None:
    values = np.random.default_rng(seed).normal(middle, sd, 3_000).astype(np.float32)
    ticks, matrix = ticks_of(values)
    SiteState().compare(ticks, matrix)
    low, median, high = np.percentile(values, [10, 50, 90])
    spread = (high - low) / 2.56 + 0.02 * max(abs(median), 1) + 1e-3
    expected = np.clip((values[2_000:] - median) / spread, -FARTHEST, FARTHEST)
    # half of a cell, and what a thousand more voices still move
    off = (float(SITE_WIDTH[GAP]) / 2 + 0.2 * sd) / spread
    assert np.abs(against(matrix)[2_000:] - expected).max() < off + 0.15 * np.abs(expected).max()


def test_what_is_far_on_one_site_is_usual_on_another() -> None:
    rng = np.random.default_rng(3)
    asked = 6.0
    told = []
    for middle in (1.0, 6.0):
        ticks, matrix = ticks_of(np.append(rng.normal(middle, 0.5, 400), asked))
        SiteState().compare(ticks, matrix)
        told.append(float(against(matrix)[-1]))
    assert told[0] > 5
    assert abs(told[1]) < 1


def test_a_share_that_is_nearly_always_zero_has_zero_as_its_median() -> None:
    ticks, matrix = ticks_of(np.zeros(200))
    matrix[:, SITE_PLACES[SHARE]] = 0.0
    matrix[-1, SITE_PLACES[SHARE]] = 0.5
    SiteState().compare(ticks, matrix)
    assert against(matrix, SHARE)[-2] == 0
    assert against(matrix, SHARE)[-1] == FARTHEST


def test_each_kind_is_compared_with_its_own_and_people_apart_from_programs() -> None:
    state = SiteState()
    state.compare(*ticks_of(np.full(100, 1.0), people=1))
    for kind, people in ((0, 0), (1, 1)):
        ticks, matrix = ticks_of(np.array([9.0]), kind=kind, people=people)
        state.compare(ticks, matrix)
        assert np.isnan(against(matrix)[0])
    ticks, matrix = ticks_of(np.array([9.0]))
    state.compare(ticks, matrix)
    assert against(matrix)[0] > 5


def test_an_entity_has_one_voice_in_ten_minutes() -> None:
    ticks, matrix = ticks_of(np.linspace(0, 1, 500))
    ticks["voice"][10:] = 0
    state = SiteState()
    state.compare(ticks, matrix)
    assert state.cells[1, GAP, SITE_BINS] == 10


def test_missing_values_stay_missing_and_have_no_voice() -> None:
    ticks, matrix = ticks_of(np.full(100, np.nan))
    state = SiteState()
    state.compare(ticks, matrix)
    assert np.isnan(against(matrix)).all()
    assert state.cells.sum() == 0


def test_histograms_are_halved_and_follow_the_site() -> None:
    state = SiteState()
    count = int(SITE_MOST)
    state.compare(*ticks_of(np.full(count, 0.0)))
    for _ in range(4):
        state.compare(*ticks_of(np.full(count, 6.0)))
    assert state.cells[1, GAP, SITE_BINS] <= SITE_MOST
    assert state.cells[1, GAP, :SITE_BINS].sum() == state.cells[1, GAP, SITE_BINS]
    ticks, matrix = ticks_of(np.array([6.0]))
    state.compare(ticks, matrix)
    assert abs(against(matrix)[0]) < 1


@pytest.mark.parametrize("value", [-1e30, 1e30, -np.inf, np.inf])
def test_values_far_out_fall_into_the_outer_cells(value: float) -> None:
    ticks, matrix = ticks_of(np.append(np.linspace(0, 2, 60), value))
    state = SiteState()
    state.compare(ticks, matrix)
    assert state.cells[1, GAP, 0 if value < 0 else SITE_BINS - 1] == 1
    assert abs(against(matrix)[-1]) == FARTHEST


def test_every_feature_against_the_site_has_a_range_and_an_own_column() -> None:
    assert len(SITE_LOW) == SITE == len(set(catalogue.SITE))
    assert (SITE_WIDTH > 0).all()
    for place, name in enumerate(catalogue.SITE):
        assert catalogue.NAMES[FIRST_SITE + place] == f"{name}{catalogue.SITE_SUFFIX}"
        assert range_of(catalogue.feature(name))[0] < range_of(catalogue.feature(name))[1]
