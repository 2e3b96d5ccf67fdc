"""Slow answers are given again for a short time, quick ones and those of small stores never."""

import threading
from typing import Any

import pytest

from apisentinel.storage import answers as module
from apisentinel.storage.answers import FEW_ROWS, LONGEST_S, MOST, WORTH, Answers, weight


class Work:
    """Takes time on a clock of its own, and counts how often it was asked."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0
        self.asked = 0

    def __call__(self) -> int:
        self.asked += 1
        self.now += self.seconds
        return self.asked


def kept(work: Work) -> Answers:
    return Answers(lambda: work.now)


def test_a_slow_answer_is_good_while_nothing_changes() -> None:
    work = Work(1.0)
    answers = kept(work)
    version = (FEW_ROWS, 0)
    assert answers.get("a", version, work) == 1
    work.now += 1e6
    assert answers.get("a", version, work) == 1
    assert answers.get("b", version, work) == 2


def test_after_a_change_it_is_good_for_a_time_that_grows_with_what_it_took() -> None:
    work = Work(0.1)
    answers = kept(work)
    assert answers.get("a", (FEW_ROWS, 0), work) == 1
    work.now += 0.1 * WORTH * 0.9
    assert answers.get("a", (FEW_ROWS + 1, 0), work) == 1
    work.now += 0.1 * WORTH * 0.2
    assert answers.get("a", (FEW_ROWS + 2, 0), work) == 2


def test_no_answer_is_older_than_people_bear() -> None:
    work = Work(60.0)
    answers = kept(work)
    answers.get("a", (FEW_ROWS, 0), work)
    work.now += LONGEST_S + 1
    assert answers.get("a", (FEW_ROWS + 1, 0), work) == 2


def test_quick_answers_and_small_stores_are_asked_anew() -> None:
    quick, slow = Work(0.001), Work(9.0)
    answers = kept(quick)
    assert [answers.get("a", (FEW_ROWS, 0), quick) for _ in range(2)] == [1, 2]
    answers = kept(slow)
    assert [answers.get("a", (FEW_ROWS - 1, 0), slow) for _ in range(2)] == [1, 2]


def test_answers_are_bounded() -> None:
    work = Work(1.0)
    answers = kept(work)
    for key in range(MOST + 10):
        answers.get(key, (FEW_ROWS, 0), work)
    assert len(answers._kept) == MOST
    assert not answers._under_way


def test_who_asks_the_same_at_one_time_waits_for_one_answer() -> None:
    work = Work(1.0)
    answers = kept(work)
    begun, go = threading.Event(), threading.Event()
    found: list[int] = []

    def slow() -> int:
        begun.set()
        assert go.wait(30)
        return work()

    first = threading.Thread(target=lambda: found.append(answers.get("a", (FEW_ROWS, 0), slow)))
    first.start()
    assert begun.wait(30)
    others = [
        threading.Thread(target=lambda: found.append(answers.get("a", (FEW_ROWS, 0), work)))
        for _ in range(3)
    ]
    for other in others:
        other.start()
    go.set()
    for each in (first, *others):
        each.join(30)
    assert found == [1, 1, 1, 1]


def test_what_is_kept_is_bounded_by_its_memory(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10_000)
    clock = Work(1.0)
    answers = kept(clock)

    def of(length: int) -> Any:
        clock()
        return [{"path": "x" * length}]

    for number in range(20):
        answers.get(number, (FEW_ROWS, 0), lambda: of(1_000))
    assert 0 < answers.bytes <= 10_000
    asked = clock.asked
    answers.get(19, (FEW_ROWS, 0), lambda: of(1_000))
    assert clock.asked == asked  # the newest is kept
    answers.get(0, (FEW_ROWS, 0), lambda: of(1_000))
    assert clock.asked == asked + 1
    assert len(answers.get("large", (FEW_ROWS, 0), lambda: of(20_000))[0]["path"]) == 20_000
    answers.get("large", (FEW_ROWS, 0), lambda: of(20_000))
    assert clock.asked == asked + 3  # given, and not kept
    answers.forget()
    assert answers.bytes == 0


def test_an_answer_in_place_of_another_does_not_count_twice() -> None:
    clock = Work(1.0)
    answers = kept(clock)
    for rows in range(5):
        answers.get("a", (FEW_ROWS + rows, 0), clock)
        clock.now += 1_000
    assert answers.bytes == weight("a") + weight(1)


@pytest.mark.parametrize(
    ("small", "large"),
    [("a", "aa"), ([], [1]), ((1,), (1, 2)), ({"a": 1}, {"a": "text"}), (1, "1"), (None, [None])],
)
def test_larger_answers_weigh_more(small, large) -> None:
    assert 0 < weight(small) < weight(large)
