"""The sample that follows the traffic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.detectors.profile.requests import batch_of, orders

from apisentinel.detectors.profile import ProfileSettings, RollingSample, Sample
from apisentinel.detectors.profile.sample import joined_pieces

SETTINGS = ProfileSettings(online_requests=1_000)
ROWS = 1_600


@pytest.fixture(scope="module")
def batch():
    return batch_of(orders(ROWS))


def add(sample, batch, begin, end):
    part = batch.take(np.arange(begin, end))
    columns = part.enriched
    usable = columns["h_client"] % np.uint64(5) != 0
    window = part.numbers["ts"] // 600_000_000
    sample.add(part, columns["endpoint"], columns["h_client"], usable, window)


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=5), st.integers(0, ROWS))
def test_blocks_and_restarts_make_no_difference(batch, steps, at):
    whole, parts = RollingSample(SETTINGS), RollingSample(SETTINGS)
    add(whole, batch, 0, 900)
    whole.turn()
    add(whole, batch, 900, ROWS)
    begin = turn = 0
    while begin < ROWS:
        end = min(ROWS, begin + steps[turn % len(steps)])
        for stop in (900, at):
            end = stop if begin < stop < end else end
        add(parts, batch, begin, end)
        if end == 900:
            parts.turn()
        if end == at:
            successor = RollingSample(SETTINGS)
            successor.restore(parts.snapshot())
            parts = successor
        begin, turn = end, turn + 1
    assert same(whole.snapshot(), parts.snapshot())


def test_the_older_generation_is_forgotten(batch):
    sample = RollingSample(SETTINGS)
    add(sample, batch, 0, 400)
    first = joined_pieces(sample.turn())
    add(sample, batch, 400, 800)
    both = joined_pieces(sample.turn())
    third = joined_pieces(sample.turn())
    assert np.array_equal(both.actors[: len(first.actors)], first.actors)
    assert np.array_equal(third.actors, both.actors[len(first.actors) :])
    assert sample.kept == 0


def test_values_stay_within_the_bound_whatever_the_blocks(batch):
    found = []
    for step in (1, 7, ROWS):
        sample = Sample(SETTINGS, most_bytes=20_000)
        for begin in range(0, 400, step):
            add(sample, batch, begin, min(begin + step, 400))
        assert sum(piece.nbytes for piece in sample.pieces) < 60_000
        found.append((sample.kept, sample.bytes, joined_pieces(sample.pieces).actors.tolist()))
    assert found[0] == found[1] == found[2]
    assert 0 < found[0][0] < 300
