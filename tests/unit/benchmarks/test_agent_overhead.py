"""What the middleware adds is found beside neighbours that take the machine for a while."""

import numpy as np
import pytest
from benchmarks.agent_overhead import added


@pytest.mark.parametrize("spoiled", [(), (3,), (0, 5)])
def test_a_neighbour_spoils_rounds_and_not_the_figure(spoiled) -> None:
    random = np.random.default_rng(1)
    bare = random.gamma(4.0, 0.02, (7, 2_000))
    watched = bare + 0.03
    watched[:, ::50] += 0.2  # two of a hundred
    for number in spoiled:
        bare[number, ::10] += 8.0
        watched[number, 5::10] += 12.0
    middle, end = added(bare, watched)
    assert middle == pytest.approx(0.03, abs=0.005)
    assert end == pytest.approx(0.13, abs=0.08)


def test_nothing_adds_nothing() -> None:
    rows = np.random.default_rng(2).gamma(4.0, 0.02, (5, 500))
    assert added(rows, rows) == (0.0, 0.0)
