"""Thresholds of access rates: outliers of a window, both schemes, poisoning, hysteresis, blocks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.features import EVENT
from apisentinel.features.access_counting import smallest_outliers
from apisentinel.features.access_rates import TOLD_AGAIN, AccessRates, Rate, RatesMemory
from apisentinel.features.access_threshold import Scheme, Threshold, ThresholdSettings
from apisentinel.features.window_outliers import cluster_edge, fit_one_class, one_class_outliers

MINUTE = 60_000_000
SMALL = ThresholdSettings(windows_from=6, floor=20)


def crowd(seed: int, most: int = 60) -> dict[int, int]:
    rng = np.random.default_rng(seed)
    return dict(enumerate(np.ceil(rng.lognormal(1.2, 0.6, most)).astype(int).tolist()))


def profile(scheme: Scheme, bots: int = 0, windows: int = 300) -> float:
    learned = Threshold(ThresholdSettings(scheme=scheme, windows_from=6, floor=1))
    for k in range(windows):
        counts = crowd(k)
        if k >= windows // 2:
            counts |= {10_000 + b: 400 + 5 * (k % 20) for b in range(bots)}
        learned.close(counts)
    limit = learned.limit()
    assert limit is not None
    return limit


@given(st.lists(st.integers(1, 500), min_size=5, max_size=80))
def test_clusters_are_those_of_scikit_learn(counts: list[int]) -> None:
    cluster = pytest.importorskip("sklearn.cluster")
    values = np.sort(np.array(counts, np.float64))
    logs = np.log1p(values)
    labels = cluster.DBSCAN(eps=0.35, min_samples=5).fit(logs[:, None]).labels_
    edge, above = cluster_edge(values)
    if (labels < 0).all():
        assert (edge, above.size) == (values[-1], 0)
    else:
        assert edge in values[labels >= 0]
        assert above.size == 0 or above[0] > edge


@pytest.mark.parametrize("seed", range(4))
def test_the_one_class_machine_is_that_of_scikit_learn(seed: int) -> None:
    svm = pytest.importorskip("sklearn.svm")
    points = np.sort(np.random.default_rng(seed).normal(size=120))
    weights, offset = fit_one_class(points)
    assert weights.sum() == pytest.approx(1.0)
    other = svm.OneClassSVM(kernel="rbf", gamma=0.5, nu=0.05, tol=1e-6).fit(points[:, None])
    decision = np.exp(-0.5 * (points[:, None] - points[None, :]) ** 2) @ weights - offset
    # scikit-learn scales the weights by their number and the share of outliers
    expected = other.decision_function(points[:, None])
    assert decision * 0.05 * points.size == pytest.approx(expected, abs=5e-3)


def test_one_count_far_above_is_an_outlier_of_both() -> None:
    counts = np.sort(np.array([*crowd(1).values(), 400], np.float64))
    assert cluster_edge(counts)[1].tolist()[-1] == 400
    assert one_class_outliers(counts).tolist()[-1] == 400
    assert one_class_outliers(np.full(9, 3.0)).size == 0


def test_patient_bots_raise_the_classical_threshold_and_not_the_trimmed_one() -> None:
    assert profile(Scheme.TRIMMED, bots=40) < 2 * profile(Scheme.TRIMMED)
    assert profile(Scheme.CLASSICAL, bots=40) > 5 * profile(Scheme.CLASSICAL)


def test_a_threshold_moves_by_a_fifth_a_day_at_most() -> None:
    learned = Threshold(ThresholdSettings(windows_from=6, floor=1))
    for k in range(300):
        learned.close(crowd(k))
    before = learned.limit()
    for k in range(144):
        learned.close({who: 9 * count for who, count in crowd(k).items()})
    after = learned.limit()
    assert before is not None
    assert after is not None
    assert before < after < 1.2 * 1.25 * before


def test_who_is_above_is_not_heard_until_calm() -> None:
    learned = Threshold(SMALL)
    for k in range(8):
        learned.close(crowd(k))
    learned.above[7] = 0
    for k in range(3):
        assert 7 in learned.above
        learned.close(crowd(k) | {7: 1})
    assert 7 not in learned.above


def traffic(loud: int = 60) -> np.ndarray:
    """Two hours of ten clients a window, then one that asks far more."""
    rows = [
        (10 * MINUTE * w + 1_000_000 * k + c, c)
        for w in range(12) for c in range(1, 11) for k in range(3)
    ] + [(10 * MINUTE * 12 + 1_000_000 * k, 77) for k in range(loud)]  # fmt: skip
    events = np.zeros(len(rows), EVENT)
    for event, (ts, client) in zip(events, sorted(rows), strict=True):
        event["ts"], event["client"], event["endpoint"], event["status"] = ts, client, 5, 200
    return events


def test_a_client_above_the_threshold_is_told_at_its_request() -> None:
    (first, *more) = AccessRates(SMALL).update(traffic())
    assert (first.row, first.actual) == (12 * 30 + 20, 21)
    assert first.llr > 5.07
    assert [rate.actual for rate in more] == [32, 49]


@pytest.mark.parametrize("more", [{"credential": 9}, {"status": 429}, {"endpoint": 0}])
def test_keys_and_what_was_limited_do_not_count(more: dict[str, int]) -> None:
    events = traffic()
    for name, value in more.items():
        events[name][360:] = value
    assert AccessRates(SMALL).update(events) == []


@given(st.lists(st.integers(1, 419), max_size=6))
def test_blocks_and_restarts_change_nothing(cuts: list[int]) -> None:
    events = traffic()
    whole = AccessRates(SMALL)
    expected = whole.update(events)
    rates, found = AccessRates(SMALL), []
    edges = [0, *sorted(set(cuts)), len(events)]
    for begin, end in pairwise(edges):
        found += [rate._replace(row=rate.row + begin) for rate in rates.update(events[begin:end])]
        kept = rates.memory()
        rates = AccessRates(SMALL)
        rates.recall(kept)
    assert found == expected
    assert rates.memory() == whole.memory()
    assert isinstance(rates.memory(), RatesMemory)


@given(st.binary(max_size=200))
def test_damaged_pairs_are_refused_or_taken_as_they_are(pairs: bytes) -> None:
    rates = AccessRates(SMALL)
    try:
        rates.recall(RatesMemory(pairs=pairs))
    except ValueError:
        assert len(pairs) % 24
        return
    rates.update(traffic())


@given(st.lists(st.lists(st.integers(1, 300), min_size=1, max_size=40), min_size=1, max_size=6))
def test_edges_of_many_windows_are_those_of_each(windows: list[list[int]]) -> None:
    windows = [sorted(window) for window in windows]
    starts = np.cumsum([0, *map(len, windows)])
    expected = []
    for window in windows:
        edge, above = cluster_edge(np.array(window, np.float64))
        expected.append(above[0] if above.size else edge)
    found = smallest_outliers(np.concatenate(windows).astype(np.int64), starts)
    assert found.tolist() == expected


def naive(settings: ThresholdSettings, events: np.ndarray) -> tuple[list[Rate], RatesMemory]:
    """The same with a dictionary, request by request."""
    window, found = -1, []
    counts: dict[int, dict[int, int]] = {}
    came: dict[tuple[int, int], None] = {}
    profiles: dict[int, Threshold] = {}
    for row, event in enumerate(events):
        now = int(event["ts"]) // (settings.window_minutes * MINUTE)
        if now > window:
            for endpoint, own in counts.items():
                profiles.setdefault(endpoint, Threshold(settings)).close(own)
            for endpoint, profile in profiles.items():
                if endpoint not in counts:
                    profile.close({})
            window, counts, came = now, {}, {}
        own = counts.setdefault(int(event["endpoint"]), {})
        who = int(event["user"])
        own[who] = count = own.get(who, 0) + 1
        came[int(event["endpoint"]), who] = None
        known = profiles.get(int(event["endpoint"]))
        limit = None if known is None else known.limit()
        if known is None or limit is None or count <= limit:
            continue
        known.above[who] = 0
        level = int(limit) + 1
        while level < count:
            level = int(level * TOLD_AGAIN) + 1
        if level == count:
            found.append(Rate(row, count, limit, 5.2 + 1.5 * float(np.log(count / limit))))
    kept = [(endpoint, who, counts[endpoint][who]) for endpoint, who in came]
    pairs = np.array(kept, "<u8").T.tobytes()
    return found, RatesMemory(
        window, 0, pairs, [(endpoint, profile.memory()) for endpoint, profile in profiles.items()]
    )


@pytest.mark.parametrize("scheme", Scheme)
def test_windows_are_those_of_a_naive_count(scheme: Scheme) -> None:
    settings = ThresholdSettings(
        windows_from=4, windows=8, floor=4, window_minutes=1, scheme=scheme
    )
    rng = np.random.default_rng(3)
    events = np.zeros(4_000, EVENT)
    # some requests come late
    events["ts"] = np.sort(rng.integers(0, 40 * MINUTE, 4_000)) - rng.integers(0, 5_000_000, 4_000)
    events["endpoint"], events["client"] = rng.integers(1, 5, 4_000), 1
    events["user"] = np.minimum(rng.geometric(0.12, 4_000), 12) ** 2
    events["user"][2_500:2_900] = 7
    expected, kept = naive(settings, events)
    rates = AccessRates(settings)
    assert rates.update(events) == expected
    assert rates.memory() == kept
    assert len(expected) > 8
