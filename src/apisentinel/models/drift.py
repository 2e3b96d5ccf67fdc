"""How far the traffic of today has moved from what the models learned.

References:
    B. Yurdakul, "Statistical Properties of Population Stability Index", 2018: PSI over 20 quantile
    bins; 0.1 is a warning, 0.25 is a change.
    A. Kolmogorov, N. Smirnov: largest distance of two distribution functions.
"""

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import Arrays, pack_arrays, take, unpack_arrays

REFERENCE_PART = "monitor/reference.safetensors"
"""Where a bundle keeps the `Reference` of its ensemble."""
BINS = 20
"""Quantile bins of each feature; one more holds missing values."""
PSI_WARNING, PSI_CHANGE = 0.1, 0.25
KS_CHANGE = 0.1
LEAST_ROWS = 500
"""Rows below which nothing is said: PSI of 20 bins would be noise of about 21 / rows."""
_SMALL = 1e-4
"""Share that an empty bin counts as."""

Counts = npt.NDArray[np.float64]


class Reference:
    """Quantiles of the features that were learned from.

    Attributes:
        edges: float32 ``(n_features, BINS - 1)``, inner edges of the bins.
        shares: float64 ``(n_features, BINS + 1)``, share of rows in each bin, the last one missing.
    """

    def __init__(self, edges: npt.NDArray[np.float32], shares: Counts) -> None:
        self.edges = np.ascontiguousarray(edges, np.float32)
        self.shares = np.ascontiguousarray(shares, np.float64)

    @classmethod
    def of(cls, table: npt.NDArray[np.float32]) -> "Reference":
        """Of the rows ``(n_rows, n_features)`` that were learned from; NaN is missing."""
        inner = np.linspace(0.0, 1.0, BINS + 1)[1:-1]
        edges = np.zeros((table.shape[1], BINS - 1), np.float32)
        for column in range(table.shape[1]):
            known = table[np.isfinite(table[:, column]), column]
            if len(known):
                edges[column] = np.quantile(known, inner)
        new = cls(edges, np.zeros((table.shape[1], BINS + 1)))
        counts = new.empty()
        new.count(table, counts)
        new.shares = counts / max(1, len(table))
        return new

    def empty(self) -> Counts:
        """Counts of no rows."""
        return np.zeros((len(self.edges), BINS + 1))

    def count(self, table: npt.NDArray[np.float32], counts: Counts) -> None:
        """Adds rows to counts."""
        for column in range(len(self.edges)):
            values = table[:, column]
            missing = ~np.isfinite(values)
            at = np.searchsorted(self.edges[column], values, side="right")
            at[missing] = BINS
            counts[column] += np.bincount(at, minlength=BINS + 1)

    def psi(self, counts: Counts) -> Counts:
        """Population stability index of each feature, ``(n_features,)``; 0 while little is known.

        Example:
            >>> import numpy as np
            >>> rows = np.arange(2000, dtype=np.float32)[:, None]
            >>> reference = Reference.of(rows)
            >>> counts = reference.empty()
            >>> reference.count(rows + 1000, counts)
            >>> bool(reference.psi(counts)[0] > PSI_CHANGE)
            True
        """
        rows = counts.sum(axis=1, keepdims=True)
        now = np.maximum(counts / np.maximum(rows, 1.0), _SMALL)
        then = np.maximum(self.shares, _SMALL)
        psi: Counts = np.sum((now - then) * np.log(now / then), axis=1)
        return np.where(rows[:, 0] < LEAST_ROWS, 0.0, psi)

    def to_bytes(self) -> bytes:
        """For a bundle."""
        return pack_arrays({"edges": self.edges, "shares": self.shares})

    @classmethod
    def from_bytes(cls, content: bytes) -> "Reference":
        """Of `to_bytes`.

        Raises:
            IncompatibleModelError: It is damaged, or has other bins.
        """
        arrays: Arrays = unpack_arrays(content)
        edges = take(arrays, "edges", "float32", None, BINS - 1)
        shares = take(arrays, "shares", "float64", len(edges), BINS + 1)
        if not np.isfinite(shares).all():
            raise IncompatibleModelError("the reference of the features has other bins")
        return cls(edges, shares)


def ks(first: Counts, second: Counts) -> float:
    """Kolmogorov-Smirnov distance of two histograms over the same bins, 0 to 1.

    Example:
        >>> import numpy as np
        >>> ks(np.array([1.0, 1.0]), np.array([0.0, 2.0]))
        0.5
    """
    if first.sum() <= 0 or second.sum() <= 0:
        return 0.0
    apart = np.cumsum(first) / first.sum() - np.cumsum(second) / second.sum()
    return float(np.max(np.abs(apart)))
