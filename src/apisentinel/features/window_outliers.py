"""Outliers among the access counts of one window: DBSCAN and a one-class SVM in one dimension.

Both are exact: DBSCAN because in one dimension neighbours are neighbours in the sorted order, the
SVM because its dual is solved to a tolerance.

References: Ester et al., "A density-based algorithm for discovering clusters", KDD 1996; Schölkopf
et al., "Estimating the support of a high-dimensional distribution", Neural Computation 13, 2001.
"""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

EPS, MIN_POINTS = 0.35, 5
"""DBSCAN on log1p of the counts: counts within 40 % of each other are neighbours; a cluster has so
many members.
"""
NU, GAMMA = 0.05, 0.5
"""One-class SVM on the standardised log1p: share of outliers, and width of the kernel."""
POINTS_MOST, STEPS_MOST, TOLERANCE, ON_THE_EDGE = 400, 4_000, 1e-5, 1e-3
"""Points that the SVM is fitted to (an even choice of the sorted ones), when it is solved, and the
decision up to which a count is no longer inside: a lonely one holds the edge itself.
"""


def cluster_edge(counts: Array) -> tuple[float, Array]:
    """The highest count of the cluster that holds the median, and what lies above it.

    Args:
        counts: float64 ``(n,)``, sorted, n ≥ 1.

    Returns:
        Edge of what is normal; float64 of the counts above, in rising order.

    Example:
        >>> edge, above = cluster_edge(np.array([2.0, 3, 3, 3, 4, 4, 5, 90]))
        >>> edge, above.tolist()
        (5.0, [90.0])
    """
    value = np.log1p(counts)
    first = np.searchsorted(value, value - EPS, "left")
    last = np.searchsorted(value, value + EPS, "right")
    cores = np.flatnonzero(last - first >= MIN_POINTS)
    if cores.size == 0:
        return float(counts[-1]), counts[:0]
    middle = value[len(value) // 2]
    breaks = np.flatnonzero(np.diff(value[cores]) > EPS) + 1
    clusters = np.split(cores, breaks)
    distance = [np.abs(value[cluster] - middle).min() for cluster in clusters]
    normal = clusters[int(np.argmin(distance))]
    end = int(np.searchsorted(value, value[normal[-1]] + EPS, "right"))
    return float(counts[end - 1]), counts[end:]


def one_class_outliers(counts: Array) -> Array:
    """Counts above the median that a one-class SVM puts outside or on its edge.

    Args:
        counts: float64 ``(n,)``, sorted, n ≥ 1.
    """
    value = np.log1p(counts)
    spread = float(value.std())
    if spread <= 0.0:
        return counts[:0]
    value = (value - value.mean()) / spread
    chosen = value
    if value.size > POINTS_MOST:
        chosen = value[np.linspace(0, value.size - 1, POINTS_MOST).round().astype(np.int64)]
    weights, offset = fit_one_class(chosen)
    decision = np.exp(-GAMMA * (value[:, None] - chosen[None, :]) ** 2) @ weights - offset
    outside = (decision <= ON_THE_EDGE) & (value > np.median(value))
    found: Array = counts[outside]
    return found


def fit_one_class(points: Array) -> tuple[Array, float]:
    """Weights (they sum to one) and offset of a one-class SVM with a Gaussian kernel.

    Args:
        points: float64 ``(n,)``.

    Returns:
        float64 ``(n,)`` between 0 and 1/(nu n), and the value of the decision at the edge.
    """
    n = points.size
    most = 1.0 / (NU * n) if NU * n > 1.0 else 1.0
    weights = np.zeros(n)
    full = min(int(1.0 / most), n)
    weights[:full] = most
    if full < n:
        weights[full] = 1.0 - full * most
    kernel = np.exp(-GAMMA * (points[:, None] - points[None, :]) ** 2)
    gradient = kernel @ weights
    for _ in range(STEPS_MOST):
        # the pair that violates optimality most
        up = np.where(weights < most - 1e-12, gradient, np.inf)
        down = np.where(weights > 1e-12, gradient, -np.inf)
        i, j = int(up.argmin()), int(down.argmax())
        if down[j] - up[i] < TOLERANCE:
            break
        curve = max(2.0 - 2.0 * kernel[i, j], 1e-12)
        step = min((gradient[j] - gradient[i]) / curve, most - weights[i], weights[j])
        weights[i] += step
        weights[j] -= step
        gradient += step * (kernel[:, i] - kernel[:, j])
    inside = (weights > 1e-9) & (weights < most - 1e-9)
    offset = gradient[inside].mean() if inside.any() else gradient[weights > 1e-9].max()
    return weights, float(offset)
