"""A detector for one metric: how unusual is each value, given those before it."""

import numpy as np
import numpy.typing as npt

from apisentinel.detectors.series.views import (
    HISTORY,
    LEVELS,
    MOST_SURPRISE,
    RECENT,
    VIEWS,
    judge_values,
)

HOLD, FADE = 100, 0.995
"""After an anomaly only something stranger is one: for so many values the bar stays where the
anomaly set it, then it sinks by half a per cent a value. An operator wants to hear of the beginning
once, not of every value until it ends.
"""

Array = npt.NDArray[np.float64]


class SeriesDetector:
    """Judges the values of one metric as they come; strictly online, one setting for all metrics.

    Five views look at each value: itself, its mean with the last 4 and 32 values, each against its
    median; the step from the value before; the distance from what is usual at this time of day.
    Each view gives ``-log10 p`` by its own past. The mean of the four strongest is the surprise,
    and only a surprise above the recent ones is told.

    Cost: 0.9 MB; about 40 µs a value. Deterministic, whatever the size of the blocks. Not
    thread-safe.

    Example:
        >>> import numpy as np
        >>> detector = SeriesDetector()
        >>> t = np.arange(400) * 60_000_000
        >>> x = np.sin(np.arange(400)); x[390] = 9
        >>> int(np.argmax(detector.score_many(t, x)))
        390
    """

    def __init__(self) -> None:
        self._seen = np.zeros(1, np.int64)
        self._times = np.zeros(HISTORY, np.int64)
        self._rings = np.zeros((1 + len(LEVELS), HISTORY))
        self._risen = np.zeros((len(LEVELS), HISTORY))
        self._measured = np.zeros((VIEWS, HISTORY))
        self._risen_measured = np.zeros((VIEWS, HISTORY))
        self._scratch = np.zeros(RECENT)
        self._bar = 0.0
        self._since = 0

    def score_many(self, ts: npt.NDArray[np.int64], values: Array) -> Array:
        """How anomalous the next values are.

        Args:
            ts: int64 ``(n,)``, µs; a time before its forerunner counts as simultaneous.
            values: float64 ``(n,)``; what is not finite is left out and scores 0.

        Returns:
            float64 ``(n,)``, 0 to 1; see `score_of`.
        """
        surprise = np.zeros(len(values))
        known = np.flatnonzero(np.isfinite(values))
        views = self.views(ts[known], values[known])
        if len(known):
            surprise[known] = np.sort(views, axis=1)[:, 1:].mean(axis=1)
        return score_of(self._first(surprise))

    def views(self, ts: npt.NDArray[np.int64], values: Array) -> Array:
        """``-log10 p`` of finite values by view: float64 ``(n, VIEWS)``."""
        out = np.zeros((len(values), VIEWS))
        judge_values(
            np.ascontiguousarray(ts, np.int64), np.ascontiguousarray(values, np.float64),
            self._seen, self._times, self._rings, self._risen, self._measured,
            self._risen_measured, self._scratch, out,
        )  # fmt: skip
        return out

    def _first(self, surprise: Array) -> Array:
        """Surprises above the bar that earlier ones have set; 0 for the others."""
        out = np.zeros(len(surprise))
        for row, value in enumerate(surprise.tolist()):
            if self._since > HOLD:
                self._bar *= FADE
            if value > self._bar:
                out[row] = self._bar = value
                self._since = 0
            else:
                self._since += 1
        return out


def score_of(surprise: Array) -> Array:
    """Surprise in decades to a score of 0 to 1: 1 : 100 gives 0.08, 1 : 10,000 gives 0.15."""
    return np.minimum(surprise / MOST_SURPRISE, 1.0)
