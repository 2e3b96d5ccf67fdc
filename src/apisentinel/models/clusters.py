"""Groups of entities that behave alike, and how far a row is from the nearest of them.

The groups are those of DBSCAN: places where many rows lie close together, of any shape and number.
What is kept of them are core points. A row belongs to the group of its nearest core point when that
is within reach; beyond, it behaves unlike all of its peers.
"""

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.kernels.compiler import kernel
from apisentinel.models.arrays import Arrays, pack_arrays, take, unpack_arrays
from apisentinel.models.base import Parts, Scores, Table, part_of, quantised
from apisentinel.models.filling import filled
from apisentinel.models.matrix import multiply64
from apisentinel.models.nearness import LANES, ROWS, squared_length

CLUSTER_FEATURE = "cluster_distance"
"""Name of the feature that holds the distance; a table without it has no groups."""

NO_CLUSTER = -1
MAX_POINTS = 1024
"""Core points kept: each costs a row 2 ns."""
FARTHEST = 1e6
"""Largest distance, in reaches."""


class Nearest(NamedTuple):
    """Where rows stand, ``(n_rows,)`` each.

    Attributes:
        cluster: int32 number of the group, `NO_CLUSTER` for none within reach.
        distance: To the nearest core point, in reaches: up to 1 is inside.
    """

    cluster: npt.NDArray[np.int32]
    distance: Scores


@kernel(
    "void(float64[:,::1], float64[:,::1], float64[::1], float64[:,::1], float64[::1], int64[::1])"
)
def nearest_points(rows, points, norms, work, distances, places):
    """Distance of each row to the nearest of some points, and which one that is.

    Args:
        rows: ``(n, F)``.
        points: ``(F, padded)``, padded to a multiple of `LANES`.
        norms: Squared length of each point, infinite for padding.
        work: ``(ROWS, padded)``.
        distances, places: ``(n,)`` out.
    """
    n = rows.shape[0]
    for begin in range(0, n, ROWS):
        count = min(ROWS, n - begin)
        multiply64(rows, begin, count, points, work)
        for r in range(count):
            length = squared_length(rows, begin + r)
            best, place = np.inf, 0
            for j in range(points.shape[1]):
                value = norms[j] - 2.0 * work[r, j]
                if value < best:
                    best, place = value, j
            distances[begin + r] = np.sqrt(max(length + best, 0.0))
            places[begin + r] = place


class BehaviourClusters:
    """Groups that were found in training. Threads may share them.

    References:
        Ester, Kriegel, Sander, Xu: A density-based algorithm for discovering clusters, KDD 1996.
    """

    name = "clusters"

    def __init__(
        self,
        points: npt.NDArray[np.float32],
        clusters: npt.NDArray[np.int32],
        reach: float,
        fill: npt.NDArray[np.float32],
    ) -> None:
        """Groups of core points.

        Args:
            points: ``(n_points, n_features)``, scaled, at most `MAX_POINTS`.
            clusters: Number of the group of each, ``(n_points,)``.
            reach: Distance up to which a row belongs to a point (eps).
            fill: What stands for a missing value, ``(n_features,)``.

        Raises:
            IncompatibleModelError: The arrays do not fit each other.
        """
        sound = (
            0 < len(points) <= MAX_POINTS
            and points.shape[1] > 0
            and bool(np.isfinite(points).all())
            and int(clusters.min(initial=0)) >= 0
            and 0.0 < reach < np.inf
        )
        if not sound:
            raise IncompatibleModelError("the groups of behaviour are damaged")
        self.points, self.clusters, self.reach, self.fill = points, clusters, reach, fill
        width = -(-len(points) // LANES) * LANES
        self._columns = np.zeros((points.shape[1], width))
        self._columns[:, : len(points)] = points.T
        self._norms = np.square(self._columns).sum(axis=0)
        self._norms[len(points) :] = np.inf

    @property
    def count(self) -> int:
        """Number of groups."""
        return int(self.clusters.max()) + 1

    def nearest(self, table: Table) -> Nearest:
        """Group and distance of scaled rows ``(n_rows, n_features)``, each by its row alone.

        Raises:
            IncompatibleModelError: The table has another number of columns.
        """
        rows = filled(table, self.fill)
        distances, places = np.empty(len(rows)), np.empty(len(rows), np.int64)
        work = np.empty((ROWS, self._norms.size))
        nearest_points(rows, self._columns, self._norms, work, distances, places)
        reaches = quantised(np.minimum(distances / self.reach, FARTHEST))
        found = np.where(reaches <= 1.0, self.clusters[places], NO_CLUSTER).astype(np.int32)
        return Nearest(found, reaches)

    def to_parts(self) -> Parts:
        """The groups as a part of a bundle."""
        arrays: Arrays = {
            "points": self.points,
            "clusters": self.clusters,
            "reach": np.array([self.reach]),
            "fill": self.fill,
        }
        return {f"{self.name}.safetensors": pack_arrays(arrays)}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """The groups of `to_parts`.

        Raises:
            IncompatibleModelError: A part is missing or damaged.
        """
        arrays = unpack_arrays(part_of(parts, f"{cls.name}.safetensors"))
        points = take(arrays, "points", "float32", None, None)
        return cls(
            points,
            take(arrays, "clusters", "int32", len(points)),
            float(take(arrays, "reach", "float64", 1)[0]),
            take(arrays, "fill", "float32", points.shape[1]),
        )
