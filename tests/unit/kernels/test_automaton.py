"""The automaton finds exactly the words that a plain search finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.kernels.automaton import build, marks_of

IDENTITY = bytes(range(256))
LOWER = bytes(b + 32 if 65 <= b <= 90 else b for b in range(256))


@given(
    words=st.lists(st.text("ab ", min_size=1, max_size=5).map(str.encode), min_size=1, max_size=8),
    text=st.text("abc ", max_size=40).map(str.encode),
)
def test_marks_are_those_of_a_plain_search(words, text):
    automaton = build([(word, 1 << i) for i, word in enumerate(words)], IDENTITY)
    expected = sum(1 << i for i, word in enumerate(words) if word in text)
    assert marks_of(automaton, text) == expected


@given(
    words=st.lists(st.sampled_from([b"a b", b" a", b"b ", b"ab", b" "]), min_size=1, max_size=4),
    text=st.text("ab ", max_size=30).map(str.encode),
)
def test_a_repeated_blank_counts_once(words, text):
    automaton = build([(word, 1 << i) for i, word in enumerate(words)], IDENTITY, repeat=0x20)
    once = text
    while b"  " in once:
        once = once.replace(b"  ", b" ")
    expected = sum(1 << i for i, word in enumerate(words) if word in once)
    assert marks_of(automaton, text) == expected


def test_folding_holds_for_words_and_text():
    automaton = build([(b"SELECT", 1)], LOWER)
    assert marks_of(automaton, b"a SeLeCt b") == 1


def test_equal_words_share_a_state_and_join_their_marks():
    assert marks_of(build([(b"x", 1), (b"x", 4)], IDENTITY), b"xx") == 5


def test_no_words_find_nothing():
    assert marks_of(build([], IDENTITY), b"anything") == 0


def test_too_many_states_are_refused(monkeypatch):
    monkeypatch.setattr("apisentinel.kernels.automaton.MAX_STATES", 3)
    with pytest.raises(ValueError, match="states"):
        build([(b"long", 1)], IDENTITY)
