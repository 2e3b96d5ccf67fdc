import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.filling import filled, fills
from apisentinel.models.isolation_forest import IsolationForestModel
from apisentinel.models.lof import LofModel
from apisentinel.models.one_class_svm import MAX_VECTORS, OneClassSvmModel
from apisentinel.models.training.unsupervised import (
    fit_isolation_forest,
    fit_lof,
    fit_one_class_svm,
    read_isolation_forest,
    read_lof,
    read_one_class_svm,
)
from tests.unit.models.tables import assert_kept, assert_row_independent, table

sklearn_ensemble = pytest.importorskip("sklearn.ensemble")
sklearn_svm = pytest.importorskip("sklearn.svm")
sklearn_neighbors = pytest.importorskip("sklearn.neighbors")

FITS = {
    "isolation_forest": fit_isolation_forest,
    "one_class_svm": fit_one_class_svm,
    "lof": fit_lof,
}
SEEDS = st.integers(0, 2**31 - 1)


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.integers(1, 12), st.sampled_from([2, 40, 256]))
def test_isolation_forest_equals_the_library(seed, columns, sample):
    train, other = table(seed, 300, columns), table(seed + 1, 200, columns) * 2
    fill = fills(train)
    learned = sklearn_ensemble.IsolationForest(
        n_estimators=20, max_samples=sample, random_state=seed
    ).fit(filled(train, fill).astype(np.float32))
    ours = read_isolation_forest(learned, fill).score_many(other)
    theirs = -learned.score_samples(filled(other, fill).astype(np.float32))
    np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.integers(1, 12), st.floats(0.01, 0.3))
def test_one_class_svm_equals_the_library(seed, columns, share):
    train, other = table(seed, 300, columns), table(seed + 1, 203, columns) * 2
    fill = fills(train)
    learned = sklearn_svm.OneClassSVM(nu=share, gamma=0.1).fit(filled(train, fill))
    ours = read_one_class_svm(learned, 0.1, fill).score_many(other)
    theirs = -learned.decision_function(filled(other, fill))
    np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=0)


@settings(max_examples=8, deadline=None)
@given(SEEDS, st.integers(1, 12), st.integers(1, 40), st.integers(80, 400))
def test_lof_equals_the_library(seed, columns, neighbours, rows):
    train, other = table(seed, rows, columns), table(seed + 1, 203, columns) * 2
    train[np.isnan(train).all(axis=1)] = 0
    fill = fills(train)
    dense = filled(train, fill) + np.random.default_rng(seed).normal(0, 0.05, train.shape)
    dense = dense.astype(np.float32).astype(np.float64)
    learned = sklearn_neighbors.LocalOutlierFactor(
        n_neighbors=neighbours, novelty=True, algorithm="brute"
    ).fit(dense)
    ours = read_lof(learned, fill).score_many(other)
    theirs = -learned.score_samples(filled(other, fill))
    np.testing.assert_allclose(ours, theirs, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("name", FITS)
def test_a_row_is_judged_alone_and_kept(name):
    train, other = table(3, 400), table(4, 333) * 2
    model = FITS[name](train, seed=1)
    assert (model.name, model.group) == (name, "unsupervised")
    assert_row_independent(model, other)
    assert_kept(model, other)


@pytest.mark.parametrize("name", FITS)
def test_far_is_more_anomalous_than_near(name):
    train = table(3, 400, missing=0)
    model = FITS[name](train, seed=1)
    near, far = model.score_many(train), model.score_many(train + np.float32(25))
    assert far.min() > np.quantile(near, 0.99)


@pytest.mark.parametrize("name", FITS)
def test_missing_is_not_zero_where_values_are_never_missing(name):
    train = table(5, 400, missing=0)
    model = FITS[name](train, seed=1)
    gone = np.full((1, train.shape[1]), np.nan, np.float32)
    assert model.score_many(gone)[0] > model.score_many(np.zeros_like(gone))[0]


@pytest.mark.parametrize("name", FITS)
def test_constant_columns_and_copies_are_no_fault(name):
    train = np.ones((50, 3), np.float32)
    model = FITS[name](train, seed=1)
    assert np.isfinite(model.score_many(train * 5)).all()


@pytest.mark.parametrize("name", FITS)
def test_another_number_of_features_is_refused(name):
    model = FITS[name](table(5, 100), seed=1)
    with pytest.raises(IncompatibleModelError):
        model.score_many(table(5, 10, 7))
    with pytest.raises(IncompatibleModelError):
        type(model).from_parts({})


def test_equal_seeds_give_equal_bytes():
    train = table(6, 500)
    for fit in FITS.values():
        assert fit(train, seed=5).to_parts() == fit(train, seed=5).to_parts()


def test_the_svm_keeps_its_number_of_vectors():
    train = table(7, 4000, 20, missing=0)
    assert len(fit_one_class_svm(train, seed=1, share=0.1).vectors) <= MAX_VECTORS


@pytest.mark.parametrize("kind", [IsolationForestModel, OneClassSvmModel, LofModel])
def test_damaged_parts_are_refused(kind):
    parts = FITS[kind.name](table(5, 100), seed=1).to_parts()
    name, content = next(iter(parts.items()))
    with pytest.raises(IncompatibleModelError):
        kind.from_parts({name: content[: len(content) // 2]})
