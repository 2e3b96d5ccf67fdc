"""Aho-Corasick automaton: finds which of many words occur in a text, one table step per byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import inline, kernel

MAX_STATES = 65_535
"""State numbers are uint16, which keeps the table half as large and so in the cache."""


@dataclass(frozen=True)
class Automaton:
    """Tables of a built automaton; plain arrays, so a kernel can take them.

    Attributes:
        classes: uint8 ``(256,)``, column of each byte; bytes that no word holds share column 0.
        table: uint16 ``(n_states << shift,)``, next state of state and column.
        outputs: uint64 ``(n_states,)``, the marks of all words that end in a state.
        shift: Columns are padded to ``1 << shift``.
        first_output: States from here on have a mark; all others have none, so the hot loop
            compares one number.
    """

    classes: npt.NDArray[np.uint8]
    table: npt.NDArray[np.uint16]
    outputs: npt.NDArray[np.uint64]
    shift: int
    first_output: int


def build(words: Sequence[tuple[bytes, int]], fold: bytes, repeat: int | None = None) -> Automaton:
    """Builds the automaton of `words`.

    Args:
        words: Pairs of a word and the bits it marks.
        fold: 256 bytes; byte b is read as ``fold[b]``, in words and in text (case, kinds of blank).
        repeat: A folded byte that counts once however often it is repeated in the text, such as a
            blank.

    Returns:
        The tables. Equal input gives equal tables.

    Raises:
        ValueError: The words need more than `MAX_STATES` states.

    References: Aho, Corasick, "Efficient string matching: an aid to bibliographic search", 1975.
    """
    folded = [(_once(word.translate(fold), repeat), mark) for word, mark in words if word]
    used = sorted({byte for word, _ in folded for byte in word})
    column = {byte: i + 1 for i, byte in enumerate(used)}
    shift = max(len(used), 1).bit_length()
    classes = np.array([column.get(fold[byte], 0) for byte in range(256)], np.uint8)
    columns = np.array([column.get(byte, 0) for byte in range(256)], np.uint8)
    text: Any = columns[np.frombuffer(b"".join(word for word, _ in folded), np.uint8)]
    ends = np.cumsum([len(word) for word, _ in folded], dtype=np.int64)
    marks = np.array([mark for _, mark in folded], np.uint64)
    size = len(text) + 1
    table = np.zeros((size, 1 << shift), np.int32)
    outputs, order = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    again = column.get(repeat, -1) if repeat is not None else -1
    last, suffix = np.zeros(size, np.int64), np.zeros(size, np.int32)
    states = _grow(text, ends, marks, again, table, outputs, order, last, suffix)
    if states > MAX_STATES:
        raise ValueError(f"{states} states, at most {MAX_STATES} are possible")
    # breadth first: the often visited states near the root share cache lines and pages
    order = order[:states]
    order = order[np.argsort(outputs[order] != 0, kind="stable")]
    rank = np.empty(states, np.uint16)
    rank[order] = np.arange(states, dtype=np.uint16)
    return Automaton(
        classes,
        rank[table[order]].ravel(),
        outputs[order],
        shift,
        int((outputs[:states] == 0).sum()),
    )


def _once(word: bytes, repeat: int | None) -> bytes:
    """The word with each run of `repeat` as one."""
    while repeat is not None and bytes([repeat, repeat]) in word:
        word = word.replace(bytes([repeat, repeat]), bytes([repeat]))
    return word


@kernel(
    "int64(uint8[::1], int64[::1], uint64[::1], int64, int32[:,::1], uint64[::1], int32[::1],"
    " int64[::1], int32[::1])"
)
def _grow(text, ends, marks, again, table, outputs, order, last, suffix):
    """Fills the table with all words and completes it breadth first.

    Args:
        text: Columns of the bytes of all words.
        ends: End of each word in `text`.
        marks: Bits of each word.
        again: Column that counts once however often it comes, -1 for none.
        table: Zeros; next state of state and column.
        outputs: Zeros; marks of the words that end in each state.
        order: States in the order of their depth.
        last: Zeros, one for each state; work space.
        suffix: Zeros, one for each state; work space.

    Returns:
        Number of states.
    """
    states, at = np.int64(1), np.int64(0)
    for word in range(ends.shape[0]):
        state = np.int64(0)
        while at < ends[word]:
            column = np.int64(text[at])
            at += 1
            if table[state, column] == 0:
                table[state, column] = states
                last[states] = column
                states += 1
            state = np.int64(table[state, column])
        outputs[state] |= marks[word]
    count = np.int64(1)
    for i in range(states):
        state = np.int64(order[i])
        shorter = np.int64(suffix[state])
        for column in range(table.shape[1]):
            following = np.int64(table[state, column])
            if following != 0:
                suffix[following] = table[shorter, column] if state != 0 else 0
                outputs[following] |= outputs[suffix[following]]
                order[count] = following
                count += 1
            elif state != 0:
                table[state, column] = table[shorter, column]
    for state in range(1, states):
        if last[state] == again:
            table[state, again] = state
    return states


@inline
def step(state, byte, classes, table, shift):
    """The state after one more byte."""
    return np.int64(table[(state << shift) | np.int64(classes[byte])])


def marks_of(automaton: Automaton, text: bytes) -> int:
    """Marks of all words in `text`; the plain loop that kernels repeat.

    Example:
        >>> marks_of(build([(b"he", 1), (b"she", 2)], bytes(range(256))), b"ashes")
        3
    """
    state, found = 0, 0
    table: Any = automaton.table
    for byte in text:
        state = int(table[(state << automaton.shift) | int(automaton.classes[byte])])
        found |= int(automaton.outputs[state])
    return found
