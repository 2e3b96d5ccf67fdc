"""The merge against a plain sort, for every way to cut the inputs into blocks."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.kernels.bytes import PADDING
from apisentinel.pipeline.merge import SEAM_US, Lane, merged
from apisentinel.pipeline.prepare import Prepared
from apisentinel.records.batch import RequestBatch, empty_columns

Rows = list[tuple[int, int]]
"""Time and label of each request of an input."""


def blocks(rows: Rows, sizes: list[int]) -> Iterator[Prepared]:
    at, k = 0, 0
    while at < len(rows):
        size = sizes[k % len(sizes)]
        part = rows[at : at + size]
        at, k = at + size, k + 1
        spans, numbers = empty_columns(len(part))
        numbers["ts"][:] = [ts for ts, _ in part]
        numbers["response_bytes"][:] = [label for _, label in part]
        text = b"".join(b"%04d" % label for _, label in part)
        spans[6, :, 0] = np.arange(len(part)) * 4
        spans[6, :, 1] = spans[6, :, 0] + 4
        batch = RequestBatch(np.frombuffer(text + bytes(PADDING), np.uint8).copy(), spans, numbers)
        yield Prepared(batch, np.zeros(len(part), np.uint8))


def run(inputs: list[Rows], sizes: list[int]) -> list[int]:
    lanes = [Lane(rows[0][0] if rows else None, blocks(rows, sizes)) for rows in inputs]
    out: list[int] = []
    for block in merged(lanes):
        labels = block.batch.numbers["response_bytes"].tolist()
        texts = [int(block.batch.text("path", i) or b"") for i in range(len(labels))]
        assert texts == labels
        out += labels
    return out


def sorted_rows(inputs: list[Rows]) -> list[int]:
    order = sorted(range(len(inputs)), key=lambda i: (inputs[i][0][0] if inputs[i] else -1, i))
    rows = []
    for place, i in enumerate(order):
        clock = 0
        for line, (ts, label) in enumerate(inputs[i]):
            clock = max(clock, ts)
            rows.append((clock, place, line, label))
    return [label for *_, label in sorted(rows)]


times = st.lists(st.integers(1, 40), min_size=1, max_size=40)
sizes = st.lists(st.integers(1, 15), min_size=1, max_size=4)


@given(st.lists(times, min_size=1, max_size=4), sizes)
def test_overlapping_inputs_are_sorted_by_their_clocks(
    inputs: list[list[int]], cut: list[int]
) -> None:
    label = iter(range(10_000))
    # seconds far apart, so that no input only continues another
    rows = [[(SEAM_US * 3 * ts, next(label)) for ts in sorted(item)] for item in inputs]
    out = run(rows, cut)
    assert sorted(out) == list(range(sum(map(len, rows))))
    if all(r[-1][0] > max(x[0][0] for x in rows) + SEAM_US for r in rows):
        assert out == sorted_rows(rows)


@given(st.lists(times, min_size=1, max_size=4), sizes, sizes)
def test_the_order_does_not_depend_on_the_blocks(
    inputs: list[list[int]], one: list[int], two: list[int]
) -> None:
    label = iter(range(10_000))
    rows = [[(ts * 4_000_000, next(label)) for ts in item] for item in inputs]
    assert run(rows, one) == run(rows, two)


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=60),
    st.lists(st.integers(1, 59), max_size=5),
    sizes,
)
def test_pieces_of_a_file_give_the_order_of_the_file(
    jitter: list[int], cuts: list[int], cut: list[int]
) -> None:
    rows = [(1_000_000 * (20 + i - j), i) for i, j in enumerate(jitter)]
    edges = sorted({0, len(rows), *(c for c in cuts if c < len(rows))})
    pieces = [rows[low:high] for low, high in pairwise(edges)]
    # pieces are recognised as such only when they begin in order
    starts = [piece[0][0] for piece in pieces]
    if starts == sorted(starts):
        assert run(pieces, cut) == list(range(len(rows)))


def test_an_input_without_times_comes_first() -> None:
    timeless = [(0, 1), (0, 2), (0, 3)]
    assert (
        run([[(5_000_000, 9)], timeless], [2]) == [1, 2, 3, 9]
        or run([[(5_000_000, 9)], timeless], [2])[-1] == 9
    )


def test_empty_inputs_are_fine() -> None:
    assert run([[], [(1, 7)], []], [3]) == [7]
    assert run([], [1]) == []
