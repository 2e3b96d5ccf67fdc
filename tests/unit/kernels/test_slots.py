"""Slot tables against a plain dictionary with the same eviction rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apisentinel.kernels.compiler import kernel
from apisentinel.kernels.slots import (
    EVICTION_SAMPLE,
    HEADER,
    RISK_WORTH_US,
    Slots,
    acquire,
    find_row,
)

RECORD = np.dtype([*HEADER, ("n", "i8")])


@kernel(
    "void(uint64[::1], int64[::1], float32[::1], uint64[::1], int32[::1], int64[::1], RECORD[::1])",
    RECORD=RECORD,
)
def count(keys, times, risks, table_keys, rows, meta, records):
    for i in range(keys.shape[0]):
        row, is_new = acquire(table_keys, rows, meta, records, keys[i])
        r = records[row]
        if is_new:
            r.key = keys[i]
            r.n = 0
        r.last = times[i]
        r.risk = risks[i]
        r.n += 1


@kernel("int64(uint64[::1], int32[::1], uint64)")
def look(table_keys, rows, key):
    return find_row(table_keys, rows, key)


def run(slots: Slots, keys: list[int], risks: list[float] | None = None) -> None:
    count(
        np.array(keys, np.uint64),
        np.arange(len(keys), dtype=np.int64) * 1_000_000,
        np.array(risks or [0.0] * len(keys), np.float32),
        slots.keys,
        slots.rows,
        slots.meta,
        slots.records,
    )


def oracle(capacity: int, keys: list[int], risks: list[float]) -> dict[int, int]:
    """Key → count of those that remain, by the rule written out with lists."""
    table: list[tuple[int, int, float, int]] = []
    hand = 0
    for time, (key, risk) in enumerate(zip(keys, risks, strict=True)):
        places = [i for i, row in enumerate(table) if row[0] == key]
        if places:
            table[places[0]] = (key, time, risk, table[places[0]][3] + 1)
        elif len(table) < capacity:
            table.append((key, time, risk, 1))
        else:
            sample = [(hand + k) % capacity for k in range(EVICTION_SAMPLE)]
            victim = min(
                sample, key=lambda i: table[i][1] * 1_000_000 + int(table[i][2]) * RISK_WORTH_US
            )
            table[victim] = (key, time, risk, 1)
            hand = (hand + EVICTION_SAMPLE) % capacity
    return {row[0]: row[3] for row in table}


@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.0, 3.0, 90.0])), max_size=300))
def test_keeps_and_evicts_what_the_rule_says(steps: list[tuple[int, float]]) -> None:
    slots = Slots(RECORD, 16)
    keys, risks = [k for k, _ in steps], [r for _, r in steps]
    run(slots, keys, risks)
    expected = oracle(16, keys, risks)
    assert {int(r["key"]): int(r["n"]) for r in slots.used} == expected
    for key in range(1, 61):
        row = look(slots.keys, slots.rows, np.uint64(key))
        assert (row >= 0) == (key in expected)
        assert row < 0 or slots.records[row]["key"] == key


def test_a_flood_of_keys_does_not_push_out_a_risky_one() -> None:
    slots = Slots(RECORD, 64)
    run(slots, [7], [95.0])
    run(slots, list(range(1000, 3000)))
    assert look(slots.keys, slots.rows, np.uint64(7)) >= 0
    assert slots.evicted == 2001 - 64


@pytest.mark.parametrize("capacity", [0, 7, 12, 100])
def test_capacity_must_be_a_power_of_two(capacity: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Slots(RECORD, capacity)
