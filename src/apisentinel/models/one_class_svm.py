"""One-Class SVM with a Gaussian kernel: the border around the bulk of the rows, exactly."""

from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import Arrays, pack_arrays, take, unpack_arrays
from apisentinel.models.base import Group, Parts, Scores, Table, part_of, quantised
from apisentinel.models.filling import filled
from apisentinel.models.matrix import padded_columns
from apisentinel.models.nearness import ROWS, kernel_sums

MAX_VECTORS = 256
"""Support vectors: each costs 2 ns a row."""


class OneClassSvmModel:
    """A trained One-Class SVM.

    References:
        Schölkopf et al.: Estimating the support of a high-dimensional distribution, 2001.
    """

    name = "one_class_svm"
    group: Group = "unsupervised"

    def __init__(
        self,
        vectors: npt.NDArray[np.float32],
        weights: npt.NDArray[np.float64],
        gamma: float,
        offset: float,
        fill: npt.NDArray[np.float32],
    ) -> None:
        """A model of support vectors.

        Args:
            vectors: ``(n_vectors, n_features)``, at most `MAX_VECTORS`.
            weights: Dual coefficients, ``(n_vectors,)``.
            gamma: Of the kernel.
            offset: Sum at the border.
            fill: What stands for a missing value, ``(n_features,)``.

        Raises:
            IncompatibleModelError: There are none or too many vectors.
        """
        if not 0 < len(vectors) <= MAX_VECTORS or vectors.shape[1] == 0:
            raise IncompatibleModelError(f"{len(vectors)} support vectors, not 1 to {MAX_VECTORS}")
        self.vectors, self.weights = vectors, weights
        self.gamma, self.offset, self.fill = gamma, offset, fill
        self._columns = padded_columns(np.ascontiguousarray(vectors.T, np.float64))
        self._norms = np.square(self._columns).sum(axis=0)
        self._weights = np.zeros(self._norms.size)
        self._weights[: weights.size] = weights

    def score_many(self, table: Table) -> Scores:
        """Distance to the border, ``(n_rows,)``, above 0 outside; see `Model`."""
        rows = filled(table, self.fill)
        out = np.empty(len(rows))
        work = np.empty((ROWS + 1, self._norms.size))
        kernel_sums(
            rows, self._columns, self._norms, self._weights, self.gamma, self.offset, work, out
        )
        return quantised(out)

    def to_parts(self) -> Parts:
        """See `Model`."""
        arrays: Arrays = {
            "vectors": self.vectors,
            "weights": self.weights,
            "gamma": np.array([self.gamma]),
            "offset": np.array([self.offset]),
            "fill": self.fill,
        }
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        vectors = take(arrays, "vectors", "float32", None, None)
        return cls(
            vectors,
            take(arrays, "weights", "float64", len(vectors)),
            float(take(arrays, "gamma", "float64", 1)[0]),
            float(take(arrays, "offset", "float64", 1)[0]),
            take(arrays, "fill", "float32", vectors.shape[1]),
        )
