"""What is normal on this site: histograms of per-client minutes and a few shares, learned from the
traffic itself.

Each client gives one value per minute, so a busy attacker is one voice among many.
"""

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import inline
from apisentinel.kernels.sketches import LOG_EDGES, log_bin

BINS = 96
"""Log bins, four an octave: values up to 2^23."""

REQUESTS, PAGES, MISSES, PAGES_SEEN, RUSHES, PAGES_HOUR = range(6)
QUANTITIES = 6

FEWEST_SAMPLES = 200
"""Minutes of clients that must be known before the histogram overrules the prior."""
NORMAL_QUANTILE = 0.99
FORGET_ABOVE = 1_000_000.0
"""Samples at which all bins are halved, so that the site can change."""


def new_site() -> npt.NDArray[np.float32]:
    """An empty site: float32 ``(QUANTITIES, BINS + 2)``; the last two columns hold count and cached
    quantile.
    """
    return np.zeros((QUANTITIES, BINS + 2), np.float32)


@inline
def add_sample(site, quantity, value):
    """Adds one client minute to a histogram and refreshes its cached quantile now and then."""
    row = site[quantity]
    row[log_bin(np.int64(value), BINS)] += np.float32(1.0)
    row[BINS] += np.float32(1.0)
    if row[BINS] > FORGET_ABOVE:
        for k in range(BINS + 1):
            row[k] *= np.float32(0.5)
    if np.int64(row[BINS]) % 64 == 0:
        need = row[BINS] * np.float32(1.0 - NORMAL_QUANTILE)
        above = np.float32(0.0)
        k = BINS - 1
        while k > 0:
            above += row[k]
            if above > need:
                break
            k -= 1
        row[BINS + 1] = LOG_EDGES[k]


@inline
def high_normal(site, quantity, prior):
    """The 99 % quantile of client minutes; the prior while too little is known."""
    if site[quantity, BINS] < FEWEST_SAMPLES:
        return prior
    return site[quantity, BINS + 1]


@inline
def add_share(site, part, whole, is_part):
    """Counts one occurrence for a share; both counts are halved from time to time."""
    site[whole, 0] += np.float32(1.0)
    if is_part:
        site[part, 0] += np.float32(1.0)
    if site[whole, 0] > FORGET_ABOVE:
        site[whole, 0] *= np.float32(0.5)
        site[part, 0] *= np.float32(0.5)


@inline
def share_of(site, part, whole, prior):
    """The learned share, shrunk to the prior with the weight of 200 occurrences."""
    return (np.float64(site[part, 0]) + 200.0 * prior) / (np.float64(site[whole, 0]) + 200.0)
