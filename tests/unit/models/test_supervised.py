import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.lightgbm import LightgbmModel, read_text
from apisentinel.models.random_forest import RandomForestModel
from apisentinel.models.training.supervised import (
    Labelled,
    TreeSettings,
    bin_edges,
    fit_gradient_boosting,
    fit_lightgbm,
    fit_random_forest,
    fit_xgboost,
    places_among,
    read_gradient_boosting,
)
from apisentinel.models.xgboost import XgboostModel, read_booster
from tests.unit.models.tables import assert_kept, assert_row_independent, labels, table

xgboost = pytest.importorskip("xgboost")
lightgbm = pytest.importorskip("lightgbm")
sklearn_ensemble = pytest.importorskip("sklearn.ensemble")

FITS = {
    "xgboost": fit_xgboost,
    "random_forest": fit_random_forest,
    "lightgbm": fit_lightgbm,
    "gradient_boosting": fit_gradient_boosting,
}
SEEDS = st.integers(0, 2**31 - 1)
MISSING = st.sampled_from([0.0, 0.2])
QUICK = TreeSettings(trees=15)


def labelled(seed, missing=0.1, monotone=0, rows=400):
    data = table(seed, rows, missing=missing)
    signs = np.zeros(data.shape[1], np.int8)
    signs[0] = monotone
    return Labelled(data, labels(data), np.ones(rows), signs)


def other(seed, missing=0.3):
    data = table(seed + 1, 200, missing=missing) * 2
    data[:3] = [[np.inf], [-np.inf], [-0.0]]
    return data


@settings(max_examples=10, deadline=None)
@given(SEEDS, MISSING, st.integers(1, 7), st.floats(0.2, 0.8))
def test_xgboost_equals_the_library(seed, missing, depth, base):
    data = labelled(seed, missing)
    learned = xgboost.XGBClassifier(
        n_estimators=20, max_depth=depth, base_score=base, tree_method="hist", n_jobs=2
    ).fit(data.table, data.labels)
    ours = XgboostModel(bytes(learned.get_booster().save_raw("ubj"))).score_many(other(seed))
    theirs = learned.predict_proba(other(seed))[:, 1]
    np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)


@settings(max_examples=6, deadline=None)
@given(SEEDS, MISSING)
def test_random_forest_equals_the_library(seed, missing):
    data = labelled(seed, missing)
    learned = xgboost.XGBRFClassifier(n_estimators=30, max_depth=8, n_jobs=2)
    learned.fit(data.table, data.labels)
    model = RandomForestModel(bytes(learned.get_booster().save_raw("ubj")))
    theirs = learned.predict_proba(other(seed))[:, 1]
    np.testing.assert_allclose(model.score_many(other(seed)), theirs, atol=1e-6, rtol=0)


@settings(max_examples=10, deadline=None)
@given(SEEDS, MISSING, st.integers(2, 40))
def test_lightgbm_equals_the_library(seed, missing, leaves):
    data = labelled(seed, missing)
    learned = lightgbm.train(
        {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 2},
        lightgbm.Dataset(data.table, data.labels),
        num_boost_round=20,
    )
    ours = LightgbmModel(learned.model_to_string().encode()).score_many(other(seed))
    theirs = learned.predict(other(seed))
    np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)


@settings(max_examples=8, deadline=None)
@given(SEEDS, MISSING, st.integers(3, 40))
def test_gradient_boosting_equals_the_library(seed, missing, leaves):
    data = labelled(seed, missing)
    learned = sklearn_ensemble.HistGradientBoostingClassifier(
        max_iter=20, max_leaf_nodes=leaves, early_stopping=False
    ).fit(data.table, data.labels)
    rows = other(seed)[3:]  # the library refuses infinite values
    theirs = learned.predict_proba(rows)[:, 1]
    np.testing.assert_allclose(
        read_gradient_boosting(learned).score_many(rows), theirs, atol=1e-6, rtol=0
    )


@settings(max_examples=8, deadline=None)
@given(SEEDS, MISSING, st.integers(3, 40))
def test_gradient_boosting_on_bins_equals_the_library_on_bins(seed, missing, leaves):
    data = labelled(seed, missing)
    edges = [bin_edges(column) for column in data.table.T]
    learned = sklearn_ensemble.HistGradientBoostingClassifier(
        max_iter=20, max_leaf_nodes=leaves, early_stopping=False
    ).fit(places_among(data.table, edges), data.labels)
    rows = other(seed)
    theirs = learned.predict_proba(places_among(rows, edges))[:, 1]
    np.testing.assert_allclose(
        read_gradient_boosting(learned, edges).score_many(rows), theirs, atol=1e-6, rtol=0
    )


def test_bins_hold_what_lies_between_their_edges():
    column = np.array([3.0, 1.0, np.nan, 2.0, 2.0], np.float32)
    edges = bin_edges(column)
    assert edges.tolist() == [1.0, 2.0, 3.0]
    asked = np.array([[0.0], [1.0], [1.5], [3.0], [9.0], [np.nan]], np.float32)
    np.testing.assert_array_equal(places_among(asked, [edges])[:, 0], [0, 0, 1, 2, 3, np.nan])


@pytest.mark.parametrize("name", FITS)
def test_a_row_is_judged_alone_and_kept(name):
    model = FITS[name](labelled(2), QUICK, seed=1)
    assert (model.name, model.group) == (name, "supervised")
    assert_row_independent(model, other(2))
    assert_kept(model, other(2))


@pytest.mark.parametrize("name", FITS)
def test_attacks_score_above_the_benign(name):
    data = labelled(3, rows=800)
    scores = FITS[name](data, TreeSettings(trees=40), seed=1).score_many(data.table)
    assert np.median(scores[data.labels == 1]) > np.quantile(scores[data.labels == 0], 0.95)


@pytest.mark.parametrize("name", FITS)
def test_a_monotone_feature_never_lowers_the_risk(name):
    model = FITS[name](labelled(4, 0.0, monotone=1), QUICK, seed=1)
    rows = np.repeat(table(9, 30, missing=0), 40, axis=0)
    rows[:, 0] = np.tile(np.linspace(-9, 9, 40, dtype=np.float32), 30)
    steps = np.diff(model.score_many(rows).reshape(30, 40), axis=1)
    assert steps.min() >= 0
    assert steps.max() > 0


@pytest.mark.parametrize("name", FITS)
def test_equal_seeds_give_equal_bytes(name):
    data = labelled(5)
    assert FITS[name](data, QUICK, seed=5).to_parts() == FITS[name](data, QUICK, seed=5).to_parts()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_booster_is_refused_or_stays_inside_its_arrays(data):
    good = BOOSTER
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
    bad = bad[: data.draw(st.sampled_from([len(bad), at + 1]))]
    try:
        forest, _ = read_booster(bad)
    except IncompatibleModelError:
        return
    if forest.n_features == 8:
        keys = np.zeros((9, 16), np.int32)
        assert np.isfinite(forest.add_up(keys)).all()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_text_is_refused_or_stays_inside_its_arrays(data):
    good = TEXT
    at = data.draw(st.integers(0, len(good) - 1))
    bad = (
        good[:at]
        + data.draw(st.sampled_from([b"9", b"-", b" ", b"\n", b"e", b"="]))
        + good[at + 1 :]
    )
    try:
        forest = read_text(bad[: data.draw(st.sampled_from([len(bad), at + 1]))])
    except IncompatibleModelError:
        return
    if forest.n_features == 8 and forest.nodes.size:
        assert np.isfinite(forest.add_up(np.zeros((9, 16), np.int32))).all()


@pytest.mark.parametrize("objective", ["reg:squarederror", "multi:softprob"])
def test_another_kind_of_booster_is_refused(objective):
    data = labelled(1)
    more = {"num_class": 3} if objective.startswith("multi") else {}
    learned = xgboost.train(
        {"objective": objective, **more}, xgboost.DMatrix(data.table, data.labels), 2
    )
    with pytest.raises(IncompatibleModelError):
        XgboostModel(bytes(learned.save_raw("ubj")))


BOOSTER = fit_xgboost(labelled(1), TreeSettings(trees=3), seed=1).content
TEXT = fit_lightgbm(labelled(1), TreeSettings(trees=3), seed=1).content
