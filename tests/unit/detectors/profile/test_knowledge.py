"""Counting and taking away."""

import numpy as np
from tests.unit.detectors.profile.requests import batch_of, orders

from apisentinel.detectors.profile.items import Reader
from apisentinel.detectors.profile.knowledge import Knowledge
from apisentinel.detectors.profile.observe import Observer
from apisentinel.detectors.profile.profile import numbers_of


def test_what_was_counted_can_be_taken_away():
    batch = batch_of(orders(200))
    rows = np.arange(len(batch), dtype=np.int64)
    _, items = Reader().read(batch, rows)
    knowledge = Knowledge(1 << 14, 1 << 10)
    numbers = numbers_of(batch, rows)
    unknown = np.full(len(batch), 2.0)
    observer = Observer()

    def add(weights):
        end, seen = observer.observe(items, numbers, 0, unknown, knowledge)
        assert end == len(batch)
        for depth in (-1, *range(8)):
            knowledge.count(seen, weights, np.zeros(len(batch), np.uint32), depth)
        knowledge.settle()
        return {name: array.copy() for name, array in knowledge.arrays().items()}

    part = np.where(rows % 3 == 0, 1.0, 0.0)
    before = add(part)
    add(1.0 - part)
    after = add(part - 1.0)
    for name in ("owner_keys", "cat_keys", "counts"):
        known = slice(None, len(before[name])) if name == "owner_keys" else slice(None)
        assert np.array_equal(before[name], after[name][known]), name


def test_memory_is_bounded():
    batch = batch_of(orders(600))
    rows = np.arange(len(batch), dtype=np.int64)
    _, items = Reader().read(batch, rows)
    knowledge = Knowledge(1 << 10, 16)
    unknown = np.full(len(batch), 2.0)
    observer = Observer()
    start = 0
    while start < len(batch):
        end, seen = observer.observe(items, numbers_of(batch, rows), start, unknown, knowledge)
        knowledge.count(seen, np.ones(end - start), np.zeros(end - start, np.uint32))
        start = end
    knowledge.settle()
    owners, categories, lost = knowledge.used.tolist()
    assert owners <= 16
    assert categories <= 1 << 10
    assert lost > 0
