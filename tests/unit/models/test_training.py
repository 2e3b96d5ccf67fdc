import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.models.arrays import pack_arrays, unpack_arrays
from apisentinel.models.scaling import LIMIT, Scaling, fit_scaling
from apisentinel.models.training.cleaning import MOST, clean_rows
from apisentinel.models.training.fit import FitSettings, TrainingData, _Training
from apisentinel.models.training.folds import assign_folds, cap_groups, split_by_time
from apisentinel.models.training.labels import balanced, doubted, read_labels
from apisentinel.models.training.selection import select_features
from apisentinel.models.training.supervised import Labelled, TreeSettings
from apisentinel.models.training.tuning import average_precision, tune_trees
from apisentinel.models.training.unsupervised import fit_isolation_forest, fit_mahalanobis
from tests.unit.models.tables import labels, table

GROUPS = st.lists(st.integers(0, 12), min_size=4, max_size=200).map(lambda g: np.array(g, np.int64))


@given(GROUPS, st.integers(2, 5), st.integers(0, 99))
def test_an_actor_is_in_one_fold(groups, count, seed):
    folds = assign_folds(groups, count, seed=seed)
    assert set(folds.tolist()) <= set(range(count))
    for group in np.unique(groups):
        assert np.unique(folds[groups == group]).size == 1
    assert (folds == assign_folds(groups, count, seed=seed)).all()


def test_folds_are_about_equal():
    sizes = np.bincount(assign_folds(np.arange(10_000) // 7, 5, seed=1))
    assert sizes.min() > 0.95 * sizes.max()


@given(GROUPS)
def test_what_is_measured_is_later_and_of_others(groups):
    times = np.arange(groups.size, dtype=np.int64)
    early, measured = split_by_time(times, groups)
    assert not (early & measured).any()
    assert not np.isin(groups[measured], groups[early]).any()
    if measured.any():
        assert times[measured].min() > times[early].max()


def test_a_loud_actor_is_capped():
    groups = np.concatenate([np.zeros(5000, np.int64), np.arange(1, 5001)])
    kept = cap_groups(groups, 0.005, seed=1)
    assert kept[groups == 0].sum() == 50
    assert kept[groups > 0].all()


JUDGES = (fit_mahalanobis, [lambda rows: fit_isolation_forest(rows, seed=1, trees=30)])


def test_poison_is_left_out_and_a_clean_table_stays():
    rng = np.random.default_rng(3)
    clean = rng.normal(0, 1, (2000, 6)).astype(np.float32)
    folds = np.arange(2000) % 5
    assert clean_rows(clean, folds, *JUDGES).mean() > 0.995
    poisoned = clean.copy()
    poisoned[:60, :3] += 9
    kept = clean_rows(poisoned, folds, *JUDGES)
    assert kept[:60].mean() < 0.05
    assert kept[60:].mean() > 0.99


def test_no_more_than_a_share_is_left_out():
    rows = np.random.default_rng(3).normal(0, 0.01, (1000, 3)).astype(np.float32)
    rows[:90] += np.linspace(5, 9, 90, dtype=np.float32)[:, None]
    assert clean_rows(rows, np.arange(1000) % 5, *JUDGES).sum() >= (1 - MOST) * 1000


def test_features_that_tell_are_chosen_and_twins_and_constants_are_not():
    data = np.asarray(table(5, 2000, 10, missing=0.05), np.float64)
    y = labels(data)
    data[:, 4] = data[:, 0] * 1000 + 5
    data[:, 7] = 3.0
    chosen = select_features(data, y, np.arange(2000) % 5, most=3)
    assert len({0, 4} & set(chosen.columns.tolist())) == 1
    assert 1 in chosen.columns
    assert 7 not in chosen.columns
    assert chosen.information[0] > 5 * chosen.information[9]
    assert ((chosen.stability >= 0) & (chosen.stability <= 1)).all()


def test_selection_without_labels_drops_what_never_changes():
    data = np.asarray(table(5, 500, 6), np.float64)
    data[:, 2] = 1
    chosen = select_features(data, None, np.arange(500) % 5, most=5)
    assert chosen.columns.tolist() == [0, 1, 3, 4, 5]


def test_doubtful_labels_weigh_less_and_contradicted_ones_are_found():
    y = np.array([1.0, 1, 0.9, 0.9, 0, 0, np.nan, np.nan])
    classes = read_labels(y)
    assert classes.weights.tolist() == [1, 1, 0.8, 0.8, 1, 1, 0.5, 0.5]
    q = np.array([0.9, 0.01, 0.9, 0.01, 0.1, 0.99, 0.1, 0.99])
    assert doubted(classes, q).tolist() == [False, False, False, True, False, False, False, True]


def test_rare_attacks_are_lifted_by_the_root_of_the_imbalance():
    weights = balanced(read_labels(np.array([1.0] * 10 + [0.0] * 1000)))
    assert weights[0] / weights[-1] == pytest.approx(10)
    assert weights.mean() == pytest.approx(1)


def test_average_precision_equals_the_library():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    for _ in range(20):
        y, s = rng.integers(0, 2, 60).astype(np.int8), rng.integers(0, 12, 60) / 12
        y[:2] = [0, 1]
        assert average_precision(s, y) == pytest.approx(metrics.average_precision_score(y, s))


def test_the_search_is_seeded_keeps_its_budget_and_is_no_worse_than_the_defaults():
    rows = table(8, 600)
    data = Labelled(rows, labels(rows), np.ones(600), np.zeros(8, np.int8))
    held, told = np.arange(600) % 3 == 0, []
    one = tune_trees(data, held, seed=3, trials=3, report=lambda *step: told.append(step))
    assert one == tune_trees(data, held, seed=3, trials=3)
    assert one.trials == 3
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert one.precision >= tune_trees(data, held, seed=3, trials=2).precision
    assert tune_trees(data, held, seed=3, trials=0).trials == 0


def test_the_search_ends_with_its_budget():
    rows = table(8, 600)
    data = Labelled(rows, labels(rows), np.ones(600), np.zeros(8, np.int8))
    found = tune_trees(data, np.arange(600) % 3 == 0, seed=3, trials=50, seconds=1e-9)
    assert found.trials <= 1
    assert found.settings == TreeSettings()


def test_settings_are_not_measured_on_rows_without_a_label():
    rows = np.asarray(table(8, 600), np.float64)
    y = labels(rows).astype(np.float64)
    y[::4] = np.nan
    names = [f"f{i}" for i in range(8)]
    training = _Training(TrainingData(rows, names, y), FitSettings(seed=1), lambda *_: None)
    held = training._held_back()
    assert held.any()
    assert np.isfinite(y[held]).all()


COLUMNS = {
    "normal": lambda rng, n: rng.normal(50, 3, n),
    "heavy": lambda rng, n: rng.lognormal(3, 2, n),
    "tiny": lambda rng, n: rng.lognormal(-12, 1, n),
    "huge": lambda rng, n: rng.lognormal(30, 1, n),
    "both signs": lambda rng, n: rng.standard_t(1.5, n) * 1e4,
    "counts": lambda rng, n: rng.poisson(2, n).astype(float),
    "constant": lambda rng, n: np.full(n, 7.0),
    "rare": lambda rng, n: (rng.random(n) < 0.01).astype(float),
    "missing": lambda rng, n: np.full(n, np.nan),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_any_column_becomes_spreads_around_its_median(name):
    values = COLUMNS[name](np.random.default_rng(2), 3000)[:, None]
    scaled = fit_scaling(values).apply(values)
    assert scaled.dtype == np.float32
    if name == "missing":
        assert np.isnan(scaled).all()
        return
    assert abs(np.median(scaled)) < 1e-6
    assert np.abs(scaled).max() <= LIMIT
    if name not in {"constant", "rare"}:
        assert 0.5 < np.quantile(scaled, 0.84) - np.quantile(scaled, 0.16) < 3


@pytest.mark.parametrize("name", sorted(set(COLUMNS) - {"missing"}))
def test_scaling_keeps_the_order(name):
    values = np.sort(COLUMNS[name](np.random.default_rng(2), 500))[:, None]
    assert (np.diff(fit_scaling(values).apply(values * 2)[:, 0]) >= 0).all()


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=3, max_size=30))
def test_hostile_numbers_give_numbers_or_missing(values):
    column = np.array(values)[:, None]
    scaling = fit_scaling(table(1, 100, 1, missing=0).astype(np.float64))
    assert (np.isnan(scaling.apply(column)) == np.isnan(column)).all()
    assert (np.isnan(fit_scaling(column).apply(column)) | True).all()


def test_scaling_is_kept():
    one = fit_scaling(np.random.default_rng(1).lognormal(1, 2, (100, 5)), [1, 3])
    two = Scaling.from_arrays(unpack_arrays(pack_arrays(one.to_arrays())))
    rows = np.random.default_rng(2).lognormal(1, 2, (10, 5))
    assert one.apply(rows).tobytes() == two.apply(rows).tobytes()
