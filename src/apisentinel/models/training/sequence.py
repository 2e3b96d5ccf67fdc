"""Trains the sequence model and learns how surprising usual sessions are."""

import numpy as np
import numpy.typing as npt

from apisentinel.models.calibration import fit_tail
from apisentinel.models.ngram import count_tokens
from apisentinel.models.sequence import SequenceModel
from apisentinel.models.tokens import TokenSessions
from apisentinel.models.training.networks import NetworkSettings, fit_lstm

LAST = 16
"""Tokens whose mean surprise is judged."""
HELD_BACK = 5
"""Every fifth session is not learned from and tells what is usual."""
MOST_CALIBRATED = 2_000
FEWEST_SESSIONS = 20


def fit_sequence(
    sessions: TokenSessions, *, seed: int, settings: NetworkSettings | None = None
) -> SequenceModel | None:
    """LSTM and n-gram of sessions, calibrated on sessions that they have not seen; None when there
    are fewer than `FEWEST_SESSIONS`.
    """
    count = sessions.offsets.size - 1
    if count < FEWEST_SESSIONS:
        return None
    held = np.random.default_rng(seed).permutation(count) % HELD_BACK == 0
    learned = _some(sessions, ~held)
    lstm = fit_lstm(learned, seed=seed, settings=settings)
    means = [
        float(lstm.surprises(sessions.tokens[begin:end])[-LAST:].mean())
        for begin, end in _bounds(sessions, held)[:MOST_CALIBRATED]
    ]
    return SequenceModel(lstm, count_tokens(learned), fit_tail(np.array(means or [0.0])))


def _bounds(sessions: TokenSessions, chosen: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of the chosen sessions that have tokens."""
    pairs = zip(sessions.offsets[:-1][chosen], sessions.offsets[1:][chosen], strict=True)
    return [(int(begin), int(end)) for begin, end in pairs if end > begin]


def _some(sessions: TokenSessions, chosen: npt.NDArray[np.bool_]) -> TokenSessions:
    bounds = _bounds(sessions, chosen)
    tokens = [sessions.tokens[begin:end] for begin, end in bounds]
    offsets = np.concatenate([[0], np.cumsum([part.size for part in tokens])]).astype(np.int64)
    joined = np.concatenate(tokens) if tokens else np.zeros(0, np.int32)
    return TokenSessions(joined, offsets, sessions.n_tokens)
