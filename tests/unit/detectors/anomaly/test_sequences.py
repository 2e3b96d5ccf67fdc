"""The sequence model follows sessions: in order, across blocks and restarts."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.detectors.anomaly.sequences import LAST, Sequences
from apisentinel.errors import StateError

SLOTS = 5


class State(NamedTuple):
    lstm: Any
    last: Any


class Nats(NamedTuple):
    lstm: Any


class Stub:
    """A model to which a word is as surprising as its number is far from the last one."""

    @staticmethod
    def new_state(capacity: int) -> State:
        return State(np.zeros((capacity, 1), np.int16), np.zeros((capacity, 2), np.int16))

    @staticmethod
    def step_many(state: State, slots: Any, tokens: Any, fresh: Any) -> Nats:
        out = np.empty(len(slots), np.float32)
        for i, (slot, token, begins) in enumerate(zip(slots, tokens, fresh, strict=True)):
            before = 0 if begins else state.lstm[slot, 0]
            out[i] = abs(int(token) - int(before))
            state.lstm[slot, 0] = token
        return Nats(out)

    @staticmethod
    def p_values(means: Any) -> Any:
        return means


def new() -> Sequences:
    return Sequences(Stub(), SLOTS)  # type: ignore[arg-type]  # a stub


def follow(sequences: Sequences, rows: list[tuple[int, int, int]]) -> list[float]:
    slots, tokens, fresh = (list(column) for column in zip(*rows, strict=True))
    told = sequences.follow(
        np.array(slots, np.int32), np.array(tokens, np.int32), np.array(fresh, np.uint8)
    )
    return [float(value) for value in told]


def test_the_mean_is_that_of_the_last_words() -> None:
    told = follow(new(), [(1, 3, 1), (1, 3, 0), (1, 9, 0)])
    assert told == pytest.approx([4.0, 2.0, (4 + 0 + 6) / 3])
    steady = follow(new(), [(2, 50, 1), *[(2, 50, 0)] * (12 * LAST)])
    assert steady[-1] < 0.01


def test_no_session_and_no_word_yet_say_nothing() -> None:
    told = follow(new(), [(-1, 3, 0), (1, -1, 1), (1, 3, 0), (1, -1, 0)])
    assert np.isnan(told[:2]).all()
    assert told[2:] == [4.0, 4.0]


def test_a_slot_that_changes_hands_begins_anew() -> None:
    told = follow(new(), [(1, 99, 1), (1, -1, 1), (1, 3, 0)])
    assert np.isnan(told[1])
    assert told[2] == 4.0


ROWS = st.lists(
    st.tuples(st.integers(-1, SLOTS - 1), st.integers(-1, 20), st.integers(0, 1)),
    min_size=2, max_size=60,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(1, 59))
def test_blocks_and_restarts_change_nothing(rows: list[tuple[int, int, int]], cut: int) -> None:
    whole, again, parts = new(), new(), new()
    expected = follow(whole, rows)
    cut = min(cut, len(rows) - 1)
    first = follow(parts, rows[:cut])
    again.restore(parts.snapshot())
    np.testing.assert_equal(first + follow(again, rows[cut:]), expected)


def test_a_snapshot_of_other_bounds_is_refused() -> None:
    with pytest.raises(StateError, match="other bounds"):
        Sequences(Stub(), 9).restore(new().snapshot())  # type: ignore[arg-type]  # a stub
