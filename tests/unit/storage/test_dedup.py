"""The table of event ids: nothing of the window is forgotten, nothing is invented."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.storage.dedup import DedupTable


class Oracle:
    """Two generations of sets."""

    def __init__(self, window):
        self.window, self.young, self.old = window, set(), set()

    def add(self, ids):
        new = []
        for one in ids:
            if len(self.young) >= self.window:
                self.old, self.young = self.young, set()
            if one == 0:
                new.append(True)
                continue
            new.append(one not in self.young and one not in self.old)
            if new[-1]:
                self.young.add(one)
        return new

    def forget(self, ids):
        self.young -= set(ids)
        self.old -= set(ids)


# few ids, so that they come again; multiples of a large power of two share home cells
IDS = st.one_of(st.integers(0, 40), st.integers(0, 9).map(lambda n: n << 60))
STEPS = st.lists(st.tuples(st.booleans(), st.lists(IDS, max_size=20)), max_size=30)


@given(window=st.integers(1, 16), steps=STEPS)
def test_it_does_what_two_sets_do(window, steps):
    table, oracle = DedupTable(window), Oracle(window)
    last_new = []
    for forget, ids in steps:
        if forget:
            table.forget(np.array(last_new, np.uint64))
            oracle.forget(last_new)
            last_new = []
            continue
        found = table.add(np.array(ids, np.uint64)).tolist()
        assert found == oracle.add(ids)
        last_new = [one for one, new in zip(ids, found, strict=True) if new and one]
        assert len(table) == len(oracle.young) + len(oracle.old)


def test_the_newest_window_is_always_recognised():
    table = DedupTable(1_000)
    ids = np.random.default_rng(5).integers(1, 1 << 63, 10_000, dtype=np.uint64)
    for begin in range(0, 10_000, 137):
        assert table.add(ids[begin : begin + 137]).all()
        end = min(begin + 137, 10_000)
        recent = ids[max(end - 1_000, 0) : end]
        assert not table.add(recent).any()


def test_memory_does_not_grow_and_the_oldest_are_forgotten():
    table = DedupTable(1_000)
    before = table._young.nbytes + table._old.nbytes
    first = np.arange(1, 101, dtype=np.uint64)
    table.add(first)
    for begin in range(1_000, 21_000, 500):
        table.add(np.arange(begin, begin + 500, dtype=np.uint64))
    assert table._young.nbytes + table._old.nbytes == before <= 64 * 1_024
    assert len(table) <= 2 * table.window
    assert table.add(first).all()


def test_a_table_grows_with_its_ids_and_forgets_none():
    table = DedupTable(1_000_000)
    small = table._young.nbytes
    ids = np.random.default_rng(6).integers(1, 1 << 63, 300_000, dtype=np.uint64)
    for begin in range(0, len(ids), 7_001):
        assert table.add(ids[begin : begin + 7_001]).all()
        assert not table.add(ids[: begin + 7_001]).any()
    assert small <= 1 << 20
    assert small < table._young.nbytes <= 24 * table.window
    assert len(table) == len(ids)


def test_a_missing_id_is_always_new():
    table = DedupTable(10)
    assert table.add(np.zeros(50, np.uint64)).all()
    assert len(table) == 0


def test_an_empty_window_is_refused():
    with pytest.raises(ValueError, match="recognises nothing"):
        DedupTable(0)
