"""Surprise to chance: how often ordinary requests are at least so surprising."""

from typing import Any

import numpy as np
import numpy.typing as npt

TAIL = 0.02
"""Share of the most surprising requests to which the tail is fitted."""
LEAST_TAIL = 10
KEPT = 512
"""Quantiles kept of the surprise."""
FLOOR = 1e-12
LEAST_SCALE = 0.25
"""Decay of the tail for each unit of surprise is never steeper than this: a site whose training
traffic is all alike must not make the first odd request a certainty.
"""


class Calibration:
    """Distribution of the surprise of ordinary requests, with an exponential tail.

    References: Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017,
    for the tail beyond a quantile; here with shape 0, which errs on the quiet side for short tails.
    """

    def __init__(self, quantiles: npt.NDArray[np.float64], tail: npt.NDArray[np.float64]) -> None:
        self.quantiles = quantiles
        self.tail = tail

    @classmethod
    def fit(
        cls, surprise: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]
    ) -> "Calibration":
        """Calibration from the surprise of ordinary requests, each left out of what it is compared
        with.
        """
        order = np.argsort(surprise, kind="stable")
        values, share = surprise[order], np.cumsum(weights[order])
        total = float(share[-1]) if len(share) else 1.0
        grid = np.concatenate(
            [np.linspace(0.0, 0.9, KEPT // 2), 1.0 - np.geomspace(0.1, TAIL, KEPT // 2)]
        )
        if not len(values):
            return cls(np.linspace(0.0, 1.0, KEPT), np.array([1.0, 1.0, 1.0, 0.0]))
        at = np.searchsorted(share, grid * total)
        quantiles = np.maximum.accumulate(values[np.minimum(at, len(values) - 1)])
        edge = float(quantiles[-1])
        above = values > edge
        excess = values[above] - edge
        held = weights[order][above]
        scale = float((excess * held).sum() / max(held.sum(), 1e-9)) if above.any() else 0.0
        share_above = max(float(held.sum()) / total, 0.5 / max(total, 1.0))
        if above.sum() < LEAST_TAIL:
            scale = max(scale, 2 * LEAST_SCALE)
        return cls(quantiles, np.array([edge, max(scale, LEAST_SCALE), share_above, total]))

    def chance(self, surprise: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Share of ordinary requests that are at least so surprising, in (0, 1]; strictly falling
        in the tail.
        """
        edge, scale, share_above, _ = self.tail.tolist()
        grid = np.concatenate(
            [np.linspace(0.0, 0.9, KEPT // 2), 1.0 - np.geomspace(0.1, TAIL, KEPT // 2)]
        )
        # equal quantiles: the largest share below, so that a common surprise is not rare
        known, last = np.unique(self.quantiles, return_index=True)
        below = np.interp(surprise, known, grid[last])
        tail = share_above * np.exp(-(np.maximum(surprise, edge) - edge) / scale)
        out: npt.NDArray[Any] = np.where(
            surprise > edge, tail, np.maximum(1.0 - below, share_above)
        )
        clipped: npt.NDArray[np.float64] = np.clip(out, FLOOR, 1.0)
        return clipped
