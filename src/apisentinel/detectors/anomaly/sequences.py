"""How surprising the requests of each session are to the sequence model, as they come."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from apisentinel.errors import StateError
from apisentinel.kernels.compiler import kernel

if TYPE_CHECKING:
    from apisentinel.models.sequence import SequenceModel

LAST = 16
"""Requests over which the surprise of a session is averaged; that of the model's calibration."""

MOST_WORDS = 1 << 30
"""Words of a session that are counted; from the sixteenth on the number has no meaning."""


@kernel("void(int32[::1], int32[::1], uint8[::1], int32[::1], int32[::1])")
def number_words(slots, tokens, fresh, counts, nth):
    """Numbers the words of each session from 1; a request that is no word has the negative number
    of the words before it.

    Args:
        slots, tokens, fresh: ``(n,)``; slot -1 for no session, token -1 for no word.
        counts: int32 ``(capacity,)``, words of each session so far.
        nth: int32 ``(n,)`` out.
    """
    for i in range(slots.shape[0]):
        nth[i] = 0
        s = slots[i]
        if s < 0:
            continue
        if fresh[i]:
            counts[s] = 0
        if tokens[i] >= 0:
            counts[s] = min(counts[s] + 1, MOST_WORDS)
            nth[i] = counts[s]
        else:
            nth[i] = -counts[s]


@kernel("void(int32[::1], int32[::1], float32[::1], float32[::1], float64[::1])")
def average(slots, nth, nats, means, out):
    """Moving mean of the surprise of each session behind each request, NaN without one.

    Args:
        slots, nth: ``(n,)``, of `number_words`.
        nats: float32, surprise of each word, in order.
        means: float32 ``(capacity,)``, mean of each session so far.
        out: float64 ``(n,)``.
    """
    at = 0
    for i in range(slots.shape[0]):
        s = slots[i]
        out[i] = np.nan
        if nth[i] == 0:
            continue
        if nth[i] > 0:
            weight = max(np.float32(1.0) / np.float32(nth[i]), np.float32(1.0 / LAST))
            if nth[i] == 1:
                means[s] = nats[at]
            else:
                means[s] += weight * (nats[at] - means[s])
            at += 1
        out[i] = means[s]


class Sequences:
    """Sequence model and its state for every remembered session. Not thread-safe.

    Cost: about 0.4 µs a request; 140 bytes a session.
    """

    def __init__(self, model: "SequenceModel", capacity: int) -> None:
        self.model = model
        self.state = model.new_state(capacity)
        self.counts = np.zeros(capacity, np.int32)
        self.means = np.zeros(capacity, np.float32)

    def follow(
        self,
        slots: npt.NDArray[np.int32],
        tokens: npt.NDArray[np.int32],
        fresh: npt.NDArray[np.uint8],
    ) -> npt.NDArray[np.float64]:
        """p-value of the session behind each request, NaN without a session or a word so far.

        Args:
            slots, tokens, fresh: ``(n_events,)``, as in `Ticks`.
        """
        n = len(slots)
        nth = np.empty(n, np.int32)
        number_words(slots, tokens, fresh, self.counts, nth)
        rows = np.flatnonzero(nth > 0)
        words = (tokens[rows] + 1).astype(np.int32)  # 0 stands before the first word
        begins = (nth[rows] == 1).astype(np.uint8)
        nats = self.model.step_many(
            self.state, np.ascontiguousarray(slots[rows]), words, begins
        ).lstm
        means = np.empty(n)
        average(slots, nth, nats, self.means, means)
        return self.model.p_values(means)

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        """All state; `restore` continues as if nothing had happened."""
        used = np.flatnonzero(self.counts)
        return {
            "rows": used,
            "lstm": self.state.lstm[used],
            "last": self.state.last[used],
            "counts": self.counts[used],
            "means": self.means[used],
            "size": np.array([len(self.counts), self.state.lstm.shape[1]]),
        }

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Takes over a snapshot.

        Raises:
            StateError: It was made with other bounds or for another model.
        """
        if arrays["size"].tolist() != [len(self.counts), self.state.lstm.shape[1]]:
            raise StateError("snapshot of the sequence model has other bounds than these settings")
        rows = arrays["rows"]
        for name, own in (
            ("lstm", self.state.lstm), ("last", self.state.last), ("counts", self.counts),
            ("means", self.means),
        ):  # fmt: skip
            own[:] = 0
            own[rows] = arrays[name]
