"""Aho-Corasick automaton: finds which of many words occur in a text, one table step per byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import inline

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
    children, depth, marks = _trie(folded, column)
    if len(children) > MAX_STATES:
        raise ValueError(f"{len(children)} states, at most {MAX_STATES} are possible")
    table, outputs = _link(children, depth, np.array(marks, np.uint64), 1 << shift)
    if repeat is not None and repeat in column:
        _loop(table, children, column[repeat])
    # states near the root are visited most: next to each other they share cache lines and pages
    order = np.lexsort((np.arange(len(depth)), np.array(depth), outputs != 0))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    classes = np.array([column.get(fold[byte], 0) for byte in range(256)], np.uint8)
    return Automaton(
        classes,
        np.ascontiguousarray(rank[table[order]].astype(np.uint16).ravel()),
        np.ascontiguousarray(outputs[order]),
        shift,
        int((outputs == 0).sum()),
    )


def _trie(
    words: Sequence[tuple[bytes, int]], column: dict[int, int]
) -> tuple[list[dict[int, int]], list[int], list[int]]:
    """Children, depth and own marks of each state."""
    children: list[dict[int, int]] = [{}]
    depth, marks = [0], [0]
    for word, mark in words:
        state = 0
        for byte in word:
            following = children[state].get(column[byte])
            if following is None:
                following = children[state][column[byte]] = len(children)
                children.append({})
                depth.append(depth[state] + 1)
                marks.append(0)
            state = following
        marks[state] |= mark
    return children, depth, marks


def _link(
    children: list[dict[int, int]], depth: list[int], marks: npt.NDArray[np.uint64], columns: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Complete table and marks including those of suffixes, level by level so that NumPy does the
    work.
    """
    table = np.zeros((len(children), columns), np.int64)
    levels: list[list[tuple[int, int, int]]] = [[] for _ in range(max(depth) + 1)]
    for parent, edges in enumerate(children):
        levels[depth[parent]].extend((parent, at, state) for at, state in edges.items())
    for level in levels:
        if not level:
            continue
        parents, at, states = np.array(level, np.int64).T
        suffix = table[parents, at]
        suffix[parents == 0] = 0
        table[parents, at] = states
        table[states] = table[suffix]
        marks[states] |= marks[suffix]
    return table, marks


def _once(word: bytes, repeat: int | None) -> bytes:
    """The word with each run of `repeat` as one."""
    while repeat is not None and bytes([repeat, repeat]) in word:
        word = word.replace(bytes([repeat, repeat]), bytes([repeat]))
    return word


def _loop(table: npt.NDArray[np.int64], children: list[dict[int, int]], at: int) -> None:
    """Lets every state that ends in column `at` stay where it is when that column comes again."""
    for edges in children:
        state = edges.get(at)
        if state is not None:
            table[state, at] = state


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
