"""Users who are refused where the staff works, and the staff."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.features import EVENT
from apisentinel.features.holding import OPEN, ROOM
from apisentinel.pipeline.room_refusals import USERS_KEPT, Refused, RoomRefusals

MEDIUM_LLR = 5.07
MINUTE = 60_000_000


def judged(
    statuses: list[int], refusals: RoomRefusals | None = None, *, user: int = 5, kind: int = ROOM,
    at: int = 0,
) -> dict[int, Refused]:  # fmt: skip
    events = np.zeros(len(statuses), EVENT)
    events["user"], events["status"] = user, statuses
    events["ts"] = 1_800_000_000_000_000 + (at + np.arange(len(statuses))) * MINUTE
    kinds = np.full(len(statuses), kind, np.uint8)
    return (refusals or RoomRefusals()).judge(kinds, events)


def strongest(found: dict[int, Refused]) -> float:
    return max((told.llr for told in found.values()), default=0.0)


def test_a_user_who_is_let_in_now_and_then_is_told_by_what_is_refused():
    found = judged([200, 200, 404, 403, 401, 403, 403, 200])
    assert strongest(found) >= MEDIUM_LLR
    assert list(found.values())[-1][1:] == (5, 7)


def test_the_staff_is_left_alone():
    assert not judged([200] * 50 + [403] + [200] * 10 + [404, 200, 404])
    # an expired token in the morning
    assert strongest(judged([401, 401, 401, 401, 200, 200])) < MEDIUM_LLR
    # the service is down
    assert not judged([503] * 60)


def test_other_places_and_strangers_do_not_count():
    assert not judged([403] * 9, kind=OPEN)
    assert not judged([403] * 9, user=0)
    events = np.zeros(1, EVENT)
    assert not RoomRefusals().judge(None, events)


def test_a_day_of_quiet_forgets():
    refusals = RoomRefusals()
    judged([403, 403], refusals)
    assert strongest(judged([403], refusals, at=1_500)) < MEDIUM_LLR


@given(st.lists(st.sampled_from([200, 201, 401, 403, 404, 500]), max_size=30), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_neither_a_cut_nor_a_restart_changes_anything(statuses: list[int], cut: int):
    cut = min(cut, len(statuses))
    first, again = RoomRefusals(), RoomRefusals()
    begun = judged(statuses[:cut], first)
    again.recall(first.memory())
    rest = judged(statuses[cut:], again, at=cut)
    whole = judged(statuses)
    assert [*begun.values(), *rest.values()] == list(whole.values())
    assert all(0 < told.llr <= 9.0 for told in whole.values())


@pytest.mark.parametrize("extra", [1, 50])
def test_memory_is_bounded(extra: int):
    refusals = RoomRefusals()
    events = np.zeros(USERS_KEPT + extra, EVENT)
    events["user"], events["status"] = np.arange(len(events)) + 1, 403
    refusals.judge(np.full(len(events), ROOM, np.uint8), events)
    assert len(refusals.memory()) == USERS_KEPT
