"""The learning gate."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.detectors.profile.gate import LEAST_ACTORS, LEAST_WINDOWS, PROBATION, admitted

_rows = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 6), st.integers(0, 5), st.floats(0, 1)), max_size=80
)


def gate(rows):
    ends, actors, windows, weights = (list(column) for column in zip(*rows, strict=True))
    return admitted(
        np.array(weights, np.float64), np.array(ends, np.uint64), np.array(actors, np.uint64),
        np.array(windows, np.int64),
    )  # fmt: skip


@given(_rows)
def test_weights_only_fall_and_endpoints_without_witnesses_count_little(rows):
    if not rows:
        return
    out = gate(rows)
    before = np.array([row[3] for row in rows])
    assert np.all((out >= 0.0) & (out <= before))
    everywhere = [len({row[column] for row in rows}) for column in (1, 2)]
    for end in {row[0] for row in rows}:
        of = [k for k, row in enumerate(rows) if row[0] == end]
        actors, windows = ({rows[k][column] for k in of} for column in (1, 2))
        witnessed = len(actors) >= min(LEAST_ACTORS, everywhere[0])
        witnessed = witnessed and len(windows) >= min(LEAST_WINDOWS, everywhere[1])
        if witnessed:
            assert np.array_equal(out[of], before[of])
        else:
            assert out[of].sum() <= PROBATION + 1e-9


def test_one_client_is_on_probation_beside_others_and_not_where_it_is_the_only_one():
    one = [(1, 7, window % 5, 1.0) for window in range(200)]
    others = [(2, actor % 9, window % 5, 1.0) for window, actor in enumerate(range(200))]
    assert gate([*one, *others])[:200].sum() <= PROBATION + 1e-9
    assert gate(one).sum() == 200.0


def test_many_clients_at_one_time_are_on_probation():
    burst = [(1, actor, 3, 1.0) for actor in range(200)]
    others = [(2, actor % 9, actor % 5, 1.0) for actor in range(200)]
    assert gate([*burst, *others])[:200].sum() <= PROBATION + 1e-9


def test_nothing_is_admitted_of_nothing():
    empty = np.empty(0)
    assert len(admitted(empty, empty.astype(np.uint64), empty.astype(np.uint64), empty)) == 0
