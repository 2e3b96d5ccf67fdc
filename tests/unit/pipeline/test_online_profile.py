"""The profile that is learned while traffic is judged."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detectors.profile.requests import HEADERS, orders
from tests.unit.pipeline.live.live_traffic import SMALL, batch_of

from apisentinel.kernels.hashing import HashKey
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.online_profile import (
    FIRST,
    STEADY,
    is_learning_point,
    last_learning_point,
    next_cut,
    next_learning_point,
    take_over_point,
)

ROWS = 3_200
AT = take_over_point(FIRST)
ODD = {"method": "PATCH", "url": "/items?sort=id&debug=1", "headers": HEADERS}


def new(online: str = "service") -> LiveEngine:
    profile = SMALL.detectors.profile.model_copy(
        update={"online": online, "online_requests": 6_000, "categories": 1 << 14}
    )
    chosen = SMALL.model_copy(
        update={"detectors": SMALL.detectors.model_copy(update={"profile": profile})}
    )
    return LiveEngine(chosen, RuntimeSettings(quiet_hours=1.0), HashKey(1, 2))


def advance(live: LiveEngine, rows: list[dict[str, Any]], step: int = 300) -> list[Any]:
    out: list[Any] = []
    for begin in range(0, len(rows), step):
        batch = batch_of(rows[begin : begin + step])
        out += live.advance(live.prepare(batch), live.seq + 1)
    return out


@pytest.fixture(scope="module")
def traffic() -> list[dict[str, Any]]:
    return orders(ROWS, clients=30)


def chances(judged: list[Any]) -> list[float | None]:
    out: list[float | None] = []
    for part in judged:
        unusual = part.block.unusual
        rows = len(part.block.batch)
        out += [None] * rows if unusual is None else unusual.chance.tolist()
    return out


def test_what_is_unusual_is_found_without_training(traffic) -> None:
    live = new()
    advance(live, traffic)
    assert live.engine.online is not None
    assert live.engine.online.profile is not None
    odd = ODD | {"client_ip": "192.0.2.9", "ts": 1_700_009_000}
    (judged,) = advance(live, [odd])
    (found,) = judged.findings.values()
    assert "profile" in {piece.detector for piece in found.pieces}


def test_requests_before_the_first_take_over_have_no_profile(traffic) -> None:
    found = chances(advance(new(), traffic[: AT + 40]))
    assert found[:AT] == [None] * AT
    assert None not in found[AT:]


def test_a_profile_of_few_requests_calls_nothing_rarer_than_one_of_them(traffic) -> None:
    live = new()
    advance(live, traffic[:AT])
    odd = ODD | {"client_ip": "192.0.2.9", "ts": 1_700_009_000}
    (chance,) = chances(advance(live, [odd]))
    assert chance is not None
    assert chance >= 1.0 / FIRST


@pytest.mark.parametrize(
    ("steps", "at"),
    [([ROWS], 0), ([1_500, 333], 1), ([777], FIRST), ([97], FIRST + 1), ([400, 3], AT - 1),
     ([1_100], AT), ([640, 1], AT + 1), ([FIRST], ROWS - 1)],
)  # fmt: skip
def test_blocks_and_restarts_make_no_difference(traffic, whole, steps, at) -> None:
    live = new()
    found: list[float | None] = []
    begin = turn = 0
    while begin < ROWS:
        end = min(ROWS, begin + steps[turn % len(steps)])
        end = at if begin < at < end else end
        found += chances(advance(live, traffic[begin:end], 10_000))
        if end == at:
            stored = {k: bytes(v) for k, v in checkpoint.capture(live).parts().items()}
            live = new()
            checkpoint.restore(live, stored)
        begin, turn = end, turn + 1
    assert (found, checkpoint.capture(live).digest()) == whole


@pytest.fixture(scope="module")
def whole(traffic) -> tuple[list[float | None], str]:
    live = new()
    found = chances(advance(live, traffic))
    return found, checkpoint.capture(live).digest()


def test_switched_off_nothing_is_learned(traffic) -> None:
    live = new("never")
    advance(live, traffic[: AT + 10])
    assert live.engine.online is None
    assert live.engine.unusual is None


def test_one_client_cannot_make_its_endpoint_usual(traffic) -> None:
    """It calls what nobody else does, as often as all others together."""
    alone = {"method": "POST", "url": "/debug/run?cmd=list", "headers": HEADERS}
    mixed = []
    for i, row in enumerate(traffic[:AT]):
        mixed.append(alone | {"client_ip": "192.0.2.66", "ts": row["ts"]} if i % 2 else row)
    live = new()
    advance(live, mixed)
    other = {"client_ip": "10.0.3.7", "ts": 1_700_009_000}
    (unknown, known) = advance(live, [alone | other, traffic[0] | other])[0].block.unusual.known
    assert unknown <= 6.0
    assert known > 200.0


def dense(count: int, apart_s: float) -> list[dict[str, Any]]:
    rows = orders(count, clients=30)
    return [row | {"ts": 1_700_000_000 + i * apart_s} for i, row in enumerate(rows)]


def test_where_requests_come_fast_a_candidate_has_time() -> None:
    """2,048 requests have 0.6 s to be learned in; 2,048 more come in 0.2 s."""
    rows = dense(2 * FIRST, 0.0001)
    live = new()
    advance(live, rows)
    online = live.engine.online
    assert online is not None
    assert online.profile is None
    assert not online.is_wanted(STEADY, 0)
    later = rows[-1]["ts"] + 60
    assert online.is_wanted(STEADY, later * 1_000_000)
    assert not online.is_wanted(1, later * 1_000_000)
    advance(live, [row | {"ts": later} for row in rows[:FIRST]])
    assert online.profile is not None


@pytest.mark.parametrize(("apart_s", "is_learning"), [(1.0, True), (0.001, False)])
def test_learning_rests_in_dense_traffic(apart_s, is_learning) -> None:
    """A candidate of 2,048 requests is worth a rest of 2.4 s, one of twice as many comes after."""
    live = new()
    advance(live, dense(2 * FIRST, apart_s))
    online = live.engine.online
    assert online is not None
    assert online.profile is not None
    assert online.is_wanted(STEADY, 1 << 60) is is_learning


def test_every_cut_is_a_point() -> None:
    points, seen = [], 0
    while seen < 4 * STEADY:
        seen = next_cut(seen)
        points.append(seen)
    learned = [point for point in points if is_learning_point(point)]
    assert learned[0] == FIRST
    assert set(points) == {*learned, *map(take_over_point, learned[:-1])} | {points[-1]}
    assert all(b - a <= STEADY for a, b in pairwise(points))


@given(st.integers(0, 5 * STEADY))
def test_points_around_a_number_of_requests(seen: int) -> None:
    after, before = next_learning_point(seen), last_learning_point(seen)
    assert before <= seen < after
    assert is_learning_point(after)
    assert before == 0 or is_learning_point(before)
    assert seen < next_cut(seen) <= after
    assert take_over_point(after) < next_learning_point(after)


def test_memory_is_bounded(traffic) -> None:
    live = new()
    online = live.engine.online
    assert online is not None
    wide = [row | {"url": f"/p{i}?q={'x' * 900}{i}"} for i, row in enumerate(traffic[:1_500])]
    advance(live, wide)
    size = sum(array.nbytes for array in online.snapshot().values())
    assert size < 1_500 * 4_096
    assert isinstance(online.snapshot()["seen"], np.ndarray)
