"""Local Outlier Factor: how much lonelier a row is than its neighbours in a reference set."""

from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import Arrays, pack_arrays, take, unpack_arrays
from apisentinel.models.base import Group, Parts, Scores, Table, part_of, quantised
from apisentinel.models.filling import filled
from apisentinel.models.nearness import LANES, MAX_NEIGHBOURS, ROWS, outlier_factors

MAX_POINTS = 1024
"""Reference rows: each costs a row 3 ns."""


class LofModel:
    """A trained Local Outlier Factor for new rows.

    References:
        Breunig, Kriegel, Ng, Sander: LOF, SIGMOD 2000, definitions 5 to 7.
    """

    name = "lof"
    group: Group = "unsupervised"

    def __init__(
        self,
        points: npt.NDArray[np.float32],
        radii: npt.NDArray[np.float64],
        densities: npt.NDArray[np.float64],
        neighbours: int,
        fill: npt.NDArray[np.float32],
    ) -> None:
        """A model of reference rows.

        Args:
            points: ``(n_points, n_features)``, at most `MAX_POINTS`.
            radii: Distance of each to its k-th neighbour, ``(n_points,)``.
            densities: Local reachability density of each, ``(n_points,)``.
            neighbours: k, below the number of points.
            fill: What stands for a missing value, ``(n_features,)``.

        Raises:
            IncompatibleModelError: The numbers of points and neighbours do not fit.
        """
        fits = 0 < neighbours <= min(MAX_NEIGHBOURS, len(points)) and len(points) <= MAX_POINTS
        if not fits or points.shape[1] == 0:
            raise IncompatibleModelError(f"{neighbours} neighbours of {len(points)} points")
        self.points, self.radii, self.densities = points, radii, densities
        self.neighbours, self.fill = neighbours, fill
        width = -(-len(points) // LANES) * LANES
        self._columns = np.zeros((points.shape[1], width))
        self._columns[:, : len(points)] = points.T
        self._norms = np.square(self._columns).sum(axis=0)
        self._norms[len(points) :] = np.inf

    def score_many(self, table: Table) -> Scores:
        """Outlier factors, ``(n_rows,)``, 1 for the usual; see `Model`."""
        rows = filled(table, self.fill)
        out = np.empty(len(rows))
        work = np.empty((ROWS + 3, self._norms.size))
        outlier_factors(
            rows,
            self._columns,
            self._norms,
            self.radii,
            self.densities,
            self.neighbours,
            work,
            out,
        )
        return quantised(out)

    def to_parts(self) -> Parts:
        """See `Model`."""
        arrays: Arrays = {
            "points": self.points,
            "radii": self.radii,
            "densities": self.densities,
            "neighbours": np.array([self.neighbours], np.int64),
            "fill": self.fill,
        }
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        points = take(arrays, "points", "float32", None, None)
        return cls(
            points,
            take(arrays, "radii", "float64", len(points)),
            take(arrays, "densities", "float64", len(points)),
            int(take(arrays, "neighbours", "int64", 1)[0]),
            take(arrays, "fill", "float32", points.shape[1]),
        )
