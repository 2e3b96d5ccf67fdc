"""Finds groups of entities that behave alike, with DBSCAN."""

import numpy as np
import numpy.typing as npt

from apisentinel.models.base import Table
from apisentinel.models.clusters import BehaviourClusters
from apisentinel.models.filling import filled, fills
from apisentinel.models.training.libraries import library

ROWS = 4096
"""Rows that are grouped; the work grows with their square."""
EACH = 4
"""Rows of one entity at most: a group is made of many that behave alike, not of one that is loud.
"""
POINTS = 256
"""Core points kept; more change distances by a few per cent and cost their time at every tick."""
NEIGHBOURS = 10
"""Rows within reach that make a place dense (minPts)."""
INSIDE = 0.9
"""Share of the rows that are dense: the reach is chosen for that. The rest are the rows between the
groups, which a site has even when nobody attacks.
"""
FEWEST = 4 * NEIGHBOURS
"""Rows below which there are no groups."""


def fit_clusters(
    table: Table, groups: npt.NDArray[np.int64], *, seed: int
) -> BehaviourClusters | None:
    """Groups of the rows of usual entities; None when there are too few rows.

    Args:
        table: Scaled, ``(n_rows, n_features)``, NaN = missing.
        groups: Entity of each row, ``(n_rows,)``.
        seed: Of the choice of rows.
    """
    order = np.random.default_rng(seed).permutation(len(table))
    order = order[np.argsort(groups[order], kind="stable")]
    _, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    nth = np.arange(len(order)) - np.repeat(starts, counts)
    order = np.random.default_rng(seed).permutation(order[nth < EACH])[:ROWS]
    if order.size < FEWEST:
        return None
    fill = fills(table)
    rows = np.ascontiguousarray(filled(table[np.sort(order)], fill), np.float32)
    near = library("sklearn.neighbors").NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute")
    reaches = near.fit(rows).kneighbors(rows)[0][:, -1]
    reach = max(float(np.quantile(reaches, INSIDE)), 1e-3)
    found = (
        library("sklearn.cluster")
        .DBSCAN(eps=reach, min_samples=NEIGHBOURS, algorithm="brute")
        .fit(rows)
    )
    core = found.core_sample_indices_
    labels = found.labels_[core]
    chosen = np.sort(_spread(labels, seed))
    return BehaviourClusters(rows[core[chosen]], labels[chosen].astype(np.int32), reach, fill)


def _spread(labels: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """Places of at most `POINTS` core points: of each group at least one, else by its size."""
    order = np.random.default_rng(seed + 1).permutation(labels.size)
    _, first = np.unique(labels[order], return_index=True)
    first = first[:POINTS]
    rest = np.setdiff1d(np.arange(labels.size), first)
    return np.asarray(order[np.concatenate([first, rest])[:POINTS]], np.int64)
