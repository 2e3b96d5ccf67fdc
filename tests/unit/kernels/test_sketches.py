"""Sketches against exact counts."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.kernels import sketches
from apisentinel.kernels.compiler import kernel
from apisentinel.kernels.hashing import hash_bytes
from apisentinel.kernels.sketches import bloom_add, decay_factor, hll_estimate
from apisentinel.kernels.sketches import log_bin as bin_of


@kernel("int64(int64, int64)")
def log_bin(value, bins):
    return bin_of(value, bins)


@kernel("float32(int64, int64, int64)")
def decay(last, now, tau):
    return decay_factor(last, now, tau)


@kernel("float64(uint8[::1])")
def estimate(registers):
    return hll_estimate(registers)


@kernel("int64(uint8[::1], uint64[::1])")
def add_bloom(bits, keys):
    fresh = 0
    for i in range(keys.shape[0]):
        fresh += bloom_add(bits, keys[i])
    return fresh


def keys(n: int, seed: int = 1) -> np.ndarray:
    return np.array([hash_bytes(f"{seed}/{i}".encode()) for i in range(n)], np.uint64)


@given(st.integers(0, 1 << 40))
def test_log_bin_holds_its_value(value: int) -> None:
    index = log_bin(value, 400)
    assert sketches.log_bin_edge(index) <= value < sketches.log_bin_edge(index + 1)


@given(st.integers(0, 1 << 62), st.integers(1, 200))
def test_log_bin_never_leaves_the_histogram(value: int, bins: int) -> None:
    assert 0 <= log_bin(value, bins) < bins


@given(st.integers(0, 10**15), st.integers(0, 10**9))
def test_decay_is_close_to_the_exponential(last: int, gap: int) -> None:
    tau = 60_000_000
    exact = math.exp(-gap / tau)
    assert math.isclose(
        decay(last, last + gap, tau), exact, rel_tol=1.1 / sketches.DECAY_STEPS, abs_tol=2e-7
    )


@given(st.integers(0, 10**15), st.integers(1, 10**12))
def test_a_late_event_does_not_rewind_the_clock(last: int, gap: int) -> None:
    assert decay(last, last - gap, 60_000_000) == 1.0


@given(st.lists(st.integers(0, 10**8), min_size=1, max_size=20))
def test_decay_in_steps_is_decay_at_once(gaps: list[int]) -> None:
    now, product = 0, 1.0
    for gap in gaps:
        product *= float(decay(now, now + gap, 600_000_000))
        now += gap
    assert math.isclose(product, float(decay(0, now, 600_000_000)), rel_tol=1e-4, abs_tol=1e-6)


def test_hll_error_is_what_its_size_promises() -> None:
    for size, spread in ((64, 0.4), (4096, 0.06)):
        for n in (5, 100, 5000):
            registers = np.zeros(size, np.uint8)
            sketches.count_distinct(registers, np.concatenate([keys(n), keys(n)]))
            assert math.isclose(estimate(registers), n, rel_tol=spread), (size, n)


def test_hll_of_a_union_is_the_maximum() -> None:
    both, left, right = (np.zeros(256, np.uint8) for _ in range(3))
    sketches.count_distinct(left, keys(300, 1))
    sketches.count_distinct(right, keys(300, 2))
    sketches.count_distinct(both, np.concatenate([keys(300, 1), keys(300, 2)]))
    assert np.array_equal(np.maximum(left, right), both)


def test_zero_is_no_value() -> None:
    registers = np.zeros(64, np.uint8)
    sketches.count_distinct(registers, np.zeros(10, np.uint64))
    assert not registers.any()


def test_bloom_never_calls_a_known_key_new() -> None:
    bits = np.zeros(128, np.uint8)
    sample = keys(150)
    assert add_bloom(bits, sample) > 120
    assert add_bloom(bits, sample) == 0
