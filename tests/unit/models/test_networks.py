import os
from itertools import pairwise

os.environ.setdefault("KERAS_BACKEND", "jax")

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.calibration import fit_tail
from apisentinel.models.dnn import DnnModel
from apisentinel.models.lstm import UNITS, LstmModel
from apisentinel.models.ngram import NgramModel, count_tokens
from apisentinel.models.sequence import SequenceModel
from apisentinel.models.tokens import BEGIN, TokenSessions
from apisentinel.models.training.networks import NetworkSettings, fit_dnn, fit_lstm, read_lstm
from tests.unit.models.tables import assert_kept, assert_row_independent, labels, table

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SEEDS = st.integers(0, 2**31 - 1)
QUICK = NetworkSettings(layers=(8,), epochs=3, patience=1)


def network(seed, features=5, layers=(16, 7)):
    rng = np.random.default_rng(seed)
    sizes = [2 * features, *layers, 1]
    weights = [rng.normal(0, 0.5, (a, b)).astype(np.float32) for a, b in pairwise(sizes)]
    return weights, [rng.normal(0, 0.5, b).astype(np.float32) for b in sizes[1:]]


@settings(max_examples=3, deadline=None)
@given(SEEDS, st.lists(st.integers(1, 70), min_size=1, max_size=3))
def test_dense_network_equals_the_library(seed, layers):
    weights, biases = network(seed, 5, layers)
    model = keras.Sequential(
        [
            keras.Input((10,)),
            *(keras.layers.Dense(width, "relu") for width in layers),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    for layer, weight, bias in zip(model.layers, weights, biases, strict=True):
        layer.set_weights([weight, bias])
    rows = table(seed, 37, 5, missing=0.2)
    x = np.concatenate([np.nan_to_num(rows), np.isnan(rows)], axis=1).astype(np.float32)
    theirs = np.asarray(model(x))[:, 0]
    np.testing.assert_allclose(DnnModel(weights, biases).score_many(rows), theirs, atol=1e-6)


def test_dense_network_judges_rows_alone_and_is_kept():
    model = DnnModel(*network(3))
    assert (model.name, model.group) == ("dnn", "neural")
    assert_row_independent(model, table(4, 333, 5))
    assert_kept(model, table(4, 50, 5))


def test_layers_that_do_not_fit_are_refused():
    weights, biases = network(3, layers=(15, 7))
    for wrong in [(weights[1:], biases[1:]), (weights[:-1], biases[:-1]), (weights, biases[:-1])]:
        with pytest.raises(IncompatibleModelError):
            DnnModel(*wrong)
    with pytest.raises(IncompatibleModelError):
        DnnModel(weights, biases).score_many(table(1, 5, 6))


def test_dense_network_learns_with_dropout_and_early_stopping():
    rows = table(5, 1500)
    y = labels(rows)
    model = fit_dnn(rows, y, np.ones(len(rows)), seed=1)
    scores = model.score_many(rows)
    assert np.median(scores[y == 1]) > np.quantile(scores[y == 0], 0.9)


def test_equal_seeds_train_equal_networks():
    rows = table(5, 300)
    one, two = (
        fit_dnn(rows, labels(rows), np.ones(300), seed=3, settings=QUICK).to_parts()
        for _ in range(2)
    )
    assert one == two


def sessions(seed=0, count=200, n_tokens=9):
    """Tokens that go up by one, with a slip now and then."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        steps = rng.integers(1, n_tokens) + np.arange(rng.integers(3, 40))
        slips = rng.random(steps.size) < 0.05
        made.append(
            np.where(slips, rng.integers(1, n_tokens, steps.size), steps % (n_tokens - 1) + 1)
        )
    offsets = np.concatenate([[0], np.cumsum([part.size for part in made])])
    return TokenSessions(np.concatenate(made).astype(np.int32), offsets.astype(np.int64), n_tokens)


def lstm(seed, n_tokens=9):
    rng = np.random.default_rng(seed)
    shapes = ((n_tokens, 4 * UNITS), (UNITS, 4 * UNITS), (UNITS, n_tokens), (n_tokens,))
    return LstmModel(*(rng.normal(0, 0.7, shape).astype(np.float32) for shape in shapes))


@settings(max_examples=3, deadline=None)
@given(SEEDS)
def test_lstm_equals_the_library(seed):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            keras.layers.Embedding(9, 16),
            keras.layers.LSTM(UNITS, return_sequences=True),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(9, "softmax"),
        ]
    )
    for layer in model.layers:
        layer.set_weights([3 * weight for weight in layer.get_weights()])
    tokens = np.random.default_rng(seed).integers(1, 9, 12).astype(np.int32)
    before = np.concatenate([[BEGIN], tokens[:-1]]).astype(np.int32)
    theirs = np.asarray(model(before[None]))[0][np.arange(12), tokens]
    ours = np.exp(-read_lstm(model).surprises(tokens).astype(np.float64))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def naive_ngram(data, tokens):
    """Witten-Bell by dictionaries."""
    single, pairs, triples = {}, {}, {}
    for begin, end in zip(data.offsets[:-1], data.offsets[1:], strict=True):
        far = near = BEGIN
        for token in data.tokens[begin:end].tolist():
            single[token] = single.get(token, 0) + 1
            pairs.setdefault(near, {}).setdefault(token, 0)
            pairs[near][token] += 1
            triples.setdefault((far, near), {}).setdefault(token, 0)
            triples[far, near][token] += 1
            far, near = near, token
    made, far, near = [], BEGIN, BEGIN
    for token in tokens:
        total, kinds = sum(single.values()), len(single)
        p = (single.get(token, 0) + kinds / data.n_tokens) / (total + kinds)
        for seen in (pairs.get(near, {}), triples.get((far, near), {})):
            if seen:
                p = (seen.get(token, 0) + len(seen) * p) / (sum(seen.values()) + len(seen))
        made.append(-np.log(p))
        far, near = near, token
    return np.array(made)


@settings(max_examples=10, deadline=None)
@given(SEEDS, st.lists(st.integers(1, 8), min_size=1, max_size=30))
def test_ngram_equals_plain_counting(seed, tokens):
    data = sessions(seed % 5, 40)
    model = count_tokens(data)
    last = np.zeros((1, 2), np.int16)
    n = len(tokens)
    fresh = np.zeros(n, np.uint8)
    fresh[0] = 1
    ours = model.step_many(last, np.zeros(n, np.int32), np.array(tokens, np.int32), fresh)
    np.testing.assert_allclose(ours, naive_ngram(data, tokens), rtol=1e-5)


def both():
    return SequenceModel(lstm(1), count_tokens(sessions()), fit_tail(np.arange(50.0)))


def test_steps_of_many_slots_equal_steps_of_each():
    model, rng = both(), np.random.default_rng(2)
    slots = rng.integers(0, 7, 300).astype(np.int32)
    tokens = rng.integers(-2, 12, 300).astype(np.int32)
    fresh = np.array([slot not in slots[:i] for i, slot in enumerate(slots)], np.uint8)
    whole, state = model.new_state(7), model.new_state(7)
    at_once = model.step_many(whole, slots, tokens, fresh)
    for begin, end in [(0, 1), (1, 4), (4, 150), (150, 300)]:
        part = model.step_many(state, slots[begin:end], tokens[begin:end], fresh[begin:end])
        assert part.lstm.tobytes() == at_once.lstm[begin:end].tobytes()
        assert part.ngram.tobytes() == at_once.ngram[begin:end].tobytes()
    assert whole.lstm.tobytes() == state.lstm.tobytes()
    mine = tokens[slots == 3]
    lonely = model.step_many(
        model.new_state(1), np.zeros(mine.size, np.int32), mine, fresh[slots == 3]
    )
    assert lonely.lstm.tobytes() == at_once.lstm[slots == 3].tobytes()


def test_kept_state_loses_next_to_nothing():
    model = both()
    tokens = np.random.default_rng(4).integers(1, 9, 100).astype(np.int32)
    fresh = np.zeros(100, np.uint8)
    fresh[0] = 1
    steps = model.step_many(model.new_state(1), np.zeros(100, np.int32), tokens, fresh)
    np.testing.assert_allclose(steps.lstm, model.lstm.surprises(tokens), atol=0.02)


def test_a_new_session_forgets_the_one_before_it():
    model = both()
    state, slot = model.new_state(1), np.zeros(1, np.int32)
    first = model.step_many(state, slot, np.array([3], np.int32), np.ones(1, np.uint8))
    model.step_many(state, slot, np.array([5], np.int32), np.zeros(1, np.uint8))
    again = model.step_many(state, slot, np.array([3], np.int32), np.ones(1, np.uint8))
    assert first.lstm.tobytes() == again.lstm.tobytes()
    assert first.ngram.tobytes() == again.ngram.tobytes()


def test_lstm_learns_what_follows():
    data = sessions(1, 400)
    model = fit_lstm(data, seed=1, settings=NetworkSettings(epochs=8, rate=5e-3))
    usual = (np.arange(20) % 8 + 1).astype(np.int32)
    odd = np.random.default_rng(1).permutation(usual).astype(np.int32)
    assert model.surprises(usual)[2:].mean() < 0.5 * model.surprises(odd)[2:].mean()


def test_sequence_models_are_kept_and_checked():
    model = both()
    parts = model.to_parts()
    again = SequenceModel.from_parts(parts)
    assert again.to_parts() == parts
    with pytest.raises(IncompatibleModelError):
        SequenceModel(lstm(1, 10), count_tokens(sessions()), fit_tail(np.arange(50.0)))
    counts = count_tokens(sessions())
    with pytest.raises(IncompatibleModelError):
        NgramModel(counts.single, counts.pairs, np.zeros_like(counts.keys), counts.counts)
    surprises = np.array([np.nan, 0.0, 1e3])
    p = model.p_values(surprises)
    assert np.isnan(p[0])
    assert p[1] > p[2]
