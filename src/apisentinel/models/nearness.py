"""Kernels of the two models that compare a row with a reference set: One-Class SVM and LOF."""

import numpy as np

from apisentinel.kernels.compiler import inline, kernel
from apisentinel.models.matrix import multiply64

ROWS = 4
"""Rows at a time; work space has as many."""

LANES = 64
MAX_NEIGHBOURS = 64


@inline
def decay(x):
    """``exp(-x)`` for x >= 0, relative error below 1e-9, the same bits everywhere; 0 beyond 44."""
    t = -min(x, 44.0) * 0.015625
    p = 1.0 + t * (
        1.0
        + t
        * (
            0.5
            + t
            * (
                1.0 / 6.0
                + t
                * (
                    1.0 / 24.0
                    + t
                    * (
                        1.0 / 120.0
                        + t
                        * (
                            1.0 / 720.0
                            + t
                            * (
                                1.0 / 5040.0
                                + t * (1.0 / 40320.0 + t * (1.0 / 362880.0 + t / 3628800.0))
                            )
                        )
                    )
                )
            )
        )
    )
    p *= p
    p *= p
    p *= p
    p *= p
    p *= p
    return p * p


@inline
def squared_length(rows, row):
    """Squared length of one row of a matrix."""
    length = 0.0
    for f in range(rows.shape[1]):
        length += rows[row, f] * rows[row, f]
    return length


@kernel(
    "void(float64[:,::1], float64[:,::1], float64[::1], float64[::1], float64, float64,"
    " float64[:,::1], float64[::1])"
)
def kernel_sums(rows, vectors, norms, weights, gamma, offset, work, out):
    """One-Class SVM: ``offset - sum(weights * exp(-gamma * distance²))`` of each row.

    Args:
        rows: ``(n, F)``.
        vectors: Support vectors, ``(F, padded)``.
        norms: Squared length of each, ``(padded,)``.
        weights: ``(padded,)``, 0 for padding.
        gamma: Of the kernel.
        offset: What a row of the border sums up to.
        work: ``(ROWS + 1, padded)``.
        out: ``(n,)``.
    """
    n, width = rows.shape[0], vectors.shape[1]
    partial = work[ROWS]
    for begin in range(0, n, ROWS):
        count = min(ROWS, n - begin)
        multiply64(rows, begin, count, vectors, work)
        for r in range(count):
            length = squared_length(rows, begin + r)
            for j in range(width):
                distance = max(length + norms[j] - 2.0 * work[r, j], 0.0)
                partial[j] = weights[j] * decay(gamma * distance)
            total = 0.0
            for j in range(0, width, 16):
                total += (
                    (partial[j] + partial[j + 1] + partial[j + 2] + partial[j + 3])
                    + (partial[j + 4] + partial[j + 5] + partial[j + 6] + partial[j + 7])
                ) + (
                    (partial[j + 8] + partial[j + 9] + partial[j + 10] + partial[j + 11])
                    + (partial[j + 12] + partial[j + 13] + partial[j + 14] + partial[j + 15])
                )
            out[begin + r] = offset - total


@inline
def _nearest(distances, neighbours, minima, nearest, places):
    """Puts the smallest of `distances` and their places, in order, into two arrays.

    Every 64th distance makes a lane. The k-th smallest of the lanes' minima bounds the k-th
    smallest of all, so only lanes with a minimum below it are looked at again.
    """
    width = distances.shape[0]
    for lane in range(LANES):
        minima[lane] = distances[lane]
    for j in range(LANES, width, LANES):
        for lane in range(LANES):
            value = distances[j + lane]
            if value < minima[lane]:
                minima[lane] = value
    bound = np.inf
    for lane in range(LANES):
        value = minima[lane]
        below = 0
        for other in range(LANES):
            below += np.int64(minima[other] < value)
        if below >= neighbours - 1 and value < bound:
            bound = value
    held = 0
    for lane in range(LANES):
        if minima[lane] <= bound:
            for j in range(lane, width, LANES):
                value = distances[j]
                if value <= bound and (held < neighbours or value < nearest[held - 1]):
                    k = held if held < neighbours else held - 1
                    while k > 0 and nearest[k - 1] > value:
                        nearest[k] = nearest[k - 1]
                        places[k] = places[k - 1]
                        k -= 1
                    nearest[k] = value
                    places[k] = np.float64(j)
                    if held < neighbours:
                        held += 1
    return held


@kernel(
    "void(float64[:,::1], float64[:,::1], float64[::1], float64[::1], float64[::1], int64,"
    " float64[:,::1], float64[::1])"
)
def outlier_factors(rows, points, norms, radii, densities, neighbours, work, out):
    """Local outlier factor of each row against a reference set: 1 is usual, higher is lonelier.

    Args:
        rows: ``(n, F)``.
        points: Reference, ``(F, padded)``, padded to a multiple of `LANES`.
        norms: Squared length of each point, infinite for padding.
        radii: Distance of each point to its k-th neighbour.
        densities: Local reachability density of each point.
        neighbours: k, at most `MAX_NEIGHBOURS`.
        work: ``(ROWS + 3, padded)``.
        out: ``(n,)``.
    """
    n = rows.shape[0]
    nearest, places, minima = work[ROWS], work[ROWS + 1], work[ROWS + 2]
    for begin in range(0, n, ROWS):
        count = min(ROWS, n - begin)
        multiply64(rows, begin, count, points, work)
        for r in range(count):
            length = squared_length(rows, begin + r)
            for j in range(points.shape[1]):
                work[r, j] = norms[j] - 2.0 * work[r, j]
            held = _nearest(work[r], neighbours, minima, nearest, places)
            reach = 0.0
            density = 0.0
            for k in range(held):
                place = np.int64(places[k])
                reach += max(np.sqrt(max(length + nearest[k], 0.0)), radii[place])
                density += densities[place]
            out[begin + r] = density / held * (reach / held + 1e-10)
