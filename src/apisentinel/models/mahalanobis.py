"""Mahalanobis distance: how far a row is from the middle when columns that move together are taken
as one. It sees what breaks a relation, such as many errors for few requests.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.kernels.compiler import kernel
from apisentinel.models.arrays import Arrays, pack_arrays, take, unpack_arrays
from apisentinel.models.base import Group, Parts, Scores, Table, part_of, quantised
from apisentinel.models.filling import filled
from apisentinel.models.matrix import multiply64, padded_columns

ROWS = 4


class MahalanobisModel:
    """Middle and directions of a table.

    References:
        Mahalanobis: On the generalised distance in statistics, 1936; Ledoit, Wolf: Honey, I shrunk
        the sample covariance matrix, 2004.
    """

    name = "mahalanobis"
    group: Group = "unsupervised"

    def __init__(
        self,
        centre: npt.NDArray[np.float64],
        whitening: npt.NDArray[np.float64],
        fill: npt.NDArray[np.float32],
    ) -> None:
        """A model of directions.

        Args:
            centre: ``(n_features,)``.
            whitening: Turns a row into independent directions of unit spread, ``(F, F)``.
            fill: What stands for a missing value, ``(n_features,)``.
        """
        if not (np.isfinite(whitening).all() and np.isfinite(centre).all() and centre.size):
            raise IncompatibleModelError("the directions of the features are damaged")
        self.centre, self.whitening, self.fill = centre, whitening, fill
        self._columns = padded_columns(whitening)
        self._shift = -(centre @ whitening)
        self._shift = np.pad(self._shift, (0, self._columns.shape[1] - self._shift.size))

    def score_many(self, table: Table) -> Scores:
        """Distances, ``(n_rows,)``; see `Model`."""
        rows = filled(table, self.fill)
        out = np.empty(len(rows))
        work = np.empty((ROWS, self._columns.shape[1]))
        distances(rows, self._columns, self._shift, work, out)
        return quantised(out)

    def to_parts(self) -> Parts:
        """See `Model`."""
        arrays: Arrays = {"centre": self.centre, "whitening": self.whitening, "fill": self.fill}
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        fill = take(arrays, "fill", "float32", None)
        return cls(
            take(arrays, "centre", "float64", fill.size),
            take(arrays, "whitening", "float64", fill.size, fill.size),
            fill,
        )


@kernel("void(float64[:,::1], float64[:,::1], float64[::1], float64[:,::1], float64[::1])")
def distances(rows, whitening, shift, work, out):
    """Length of each row times a matrix plus a shift."""
    n, width = rows.shape[0], whitening.shape[1]
    for begin in range(0, n, 4):
        count = min(4, n - begin)
        multiply64(rows, begin, count, whitening, work)
        for r in range(count):
            total = 0.0
            for j in range(width):
                value = work[r, j] + shift[j]
                total += value * value
            out[begin + r] = np.sqrt(total)
