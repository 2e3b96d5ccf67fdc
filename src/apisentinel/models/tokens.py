"""Sessions as rows of tokens, one token for each kind of request."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

MAX_TOKENS = 512
"""Size of the vocabulary; each token costs a step 2 ns."""
BEGIN = 0
"""Token before the first request of a session; also stands for every token out of range."""


class TokenSessions(NamedTuple):
    """Tokens of many sessions, one after the other.

    Attributes:
        tokens: int32 ``(n,)``, 1 to n_tokens - 1.
        offsets: Where each session begins, and the end of the last, int64 ``(n_sessions + 1,)``.
        n_tokens: Size of the vocabulary, `BEGIN` included.
    """

    tokens: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    n_tokens: int
