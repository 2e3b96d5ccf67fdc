"""What clients of an endpoint do by themselves."""

from hypothesis import given
from hypothesis import strategies as st

from apisentinel.pipeline.habits import ENDPOINTS_KEPT, VOICES_KEPT, Habits

HOUR = 3_600_000_000


def test_what_others_do_in_other_hours_is_a_habit():
    habits = Habits()
    assert [habits.is_habit(1, k, k * HOUR) for k in range(5)] == [False, False, False, True, True]


def test_an_attack_over_many_sources_in_one_hour_is_none():
    habits = Habits()
    assert not any(habits.is_habit(1, k, 5 * HOUR + k) for k in range(500))


def test_one_principal_does_not_make_a_habit():
    habits = Habits()
    assert not any(habits.is_habit(1, 7, k * HOUR) for k in range(500))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 30))))
def test_a_successor_continues_as_if_nothing_had_happened(seen):
    whole, first, second = Habits(), Habits(), Habits()
    half = len(seen) // 2
    for endpoint, who, hour in seen[:half]:
        assert whole.is_habit(endpoint, who, hour * HOUR) == first.is_habit(
            endpoint, who, hour * HOUR
        )
    second.recall(first.memory())
    for endpoint, who, hour in seen[half:]:
        assert whole.is_habit(endpoint, who, hour * HOUR) == second.is_habit(
            endpoint, who, hour * HOUR
        )


def test_memory_is_bounded():
    habits = Habits()
    for k in range(3 * ENDPOINTS_KEPT):
        habits.is_habit(k, k, k * HOUR)
    for k in range(100):
        habits.is_habit(7, k, k * HOUR)
    kept = habits.memory()
    assert len(kept) == ENDPOINTS_KEPT
    assert max(len(voices) for _, voices in kept) <= VOICES_KEPT
