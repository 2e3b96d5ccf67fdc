"""Slices of sources: the program or the network of a campaign, and honest people who mistype."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.detectors.identity import Attempt, AttemptGuard, AttemptMemory, Purpose
from apisentinel.detectors.identity.slices import (
    ACCEPT,
    DISTINCT,
    FALSE,
    MOST_LLR,
    SLICES_KEPT,
    SliceTests,
    steps,
)

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
START = 1_800_000_000 * SECOND
FAILED, SUCCEEDED = 1, 2
USUAL = 0.06


def attempt(
    at: int, account: int, outcome: int, *, client: int = 0, network: int = 0, agent: int = 77
) -> Attempt:
    client = client or 1_000 + account
    return Attempt(
        START + at, 9, Purpose.LOGIN, outcome, client, network or client, agent, 0, account, 0, 0, 0
    )  # fmt: skip


def judged(attempts: list[Attempt], usual: float = USUAL) -> list:
    tests = SliceTests()
    return [found for one in attempts if (found := tests.see(one, lambda: usual)) is not None]


def test_a_program_that_fails_everywhere_is_told_although_it_fails_rarely():
    slow = [attempt(k * 2 * HOUR, k + 1, FAILED, agent=5) for k in range(12)]
    found = judged(slow)
    assert found
    assert found[0].kind == "program"
    assert found[0].clients >= DISTINCT
    assert all(5.07 <= one.llr <= MOST_LLR for one in found)


def test_a_rented_network_is_told_whatever_its_programs_are():
    rented = [attempt(k * 40 * MINUTE, k + 1, FAILED, network=3, agent=100 + k) for k in range(12)]
    assert {one.kind for one in judged(rented)} == {"network"}


def test_one_source_and_one_account_are_their_own_affair():
    assert not judged([attempt(k * MINUTE, k + 1, FAILED, client=4) for k in range(40)])
    assert not judged([attempt(k * MINUTE, 8, FAILED, client=50 + k) for k in range(40)])


def test_people_who_mistype_first_take_their_failures_back():
    out = []
    for k in range(40):
        out += [
            attempt(k * MINUTE, k + 1, FAILED, network=3),
            attempt(k * MINUTE + 9 * SECOND, k + 1, SUCCEEDED, network=3),
        ]
    assert not judged(out)


@given(
    outcomes=st.lists(st.booleans(), max_size=120),
    usual=st.floats(0.0, 0.4),
)
@settings(max_examples=80, deadline=None)
def test_a_slice_is_told_only_beyond_walds_bound(outcomes: list[bool], usual: float):
    tests, level = SliceTests(), 0.0
    up, down = steps(usual)
    assert up > 0 > down
    began = False
    for k, failed in enumerate(outcomes):
        found = tests.see(
            attempt(k * MINUTE, k + 1, FAILED if failed else SUCCEEDED, network=3, agent=0),
            lambda: usual,
        )
        began |= failed
        level = max(0.0, level + (up if failed else down)) if began else 0.0
        assert found is None or (failed and level >= ACCEPT - 1e-9)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_honest_slices_stay_below_the_bound(seed: int):
    """By Ville's inequality a sum that begins anew passes the bound with `FALSE` at most each."""
    failing = np.random.default_rng(seed).random(2_000) < USUAL
    people = [
        attempt(k * MINUTE, k + 1, FAILED if bad else SUCCEEDED, network=3)
        for k, bad in enumerate(failing.tolist())
    ]
    assert FALSE * len(people) < 0.01
    assert not judged(people)


@pytest.mark.parametrize("cut", [1, 7, 11])
def test_a_restart_changes_nothing(cut: int):
    slow = [attempt(k * 30 * MINUTE, k + 1, FAILED, agent=5) for k in range(16)]
    whole, first, again = (AttemptGuard(slices=True) for _ in range(3))
    expected = [said for one in slow for said in whole.see(one)]
    begun = [said for one in slow[:cut] for said in first.see(one)]
    packed = msgspec.msgpack.encode(first.memory())
    again.recall(msgspec.msgpack.decode(packed, type=AttemptMemory))
    assert begun + [said for one in slow[cut:] for said in again.see(one)] == expected
    assert any(getattr(said.signal, "what", "") == "slice" for said in expected)


def test_memory_is_bounded():
    tests = SliceTests()
    for k in range(SLICES_KEPT + 10):
        tests.see(attempt(k, k + 1, FAILED, network=k + 1, agent=0), lambda: USUAL)
    assert len(tests.memory()) == SLICES_KEPT


@pytest.mark.parametrize("slices", [True, False])
def test_a_few_tries_a_day_hide_in_a_busy_endpoint_but_not_in_their_program(slices: bool):
    """Three thousand sign-ins a day, one in twenty fails for good, and twelve are of a list."""
    people = [
        attempt(k * 30 * SECOND, 10_000 + k, FAILED if k % 20 == 7 else SUCCEEDED, agent=k % 40 + 1)
        for k in range(2_880)
    ]
    listed = [attempt(k * 2 * HOUR + SECOND, k + 1, FAILED, agent=999) for k in range(12)]
    guard = AttemptGuard(slices=slices)
    said = [one for some in sorted(people + listed) for one in guard.see(some)]
    about_endpoint = [one.signal.what for one in said if one.about == "endpoint"]
    assert set(about_endpoint) == ({"slice"} if slices else set())
