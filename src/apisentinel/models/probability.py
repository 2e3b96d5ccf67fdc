"""Kernels that turn sums into scores with arithmetic alone, so with the same bits everywhere."""

import numpy as np

from apisentinel.kernels.compiler import inline, kernel
from apisentinel.models.nearness import decay


@inline
def sigmoid(margin):
    """``1 / (1 + exp(-margin))``."""
    small = decay(abs(margin))
    return (1.0 if margin >= 0.0 else small) / (1.0 + small)


@kernel("void(float64[::1], float64, float64[::1])")
def probabilities(margins, base, out):
    """``sigmoid(base + margin)`` of each row."""
    for i in range(margins.shape[0]):
        out[i] = sigmoid(base + margins[i])


@kernel("void(float64[::1], float64, float64[::1])")
def halvings(sums, unit, out):
    """``2 ** (-sum / unit)`` of each row, for sums >= 0."""
    for i in range(sums.shape[0]):
        out[i] = decay(sums[i] / unit * 0.6931471805599453)


@kernel("void(float32[:,::1], float32[::1], float64[:,::1])")
def fill_missing(table, fill, out):
    """The table in float64 with the fill of its column for each missing value."""
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            value = table[i, j]
            out[i, j] = np.float64(fill[j]) if np.isnan(value) else np.float64(value)
