"""Tables of known words, and caches with two generations."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.kernels.bytes import padded
from apisentinel.kernels.compiler import kernel
from apisentinel.kernels.interning import locate, rotate, slot_of, word_table, word_value


@kernel("int64(uint8[::1], int64, uint64[::1], int64[::1])")
def look_up(buffer, end, keys, values):
    return word_value(buffer, np.int64(0), end, keys, values)


@kernel("int64(uint64[::1], uint64)")
def find_slot(keys, key):
    return locate(keys, key)


@kernel("void(uint64[::1], int64[:,::1], uint64[::1], int64[:,::1])")
def turn(young, young_values, old, old_values):
    rotate(young, young_values, old, old_values)


words = st.text("abcXYZ019-_.~é", min_size=1, max_size=25)


def value_of(word: str, table) -> int:
    raw = word.encode()
    return int(look_up(padded(raw), len(raw), *table))


@given(st.dictionaries(words, st.integers(1, 1 << 30), max_size=60), st.lists(words, max_size=20))
def test_words_are_found_in_any_case_and_nothing_else_is(known, others):
    small: dict[str, int] = {}
    for word, value in known.items():
        plain = word.encode().lower().decode()
        small[plain] = small.get(plain, 0) | value
    table = word_table(known)
    for word in [*known, *others]:
        for spelling in (word, word.encode().upper().decode(), word.encode().lower().decode()):
            assert value_of(spelling, table) == small.get(word.encode().lower().decode(), 0)


@given(st.lists(st.integers(1, (1 << 64) - 1), unique=True, max_size=100))
def test_keys_find_their_slot_in_python_as_in_the_kernel(numbers):
    keys = np.zeros(256, np.uint64)
    for number in numbers:
        at = find_slot(keys, np.uint64(number))
        assert slot_of(keys, number) == at
        assert keys[at] == 0
        keys[at] = number
    for number in numbers:
        assert keys[find_slot(keys, np.uint64(number))] == number


def test_a_new_generation_keeps_the_last_one():
    young, old = np.arange(4, dtype=np.uint64), np.zeros(4, np.uint64)
    young_values, old_values = np.ones((4, 2), np.int64), np.zeros((4, 2), np.int64)
    turn(young, young_values, old, old_values)
    assert old.tolist() == [0, 1, 2, 3]
    assert not young.any()
    assert old_values.all()
