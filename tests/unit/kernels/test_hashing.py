"""SipHash-1-3 against a plain reading of the paper."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.kernels.hashing import HashKey, hash_bytes, hash_spans, mix_columns

MASK = (1 << 64) - 1


def _rotl(x: int, b: int) -> int:
    return ((x << b) | (x >> (64 - b))) & MASK


def siphash13(k0: int, k1: int, data: bytes) -> int:
    """Written from the paper's description, with whole numbers."""
    v = [
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    ]

    def rounds(n: int) -> None:
        for _ in range(n):
            v[0] = (v[0] + v[1]) & MASK
            v[1] = _rotl(v[1], 13) ^ v[0]
            v[0] = _rotl(v[0], 32)
            v[2] = (v[2] + v[3]) & MASK
            v[3] = _rotl(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & MASK
            v[3] = _rotl(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & MASK
            v[1] = _rotl(v[1], 17) ^ v[2]
            v[2] = _rotl(v[2], 32)

    whole = len(data) // 8 * 8
    words = [int.from_bytes(data[i : i + 8], "little") for i in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    for word in words:
        v[3] ^= word
        rounds(1)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(3)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


@given(st.binary(max_size=300), st.integers(0, MASK), st.integers(0, MASK))
def test_equals_the_paper(data: bytes, k0: int, k1: int) -> None:
    assert hash_bytes(data, HashKey(k0, k1)) == (siphash13(k0, k1, data) or 1)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
def test_spans_hash_like_single_values_and_null_is_zero(values: list[bytes]) -> None:
    joined = b"".join(values)
    buffer = np.frombuffer(joined + bytes(64), np.uint8).copy()
    ends = np.cumsum([len(v) for v in values])
    spans = np.array(
        [[e - len(v), e] for v, e in zip(values, ends, strict=True)] + [[-1, -1]], np.int32
    )
    key = HashKey()
    out = np.zeros(len(spans), np.uint64)
    hash_spans(buffer, spans, np.uint64(key.k0), np.uint64(key.k1), out)
    assert out.tolist() == [*(hash_bytes(v) for v in values), 0]


def test_mixing_is_ordered_and_never_zero() -> None:
    a = np.array([1, 2, 3], np.uint64)
    b = np.array([3, 2, 1], np.uint64)
    one, two = np.zeros(3, np.uint64), np.zeros(3, np.uint64)
    mix_columns(a, b, one)
    mix_columns(b, a, two)
    assert one[0] != two[0]
    assert one.all()
