"""The series detector against a naive oracle, and what it must and must not say."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.detectors.series import SeriesDetector, views

MINUTE = 60_000_000


def running_mean(values):
    """From the newest to the oldest: equal rounding makes equal ties."""
    return np.add.accumulate(values[::-1])[-1] / len(values)


def oracle(ts, values, history):
    """The views by their definition, from scratch for every value."""
    n, out, measured = len(values), np.zeros((len(values), views.VIEWS)), [[] for _ in range(5)]
    means = [
        np.array([running_mean(values[max(0, i - w + 1) : i + 1]) for i in range(n)])
        for w in views.LEVELS
    ]
    for i in range(n):
        first = max(0, i - history)
        usual = []
        for day in range(1, views.DAYS + 1):
            wanted = ts[i] - day * views.DAY_US
            if i == 0 or wanted < ts[first]:
                break
            j = first + int(np.searchsorted(ts[first:i], wanted))
            near = range(max(first, j - 1), min(i, j + 2))
            usual += [values[k] for k in near if abs(ts[k] - wanted) < views.NEAR_US]
        if len(usual) < 3:
            usual = list(values[max(first, i - views.RECENT) : i])
        found = [abs(m[i] - np.median(m[max(0, i - history + 1) : i + 1])) for m in means]
        found.append(abs(values[i] - values[i - 1]) if i else 0.0)
        found.append(abs(values[i] - np.median(usual)) if usual else 0.0)
        for view, x in enumerate(found):
            past = np.sort(measured[view][-history:])
            if len(past) >= views.LEAST_HISTORY:
                tail = max(views.LEAST_TAIL, int(views.TAIL_SHARE * len(past)))
                high = int((past >= x).sum())
                if high >= tail:
                    out[i, view] = -np.log10((high + 1) / (len(past) + 1))
                else:
                    u = past[-tail - 1]
                    scale = (past[-tail:] - u).sum() / tail + 1e-12 * abs(u) + 1e-300
                    far = -np.log10(tail / len(past)) + (x - u) / scale / np.log(10)
                    out[i, view] = min(far, views.MOST_SURPRISE)
            measured[view].append(x)
    return out


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 420),
    step=st.sampled_from([1, 60, 900, 7_200]),
    levels=st.sampled_from([3, 50, 10**6]),
)
@settings(max_examples=40, deadline=None)
def test_the_kernel_agrees_with_the_definition(seed, n, step, levels):
    rng = np.random.default_rng(seed)
    ts = np.cumsum(rng.integers(0, 2 * step + 1, n)) * 1_000_000
    values = np.round(rng.normal(size=n) * levels) / 7
    np.testing.assert_allclose(
        SeriesDetector().views(ts, values), oracle(ts, values, views.HISTORY), atol=1e-8
    )


def test_the_past_is_bounded_and_the_oldest_value_leaves():
    rng = np.random.default_rng(3)
    n = views.HISTORY + 700
    ts, values = np.arange(n) * 300_000_000, rng.normal(size=n).round(2)
    found = SeriesDetector().views(ts, values)
    tail = slice(n - 3, n)
    np.testing.assert_allclose(found[tail], oracle(ts, values, views.HISTORY)[tail], atol=1e-8)


@given(cuts=st.lists(st.integers(0, 300), max_size=6))
@settings(max_examples=20, deadline=None)
def test_blocks_do_not_matter(cuts):
    rng = np.random.default_rng(1)
    ts, values = np.arange(300) * MINUTE, rng.exponential(size=300)
    values[50:60] = np.nan
    whole = SeriesDetector().score_many(ts, values)
    detector, parts = SeriesDetector(), []
    edges = [0, *sorted(cuts), 300]
    for begin, end in itertools.pairwise(edges):
        parts.append(detector.score_many(ts[begin:end], values[begin:end]))
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_a_value_is_judged_by_those_before_it_alone():
    rng = np.random.default_rng(2)
    ts, values = np.arange(400) * MINUTE, rng.normal(size=400)
    other = values.copy()
    other[300:] = 1e9
    first, second = (SeriesDetector().score_many(ts, v)[:300] for v in (values, other))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("event", ["spike", "shift", "gap in the rhythm"])
def test_what_stands_out_is_the_strongest(event):
    rng = np.random.default_rng(5)
    n = 12 * 24 * 10
    ts = np.arange(n) * 300_000_000
    values = 100 + 60 * np.sin(np.arange(n) * 2 * np.pi / 288) + rng.normal(size=n) * 4
    at = n - 400
    match event:
        case "spike":
            values[at] += 400
        case "shift":
            values[at:] += 250
        case _:
            values[at - 72 : at + 72] = 100 + rng.normal(size=144) * 4  # a flat day
    scores = SeriesDetector().score_many(ts, values)
    near = slice(at - 80, at + 80)
    assert scores[near].max() == scores.max()
    assert scores[near].max() > 1.15 * np.delete(scores, np.r_[near])[700:].max()


def test_an_anomaly_is_told_once():
    rng = np.random.default_rng(5)
    values = rng.normal(size=900)
    values[600:] += 30
    scores = SeriesDetector().score_many(np.arange(900) * MINUTE, values)
    assert int((scores[600:660] > 0.1).sum()) <= 3
    assert scores[600] > 0.1


@pytest.mark.parametrize("value", [0.0, 1e308, -1e308, 5e-324])
def test_flat_and_extreme_series_are_quiet_numbers(value):
    scores = SeriesDetector().score_many(np.arange(300) * MINUTE, np.full(300, value))
    assert np.isfinite(scores).all()
    assert scores.max() < 0.1


def test_time_that_runs_backwards_stands_still():
    rng = np.random.default_rng(9)
    ts, values = np.arange(200) * MINUTE, rng.normal(size=200)
    back = ts.copy()
    back[150] = 0
    still = ts.copy()
    still[150] = ts[149]
    np.testing.assert_array_equal(
        SeriesDetector().views(back, values), SeriesDetector().views(still, values)
    )
