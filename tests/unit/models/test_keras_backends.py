"""The networks can be trained with each library that Keras runs on: one process for each, since the
choice is made at the import.
"""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

BACKENDS = ("jax", "tensorflow", "torch")

TRIAL = """
import keras
import numpy as np
from apisentinel.models.tokens import TokenSessions
from apisentinel.models.training.libraries import library
from apisentinel.models.training.networks import NetworkSettings, fit_dnn, fit_lstm
from tests.unit.models.tables import labels, table

trained = []
build = keras.Sequential
keras.Sequential = lambda layers: trained.append(build(layers)) or trained[-1]
quick = NetworkSettings(layers=(16,), epochs=12, patience=12)
rows = table(5, 1500)
y = labels(rows)
model = fit_dnn(rows, y, np.ones(len(rows)), seed=1, settings=quick)
x = np.concatenate([np.nan_to_num(rows), np.isnan(rows)], axis=1).astype(np.float32)
theirs = np.asarray(trained[0].predict(x, verbose=0))[:, 0]
np.testing.assert_allclose(model.score_many(rows), theirs, atol=1e-6)
scores = model.score_many(rows)
assert np.median(scores[y == 1]) > np.median(scores[y == 0])

tokens = np.tile(np.array([1, 2, 3, 4], np.int32), 500)
sessions = TokenSessions(tokens, np.arange(0, 2001, 20, dtype=np.int64), 6)
lstm = fit_lstm(sessions, seed=1)
asked = np.array([1, 2, 3, 4, 1, 3], np.int32)
window = np.zeros((1, 32), np.int32)
window[0, 1:6] = asked[:-1]
logits = np.asarray(trained[1].predict(window, verbose=0), np.float64)[0, :6]
top = logits.max(axis=1, keepdims=True)
each = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0] - logits[np.arange(6), asked]
np.testing.assert_allclose(lstm.surprises(asked), each, atol=1e-5)
assert each[5] > each[1:5].max()
print("works with", keras.backend.backend())
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_networks_are_learned_and_equal_on_each_library_that_is_installed(backend):
    for needed in ("keras", backend):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", TRIAL],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == f"works with {backend}"
