"""A new bundle may judge when nothing is lost and nobody is bothered more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from apisentinel.pipeline.promotion import (
    LEAST_SHADOWED,
    RANK_BINS,
    Proof,
    proved,
    shadowed,
    spearman,
)

MEDIUM = 10


@pytest.mark.parametrize(
    ("old", "new", "may"),
    [
        ((80, 70, 5), (80, 70, 5), True),
        ((80, 70, 5), (80, 78, 6), True),
        ((80, 70, 5), (80, 69, 0), False),
        ((400, 300, 5), (400, 298, 5), True),
        ((400, 300, 5), (400, 297, 5), False),
        ((80, 70, 5), (80, 80, 7), False),
        ((80, 70, 0), (80, 80, 1), True),
        ((80, 70, 100), (80, 70, 111), True),
        ((80, 70, 100), (80, 70, 112), False),
    ],
)
def test_nothing_is_lost_and_alarms_stay(old, new, may):
    decision = proved(Proof(*old), Proof(*new))
    assert decision.may is may
    assert f"{new[1]} of {new[0]}" in decision.why


def table(pairs):
    joint = np.zeros((RANK_BINS, RANK_BINS))
    for active, shadow, count in pairs:
        joint[active, shadow] += count
    return joint


ALIKE = [(k, k, 1_000) for k in range(9)]


@pytest.mark.parametrize(
    ("pairs", "may"),
    [
        ([(0, 0, LEAST_SHADOWED - 1)], None),
        ([*ALIKE, (12, 12, 50)], True),
        ([*ALIKE, (12, 12, 50), (2, 12, 7)], False),
        ([*ALIKE, (12, 3, 50)], True),
        ([(k, 8 - k, 1_000) for k in range(9)], False),
    ],
    ids=["too little", "alike", "raises more", "raises less", "the other way round"],
)
def test_a_shadow_has_to_agree(pairs, may):
    decision = shadowed(table(pairs), MEDIUM)
    assert (decision and decision.may) is may


@given(arrays(np.float64, (5, 5), elements=st.integers(0, 6)))
def test_rank_correlation_is_that_of_the_single_pairs(joint):
    pairs = [(i, j) for i in range(5) for j in range(5) for _ in range(int(joint[i, j]))]
    value = spearman(joint)
    if len({i for i, _ in pairs}) < 2 or len({j for _, j in pairs}) < 2:
        assert value == 0
        return

    def ranks(values):
        order = sorted(values)
        return np.array([order.index(v) + order.count(v) / 2 for v in values])

    one, other = ranks([i for i, _ in pairs]), ranks([j for _, j in pairs])
    assert value == pytest.approx(np.corrcoef(one, other)[0, 1], abs=1e-9)
