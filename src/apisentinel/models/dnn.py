"""The dense network on the tick vector, with a forward pass of our own."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.kernels.compiler import kernel
from apisentinel.models.arrays import Arrays, pack_arrays, take, unpack_arrays
from apisentinel.models.base import Group, Parts, Scores, Table, part_of, quantised
from apisentinel.models.filling import row_major
from apisentinel.models.matrix import multiply32, padded_columns
from apisentinel.models.probability import sigmoid

MAX_LAYERS = 8
MAX_WIDTH = 1024
ROWS = 16
"""Rows that go through all layers together, so that their values stay in the cache."""


class DnnModel:
    """A trained dense network: layers with ReLU, then one sigmoid.

    Its input holds every feature and, beside it, whether the feature is missing.
    """

    name = "dnn"
    group: Group = "neural"

    def __init__(
        self, weights: Sequence[npt.NDArray[np.float32]], biases: Sequence[npt.NDArray[np.float32]]
    ) -> None:
        """A network.

        Args:
            weights: ``(n_in, n_out)`` of each layer; the first takes twice the features, the last
                gives one number.
            biases: ``(n_out,)`` of each layer.

        Raises:
            IncompatibleModelError: The layers do not fit together.
        """
        sizes = [weight.shape[0] for weight in weights] + [1]
        fits = 0 < len(weights) <= MAX_LAYERS and sizes[0] % 2 == 0 and len(biases) == len(weights)
        if not fits or not all(
            weight.shape == (before, after) and bias.shape == (after,) and 0 < before <= MAX_WIDTH
            for weight, bias, before, after in zip(
                weights, biases, sizes[:-1], sizes[1:], strict=True
            )
        ):
            raise IncompatibleModelError(f"a network of the sizes {sizes}")
        self.weights, self.biases = list(weights), list(biases)
        self.n_features = sizes[0] // 2
        self._layers = _padded(weights, biases)
        self._width = max(max(weight.shape) for weight, _ in self._layers)

    def score_many(self, table: Table) -> Scores:
        """Probabilities before calibration, ``(n_rows,)``; see `Model`."""
        if table.ndim != 2 or table.shape[1] != self.n_features:
            raise IncompatibleModelError(
                f"the network knows {self.n_features} features, the table has {table.shape}"
            )
        values = np.empty((len(table), self._layers[0][0].shape[0]), np.float32)
        with_missing(row_major(table), values)
        for weight, bias in self._layers[:-1]:
            out = np.empty((len(table), weight.shape[1]), np.float32)
            dense(values, weight, bias, out)
            values = out
        weight, bias = self._layers[-1]
        scores = np.empty(len(table))
        last(values, weight, bias, scores)
        return quantised(scores)

    def to_parts(self) -> Parts:
        """See `Model`."""
        arrays: Arrays = {}
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            arrays[f"weight{i}"], arrays[f"bias{i}"] = weight, bias
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        count = min(len(arrays) // 2, MAX_LAYERS + 1)
        return cls(
            [take(arrays, f"weight{i}", "float32", None, None) for i in range(count)],
            [take(arrays, f"bias{i}", "float32", None) for i in range(count)],
        )


def _padded(weights: Sequence[Any], biases: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Layers whose widths are padded; the last one as a single row of weights."""
    layers, inputs = [], weights[0].shape[0]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        tall = np.zeros((inputs, weight.shape[1]), np.float32)
        tall[: len(weight)] = weight
        wide = padded_columns(tall)
        layers.append((wide, np.pad(bias, (0, wide.shape[1] - bias.size))))
        inputs = wide.shape[1]
    end = np.zeros((inputs, 1), np.float32)
    end[: len(weights[-1])] = weights[-1]
    layers.append((end, np.ascontiguousarray(biases[-1])))
    return layers


@kernel("void(float32[:,::1], float32[:,::1])")
def with_missing(table, out):
    """Every feature, 0 when it is missing, and after all of them 1 for each missing one."""
    columns = table.shape[1]
    for i in range(table.shape[0]):
        for j in range(columns):
            value = table[i, j]
            missing = np.isnan(value)
            out[i, j] = np.float32(0.0) if missing else value
            out[i, columns + j] = np.float32(1.0) if missing else np.float32(0.0)


@kernel("void(float32[:,::1], float32[:,::1], float32[::1], float32[:,::1])")
def dense(values, weights, bias, out):
    """One layer with ReLU; columns of `weights` are padded."""
    multiply32(values, 0, values.shape[0], weights, out)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            value = out[i, j] + bias[j]
            if not value > np.float32(0.0):
                value = np.float32(0.0)
            out[i, j] = value


@kernel("void(float32[:,::1], float32[:,::1], float32[::1], float64[::1])")
def last(values, weights, bias, out):
    """The last layer: one number and its sigmoid."""
    for i in range(values.shape[0]):
        total = np.float64(0.0)
        for k in range(values.shape[1]):
            total += np.float64(values[i, k]) * np.float64(weights[k, 0])
        out[i] = sigmoid(total + np.float64(bias[0]))
