"""Records that are packed while quiet are those of a plain array, whatever is asked when."""

import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apisentinel.errors import StateError
from apisentinel.features import FeatureState
from apisentinel.features.page_codec import LONGEST, PAGE_BYTES
from apisentinel.features.paged import CAN_RELEASE, SLICE_PAGES, Paged, PagedSlots
from apisentinel.features.state import chosen, columns, read, size, slices
from apisentinel.kernels.slots import HEADER
from tests.unit.features.test_state import mixed, update
from tests.unit.features.traffic import SMALL

RECORD = np.dtype([*HEADER, ("count", "u4"), ("body", "u1", (500,))])
"""528 bytes: some records lie on two pages."""
ROWS = 256

pytestmark = pytest.mark.skipif(not CAN_RELEASE, reason="nothing is packed on this system")


class Both:
    """Packed records and a plain array, changed alike."""

    def __init__(self, most_open: int) -> None:
        self.paged = Paged(RECORD, ROWS, most_open)
        self.plain = np.zeros(ROWS, RECORD)

    def write(self, rows: list[int], seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.paged.touch(np.array([*rows, -1], np.int32))
        for row in rows:
            body = np.where(draw.random(500) < draw.choice([0.0, 0.02, 0.5, 1.0]),
                            draw.integers(0, 256, 500), 0)  # fmt: skip
            for records in (self.plain, self.paged.records):
                records[row]["count"] += 1
                records[row]["body"] = body


actions = st.one_of(
    st.tuples(
        st.just("write"), st.lists(st.integers(0, ROWS - 1), max_size=30), st.integers(0, 99)
    ),
    st.tuples(st.just("cut"), st.integers(0, ROWS), st.booleans()),
    st.tuples(st.just("spend"), st.integers(1, 3), st.none()),
    st.tuples(st.just("restore"), st.none(), st.none()),
)


@given(st.lists(actions, max_size=25), st.integers(1, 40))
@settings(max_examples=60)
def test_any_use_gives_what_a_plain_array_gives(steps: list[Any], most_open: int) -> None:
    both = Both(most_open)
    cuts: list[tuple[Any, int, bytes]] = []
    for what, first, second in steps:
        if what == "write":
            both.write(first, second)
        elif what == "cut":
            cuts.append((both.paged.cut(first), first, both.plain[:first].tobytes()))
            if second:  # read and gone at once
                check(*cuts.pop())
        elif what == "restore" and cuts:
            cut, rows, content = cuts[-1]
            both.paged.restore(list(cut))
            pages = -(-rows * RECORD.itemsize // PAGE_BYTES)
            left = both.plain.view(np.uint8)
            left[: rows * RECORD.itemsize] = np.frombuffer(content, np.uint8)
            left[pages * PAGE_BYTES :] = 0
            # a cut holds whole pages: what lay behind its last record is kept as well
            begin = rows * RECORD.itemsize
            left[begin : pages * PAGE_BYTES] = both.paged.read(0, ROWS).view(np.uint8)[
                begin : pages * PAGE_BYTES
            ]
        elif what == "spend" and cuts:
            check(*cuts.pop(0))
        assert both.paged.read(0, ROWS).tobytes() == both.plain.tobytes()
    for found in cuts:
        check(*found)


def check(cut: Any, rows: int, content: bytes) -> None:
    """A cut is what was there when it was made, and can be taken over by others."""
    pieces = [cut.piece(n) for n in range(len(cut))]
    assert pieces == [cut.piece(n, is_last=True) for n in range(len(cut))]
    other = Paged(RECORD, ROWS, 1)
    other.restore(pieces)
    assert other.read(0, rows).tobytes() == content
    again = other.cut(rows)
    assert list(again) == pieces


def test_quiet_pages_give_their_memory_back() -> None:
    paged = Paged(RECORD, 1 << 14, 64)
    for begin in range(0, 1 << 14, 256):
        rows = np.arange(begin, begin + 256, dtype=np.int32)
        paged.touch(rows)
        paged.records["count"][rows] = rows + 1
    paged.touch(np.zeros(1, np.int32))
    assert paged.open_pages <= 64 * RECORD.itemsize // PAGE_BYTES + 1
    assert paged.packed_bytes < (1 << 14) * 32
    assert paged.read(0, 1 << 14)["count"].tolist() == list(range(1, (1 << 14) + 1))


def test_memory_of_a_cut_is_used_again() -> None:
    both = Both(16)
    for k in range(40):
        both.write(list(range(ROWS)), 5)
        cut = both.paged.cut(ROWS)
        both.write(list(range(0, ROWS, 3)), 5)
        if k % 2:
            check(cut, ROWS, b"".join([cut_content(cut)]))
        del cut
        if k == 10:
            held = both.paged.packed_bytes
    assert both.paged.packed_bytes <= held


def cut_content(cut: Any) -> bytes:
    other = Paged(RECORD, ROWS, ROWS)
    other.restore(list(cut))
    return other.read(0, ROWS).tobytes()


def test_a_cut_is_read_while_others_write() -> None:
    rows = SLICE_PAGES * PAGE_BYTES // RECORD.itemsize + 999  # two slices
    paged = Paged(RECORD, rows, 500)
    everything = np.arange(rows, dtype=np.int32)
    paged.touch(everything)
    paged.records["count"] = everything
    cut = paged.cut(rows)
    done = threading.Event()

    def write() -> None:
        draw = np.random.default_rng(3)
        while not done.is_set():
            some = draw.integers(0, rows, 200).astype(np.int32)
            paged.touch(some)
            paged.records["count"][some] += 1_000_000

    writer = threading.Thread(target=write)
    writer.start()
    pieces = [cut.piece(n, is_last=True) for n in range(len(cut))]
    done.set()
    writer.join()
    other = Paged(RECORD, rows, rows)
    other.restore(pieces)
    assert len(pieces) == 2
    assert np.array_equal(other.read(0, rows)["count"], everything)


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b"\x01",
        (1 << 20).to_bytes(4, "little"),
        (1).to_bytes(4, "little") + (7).to_bytes(2, "little") + b"short",
        (1).to_bytes(4, "little") + (LONGEST + 1).to_bytes(2, "little") + bytes(LONGEST + 1),
        (9_000).to_bytes(4, "little") + bytes(18_000),
    ],
)
def test_slices_that_are_none_are_refused(piece: bytes) -> None:
    paged = Paged(RECORD, ROWS, 9)
    with pytest.raises(StateError):
        paged.restore([piece])


@given(st.binary(min_size=LONGEST, max_size=LONGEST))
@settings(max_examples=30)
def test_any_bytes_unpack_to_some_page(content: bytes) -> None:
    paged = Paged(RECORD, ROWS, 9)
    head = (1).to_bytes(4, "little") + LONGEST.to_bytes(2, "little")
    paged.restore([head + content])
    paged.touch(np.zeros(1, np.int32))
    assert len(paged.read(0, 5)) == 5


TINY = SMALL.model_copy(
    update={"clients": 64, "sessions": 64, "users": 64, "credentials": 64, "unpacked_clients": 1}
)


@given(st.integers(0, 10_000), st.integers(1, 200))
@settings(max_examples=25)
def test_results_are_those_of_tables_that_pack_nothing(seed: int, step: int) -> None:
    """Also where tables are full and records give way."""
    events = mixed(seed, 400)
    plain = FeatureState(TINY.model_copy(update={"unpacked_clients": 1 << 16}))
    packed = FeatureState(TINY)
    for begin in range(0, len(events), step):
        part = events[begin : begin + step]
        wanted = update(plain, part.copy())
        found = update(packed, part.copy())
        assert plain_of(found) == plain_of(wanted)
    left, right = plain.snapshot(), packed.snapshot()
    assert all(left[name].tobytes() == right[name].tobytes() for name in left)


def plain_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: np.asarray(value).tolist() for name, value in row.items()} for row in rows]


def test_records_can_be_looked_at_in_every_way() -> None:
    state = FeatureState(SMALL.model_copy(update={"unpacked_clients": 1}))
    for _ in range(3):
        update(state, mixed(7, 300).copy())
    table = state.actors["client"]
    assert isinstance(table, PagedSlots)
    everything = table.used
    assert size(table) == len(everything) > 8
    assert read(table, 3, 9).tobytes() == everything[3:9].tobytes()
    assert chosen(table, [5, 0]).tobytes() == everything[[5, 0]].tobytes()
    assert chosen(table, []).tolist() == []
    keys, counts = columns(table, "key", "n")
    assert keys.tolist() == everything["key"].tolist()
    assert counts.sum() == sum(int(r["n"].sum()) for _, r in slices(table))
    key = int(everything["key"][4])
    record = state.record(table, key)
    assert record is not None
    assert record.tobytes() == everything[4].tobytes()


def test_a_table_asks_for_no_memory_but_that_of_its_pages() -> None:
    tracemalloc.start()
    try:
        table = PagedSlots(RECORD, 1 << 12, 1 << 10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # what was asked for and given back would have to be cleared when it is used again
    assert peak < table.records.nbytes // 4
