"""The learning gate: what has to have been shown by several clients and at several times before it
counts as usual.

Who wants a profile to take an attack for ordinary use has to send it before it is looked for. One
client can do so as often as it likes, and many clients can do so at one time; both are cheap.
Several clients over hours are not, and they would have to stay below every other detector.

References: openappsec/openappsec, "relative reputation" and learning of indicators (least sources,
least windows, least share).
"""

import numpy as np
import numpy.typing as npt

WINDOW_US = 600_000_000
"""Length of a time that counts once, µs."""
LEAST_ACTORS, LEAST_WINDOWS = 3, 3
"""Clients and times that an endpoint needs; fewer where the whole traffic has fewer."""
PROBATION = 5.0
"""Requests that an endpoint counts for until it has both: enough to be no news, too few to be well
known.
"""


def admitted(
    weights: npt.NDArray[np.float64],
    endpoints: npt.NDArray[np.uint64],
    actors: npt.NDArray[np.uint64],
    windows: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Weights with which requests may be learned from.

    Args:
        weights: Weights so far, ``(n,)``.
        endpoints: Hash of the endpoint of each.
        actors: Hash of the client of each, 0 where it is not known.
        windows: Number of the time of each, see `WINDOW_US`.
    """
    if not len(weights):
        return weights
    ends, of = np.unique(endpoints, return_inverse=True)
    of = of.reshape(-1)
    is_known = np.ones(len(ends), np.bool_)
    for shown, least in ((actors, LEAST_ACTORS), (windows, LEAST_WINDOWS)):
        different = np.unique(np.stack([of, _numbered(shown)], axis=1), axis=0)
        counts = np.bincount(different[:, 0], minlength=len(ends))
        is_known &= counts >= min(least, len(np.unique(shown)))
    totals = np.bincount(of, weights, minlength=len(ends))
    factor = np.where(is_known, 1.0, np.minimum(1.0, PROBATION / np.maximum(totals, 1e-9)))
    return weights * factor[of]


def _numbered(values: npt.NDArray[np.uint64] | npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Small numbers in place of hashes."""
    number: npt.NDArray[np.int64] = np.unique(values, return_inverse=True)[1].reshape(-1)
    return number
