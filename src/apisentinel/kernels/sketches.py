"""Small fixed-size sketches: decayed counters, log histograms, HyperLogLog, Bloom filters,
sequential tests.

All are pure functions over arrays inside a record. Late events (older than the record's last) never
rewind a clock.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import trailing_zeros
from apisentinel.kernels.compiler import inline, kernel

DECAY_STEPS = 64
"""Steps of a decay table per time constant; the factor is constant inside a step, so it is the same
on every machine.
"""

DECAY_TABLE: npt.NDArray[Any] = np.array(
    [math.exp(-k / DECAY_STEPS) for k in range(16 * DECAY_STEPS - 1)] + [0.0], np.float32
)
"""Factor after k steps; zero from 16 time constants on."""

LOG_BINS_PER_OCTAVE = 4


@inline
def decay_factor(last, now, tau_us):
    """Factor exp(-(now - last) / tau) for a counter; 1 for late events.

    Time is counted in whole steps of tau / `DECAY_STEPS` since 1970, so that many short gaps lose
    nothing.
    """
    unit = tau_us // DECAY_STEPS
    steps = now // unit - last // unit
    if steps <= 0:
        return np.float32(1.0)
    return DECAY_TABLE[min(steps, DECAY_TABLE.shape[0] - 1)]


@inline
def log_bin(value, bins):
    """Bin of a non-negative integer: 0 for 0, then four bins an octave, at most ``bins - 1``.

    A bin's values lie within 19 % of each other.
    """
    if value <= 0:
        return np.int64(0)
    octave = np.int64(0)
    v = np.int64(value)
    while v >= 8:
        v >>= 1
        octave += 1
    # v is 1..7: below 4 exact, from 4 on the two bits after the leading one choose the quarter
    if octave == 0 and v < 4:
        return min(v, np.int64(bins - 1))
    return min(np.int64(4) + octave * 4 + (v - 4), np.int64(bins - 1))


def log_bin_edge(index: int) -> float:
    """Lowest value of a bin of `log_bin`.

    Example:
        >>> [log_bin_edge(k) for k in (0, 1, 4, 7, 8, 12)]
        [0.0, 1.0, 4.0, 7.0, 8.0, 16.0]
    """
    if index < 4:
        return float(index)
    octave, quarter = divmod(index - 4, 4)
    return float((4 + quarter) << octave)


LOG_EDGES: npt.NDArray[Any] = np.array([log_bin_edge(k) for k in range(128)], np.float32)
"""Lowest value of each bin of `log_bin`."""


@inline
def hll_add(registers, key):
    """Adds a 64-bit hash to HyperLogLog registers; their number is a power of two.

    References: Flajolet et al., "HyperLogLog: the analysis of a near-optimal cardinality estimation
    algorithm", 2007.
    """
    count = registers.shape[0]
    bits = np.int64(trailing_zeros(np.uint64(count)))
    index = np.int64(key >> np.uint64(64 - bits))
    rank = np.uint8(trailing_zeros(key | (np.uint64(1) << np.uint64(63 - bits))) + np.uint64(1))
    if rank > registers[index]:
        registers[index] = rank
        return True
    return False


@inline
def hll_estimate(registers):
    """Estimated number of distinct keys; standard error 1.04 / sqrt(registers)."""
    count = registers.shape[0]
    total = 0.0
    zeros = 0
    for k in range(count):
        total += 2.0 ** (-np.float64(registers[k]))
        zeros += registers[k] == 0
    alpha = 0.7213 / (1.0 + 1.079 / count)
    if count <= 16:
        alpha = 0.673
    elif count <= 32:
        alpha = 0.697
    elif count <= 64:
        alpha = 0.709
    raw = alpha * count * count / total
    if raw <= 2.5 * count and zeros > 0:
        return count * np.log(count / zeros)
    return raw


@inline
def bloom_add(bits, key):
    """Adds a 64-bit hash to a Bloom filter of two probes; True when it was not in it.

    Args:
        bits: uint8 array whose length is a power of two.
        key: 64-bit hash.
    """
    mask = np.uint64(bits.shape[0] * 8 - 1)
    a = np.int64(key & mask)
    b = np.int64((key >> np.uint64(32)) & mask)
    one = np.uint8(1)
    bit_a = np.uint8(one << np.uint8(a & 7))
    bit_b = np.uint8(one << np.uint8(b & 7))
    fresh = (bits[a >> 3] & bit_a) == 0 or (bits[b >> 3] & bit_b) == 0
    bits[a >> 3] |= bit_a
    bits[b >> 3] |= bit_b
    return fresh


@inline
def cusum(level, step, factor, highest):
    """One step of a one-sided cumulative sum of log-likelihood ratios with forgetting.

    References: Page, "Continuous inspection schemes", 1954; Wald, "Sequential analysis", 1947.
    """
    level = level * factor + step
    if level < 0:
        return np.float32(0.0)
    return np.float32(min(level, highest))


@kernel("void(uint8[::1], uint64[::1])")
def count_distinct(registers, keys):
    """Adds a column of hashes to HyperLogLog registers; 0 (no value) is left out."""
    for i in range(keys.shape[0]):
        if keys[i] != 0:
            hll_add(registers, keys[i])


@kernel("float64(uint8[::1])")
def estimate_distinct(registers):
    """`hll_estimate` for callers outside kernels."""
    return hll_estimate(registers)
