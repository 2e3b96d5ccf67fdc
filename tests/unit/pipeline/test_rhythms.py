"""What principals do each day at the same time."""

from hypothesis import given
from hypothesis import strategies as st

from apisentinel.pipeline.rhythms import STARTS_KEPT, WORKS_KEPT, Rhythms

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
NIGHT = 20_000 * DAY + 2 * HOUR


def usual(
    rhythms: Rhythms, ts: int, size: float = 1000.0, what: str = "pace", *, late: bool = False
) -> bool:
    return rhythms.is_usual(1, 2, what, size, ts, is_late=late)


def test_an_import_of_each_night_is_remarkable_once():
    rhythms = Rhythms()
    first = [usual(rhythms, NIGHT + k * MINUTE) for k in range(20)]
    assert not any(first)
    assert all(usual(rhythms, NIGHT + DAY + k * MINUTE) for k in range(-5, 20))


def test_another_time_of_the_day_is_none_of_it():
    rhythms = Rhythms()
    assert not usual(rhythms, NIGHT)
    assert not usual(rhythms, NIGHT + 8 * HOUR)
    assert not usual(rhythms, NIGHT + DAY + 4 * HOUR)


def test_far_more_is_remarkable_and_growing_is_not_learned():
    rhythms = Rhythms()
    assert not usual(rhythms, NIGHT, 100.0)
    assert usual(rhythms, NIGHT + DAY, 290.0)
    assert not usual(rhythms, NIGHT + 2 * DAY, 350.0)


def test_another_sign_is_remarkable_unless_it_could_not_be_known():
    rhythms = Rhythms()
    assert not usual(rhythms, NIGHT)
    assert not usual(rhythms, NIGHT + DAY, what="large")
    assert usual(rhythms, NIGHT + DAY, what="SEQUENCE", late=True)


def test_others_are_not_known_by_it():
    rhythms = Rhythms()
    assert not usual(rhythms, NIGHT)
    assert not rhythms.is_usual(9, 2, "pace", 5.0, NIGHT + DAY, is_late=False)
    assert not rhythms.is_usual(1, 9, "pace", 5.0, NIGHT + DAY, is_late=False)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 200), st.integers(1, 9))))
def test_a_successor_continues_as_if_nothing_had_happened(seen):
    whole, first, second = Rhythms(), Rhythms(), Rhythms()
    half = len(seen) // 2
    for k, (who, hour, amount) in enumerate(seen):
        if k == half:
            second.recall(first.memory())
        part = first if k < half else second
        sign = (who, 2, "pace", float(amount), NIGHT + hour * HOUR)
        assert whole.is_usual(*sign, is_late=False) == part.is_usual(*sign, is_late=False)


def test_memory_is_bounded():
    rhythms = Rhythms()
    for k in range(WORKS_KEPT + 500):
        rhythms.is_usual(k, 2, "pace", 1.0, NIGHT, is_late=False)
    for k in range(50):
        rhythms.is_usual(7, 2, "pace", 1.0, NIGHT + k * DAY, is_late=False)
    kept = rhythms.memory()
    assert len(kept) == WORKS_KEPT
    assert max(len(work.starts) for _, _, work in kept) <= STARTS_KEPT
