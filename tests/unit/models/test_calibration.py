import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import pack_arrays, unpack_arrays
from apisentinel.models.calibration import (
    SMALLEST_P,
    TailCalibration,
    cauchy,
    fit_tail,
    log10_factor,
)
from apisentinel.models.label_calibration import LabelCalibration, fit_labels

SEEDS = st.integers(0, 2**31 - 1)
SCORES = hnp.arrays("float64", st.integers(1, 300), elements=st.floats(-1e6, 1e6))
LAWS = {
    "normal": lambda rng, n: rng.normal(3, 2, n),
    "heavy": lambda rng, n: rng.standard_t(4, n) * 100,
    "exponential": lambda rng, n: rng.exponential(1e-3, n),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("rows", [400, 5000])
def test_p_values_of_usual_rows_are_uniform(law, rows):
    rng = np.random.default_rng(7)
    p = np.concatenate(
        [fit_tail(LAWS[law](rng, rows)).p_values(LAWS[law](rng, 2000)) for _ in range(40)]
    )
    for level in (0.5, 0.1, 0.05, 0.01):
        assert (p <= level).mean() == pytest.approx(level, rel=0.25)
    assert 0.0003 < (p <= 0.001).mean() < 0.0025


def test_scores_with_an_end_have_p_values_that_are_too_large_rather_than_too_small():
    rng = np.random.default_rng(7)
    p = fit_tail(rng.uniform(-1, 1, 5000)).p_values(rng.uniform(-1, 1, 50_000))
    assert (p <= 0.01).mean() < 0.012
    assert (p <= 0.001).mean() < 0.001


@settings(deadline=None)
@given(SCORES, SCORES)
def test_a_higher_score_never_has_a_higher_p_value(reference, scores):
    p = fit_tail(reference).p_values(np.sort(scores))
    assert (np.diff(p) <= 0).all()
    assert (p >= SMALLEST_P).all()
    assert (p <= 1).all()


def test_beyond_all_known_scores_p_values_go_on_falling():
    p = fit_tail(np.random.default_rng(1).normal(0, 1, 1000)).p_values(np.arange(3.0, 9.0))
    assert (np.diff(p) < 0).all()


def test_constant_scores_have_a_calibration():
    p = fit_tail(np.full(50, 2.0)).p_values(np.array([1.0, 2.0, 3.0]))
    assert p[0] == p[1] == 1.0
    assert p[2] < 0.05


@settings(deadline=None)
@given(SCORES, SCORES)
def test_a_calibration_is_kept(reference, scores):
    one = fit_tail(reference)
    two = TailCalibration.from_arrays(unpack_arrays(pack_arrays(one.to_arrays())))
    assert one.p_values(scores).tobytes() == two.p_values(scores).tobytes()


def test_damaged_calibrations_are_refused():
    arrays = fit_tail(np.arange(50.0)).to_arrays()
    for name, value in [
        ("reference", arrays["reference"][::-1].copy()),
        ("reference", np.zeros(0)),
        ("tail", np.array([0.0, 0.1, 0.1, 0.0])),
        ("tail", np.array([0.0, np.nan, 0.1, 1.0])),
    ]:
        with pytest.raises(IncompatibleModelError):
            TailCalibration.from_arrays({**arrays, name: value})


def test_many_scores_are_kept_as_a_sample_of_their_ranks():
    scores = np.random.default_rng(3).normal(0, 1, 50_000)
    whole, small = fit_tail(scores, most=100_000), fit_tail(scores, most=1000)
    assert small.reference.size == 1000
    at = np.linspace(-3, 6, 50)
    np.testing.assert_allclose(small.p_values(at), whole.p_values(at), atol=2e-3)


@given(hnp.arrays("float64", (3, 20), elements=st.floats(1e-8, 1.0)))
def test_the_combined_p_value_falls_with_each_part(p):
    weights = np.array([0.4, 0.3, 0.3])
    lower = p.copy()
    lower[1] = np.maximum(p[1] / 3, 1e-8)
    assert (cauchy(lower, weights) <= cauchy(p, weights) * (1 + 1e-9)).all()
    assert (cauchy(p, weights) >= p.min(axis=0) * 0.9).all()


@pytest.mark.parametrize("correlation", [0.0, 0.6, 0.9])
def test_the_combined_p_value_of_usual_rows_is_honest(correlation):
    rng = np.random.default_rng(5)
    common = rng.normal(0, 1, 400_000) * np.sqrt(correlation)
    own = rng.normal(0, 1, (3, 400_000)) * np.sqrt(1 - correlation)
    ranks = np.argsort(np.argsort(common + own, axis=1), axis=1)
    p = cauchy((ranks + 1) / 400_001, np.array([0.4, 0.3, 0.3]))
    assert 0.7 < (p < 0.001).mean() / 0.001 < 1.2
    assert (p < 0.01).mean() / 0.01 < 1.2


def test_one_model_alone_keeps_its_p_value():
    p = np.array([1e-8, 1e-4, 0.03, 0.5, 0.9])
    np.testing.assert_allclose(cauchy(p[None], np.ones(1)), p, rtol=1e-6)


def test_a_p_value_becomes_the_bound_of_vovk_and_sellke():
    bound = -np.log10(-np.e * 1e-3 * np.log(1e-3))
    assert log10_factor(np.array([1e-3]))[0] == pytest.approx(0.9 * bound)
    assert log10_factor(np.array([1 / np.e]))[0] == pytest.approx(0, abs=1e-12)
    factors = log10_factor(np.linspace(1e-8, 1, 10_000))
    assert (np.diff(factors) < 0).all()
    assert factors.max() <= 6
    assert factors.min() > -0.2


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.sampled_from([60, 4000]), st.floats(0.1, 0.6))
def test_calibrated_odds_rise_with_the_score_and_mean_what_they_say(seed, rows, share):
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(np.int8)
    y[:2] = [0, 1]
    odds = rng.normal(0, 1.2, rows) + 2.5 * y
    learned = fit_labels(1 / (1 + np.exp(-2 * odds)), y)
    grid = learned.apply(np.linspace(0, 1, 500))
    assert (np.diff(grid) >= -1e-12).all()
    if rows == 4000:
        q = 1 / (1 + 10 ** -learned.apply(1 / (1 + np.exp(-2 * odds))))
        assert abs(q.mean() - y.mean()) < 0.02
        order = np.array_split(np.argsort(q), 10)
        error = np.mean([abs(q[part].mean() - y[part].mean()) for part in order])
        assert error < 0.05


def test_label_calibrations_are_kept_and_checked():
    y = np.array([0, 1] * 50, np.int8)
    learned = fit_labels(np.where(y, 0.8, 0.3) + np.linspace(-0.1, 0.1, 100), y)
    arrays = unpack_arrays(pack_arrays(learned.to_arrays()))
    again = LabelCalibration.from_arrays(arrays)
    at = np.linspace(0, 1, 11)
    assert again.apply(at).tobytes() == learned.apply(at).tobytes()
    with pytest.raises(IncompatibleModelError):
        LabelCalibration.from_arrays({**arrays, "log10_odds": arrays["log10_odds"][::-1].copy()})
    with pytest.raises(ValueError, match="both classes"):
        fit_labels(np.ones(5), np.ones(5, np.int8))
