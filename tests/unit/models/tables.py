"""Small seeded tables for the tests of models."""

import numpy as np


def table(seed, rows=300, columns=8, missing=0.1):
    rng = np.random.default_rng(seed)
    made = rng.normal(0, 1, (rows, columns)) * rng.choice([0.3, 1, 3], columns)
    made[rng.random(made.shape) < missing] = np.nan
    return np.ascontiguousarray(made, np.float32)


def labels(data, seed=0):
    rng = np.random.default_rng(seed)
    strength = np.nan_to_num(data[:, 0]) * 2 - np.nan_to_num(data[:, 1]) + np.isnan(data[:, 2])
    return (strength + rng.normal(0, 0.5, len(data)) > 1).astype(np.int8)


def assert_row_independent(model, data):
    """The score of a row is the same bits alone, in any order and in any company."""
    whole = model.score_many(data)
    assert whole.shape == (len(data),)
    assert whole.dtype == np.float64
    assert np.isfinite(whole).all()
    for size in (1, 3, 7, 64):
        parts = [
            model.score_many(data[at : at + size]) for at in range(0, min(len(data), 130), size)
        ]
        joined = np.concatenate(parts)
        assert joined.tobytes() == whole[: joined.size].tobytes()
    order = np.random.default_rng(1).permutation(len(data))
    assert model.score_many(np.ascontiguousarray(data[order])).tobytes() == whole[order].tobytes()
    assert model.score_many(data[:0]).shape == (0,)


def assert_kept(model, data):
    """Bytes give back the same model."""
    parts = model.to_parts()
    again = type(model).from_parts(parts)
    assert again.score_many(data).tobytes() == model.score_many(data).tobytes()
    assert again.to_parts() == parts
