"""How surprising the next request of a session is: LSTM and n-gram side by side, with their state
by slot.
"""

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from apisentinel.errors import IncompatibleModelError
from apisentinel.models.arrays import pack_arrays, unpack_arrays
from apisentinel.models.base import Parts, Scores, part_of
from apisentinel.models.calibration import TailCalibration
from apisentinel.models.lstm import UNITS, LstmModel
from apisentinel.models.ngram import NgramModel


class SequenceState(NamedTuple):
    """State of all sessions, by slot.

    Attributes:
        lstm: h and c in fixed point, int16 ``(capacity, 2 * UNITS)``.
        last: The last two tokens, int16 ``(capacity, 2)``.
    """

    lstm: npt.NDArray[np.int16]
    last: npt.NDArray[np.int16]


class Surprises(NamedTuple):
    """Nats of each token before it was known, float32 ``(n,)``."""

    lstm: npt.NDArray[np.float32]
    ngram: npt.NDArray[np.float32]


class SequenceModel:
    """LSTM and n-gram over the tokens of sessions. Threads may share the model, not a state."""

    def __init__(self, lstm: LstmModel, ngram: NgramModel, tail: TailCalibration) -> None:
        """A model of tokens.

        Args:
            lstm: The network.
            ngram: The counts.
            tail: p-values of the mean surprise of the last tokens of a session.
        """
        if lstm.n_tokens != ngram.n_tokens:
            raise IncompatibleModelError("network and counts know different tokens")
        self.lstm, self.ngram, self.tail = lstm, ngram, tail
        self.n_tokens = lstm.n_tokens

    @staticmethod
    def new_state(capacity: int) -> SequenceState:
        """An empty state: 132 bytes a slot."""
        return SequenceState(
            np.zeros((capacity, 2 * UNITS), np.int16), np.zeros((capacity, 2), np.int16)
        )

    def step_many(
        self,
        state: SequenceState,
        slots: npt.NDArray[np.int32],
        tokens: npt.NDArray[np.int32],
        fresh: npt.NDArray[np.uint8],
    ) -> Surprises:
        """Surprise of one token of each slot in the state before it; then the states move on.

        A slot may come several times; its tokens are taken in order, and the result is the same as
        of one call for each.

        Args:
            state: From `new_state`; changed.
            slots: ``(n,)``, each below the capacity.
            tokens: ``(n,)``; one that is out of range counts as 0.
            fresh: ``(n,)``, 1 where a session begins.
        """
        return Surprises(
            self.lstm.step_many(state.lstm, slots, tokens, fresh),
            self.ngram.step_many(state.last, slots, tokens, fresh),
        )

    def p_values(self, surprises: Scores) -> Scores:
        """p-values of mean surprises, ``(n_rows,)``, NaN where there is none yet."""
        known = np.isfinite(surprises)
        p = self.tail.p_values(np.where(known, surprises, 0.0))
        result: Scores = np.where(known, p, np.nan)
        return result

    def to_parts(self) -> Parts:
        """See `Model`."""
        tail = {"sequence.safetensors": pack_arrays(self.tail.to_arrays())}
        return {**self.lstm.to_parts(), **self.ngram.to_parts(), **tail}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        """See `Model`."""
        tail = unpack_arrays(part_of(parts, "sequence.safetensors"))
        return cls(
            LstmModel.from_parts(parts),
            NgramModel.from_parts(parts),
            TailCalibration.from_arrays(tail),
        )
