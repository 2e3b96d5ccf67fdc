"""A journal and a window of ids in memory, with faults on demand."""

import threading
from concurrent.futures import Future

import numpy as np

from apisentinel.clock import ManualClock
from apisentinel.errors import StoreError
from apisentinel.kernels.hashing import HashKey
from apisentinel.pipeline.door.counters import Counters
from apisentinel.pipeline.door.door import Door
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.storage.base import Committed

KEY = HashKey(1, 2)
NOW = 1_700_000_000_000_000


class FakeJournal:
    """Commits at once, or when `release` is called, or fails with `fault`."""

    def __init__(self):
        self.entries = []
        self.answers = {}
        self.fault = None
        self.held = None
        self.rows = 0
        self.lock = threading.Lock()
        self.arrived = threading.Event()

    def hold(self):
        self.held = []

    def release(self, fault=None):
        held, self.held = self.held, None
        for entry, future in held:
            self._finish(entry, future, fault)

    def append(self, entry):
        future = Future()
        with self.lock:
            if self.held is not None:
                self.held.append((entry, future))
                self.arrived.set()
                return future
            self._finish(entry, future, self.fault)
        return future

    def _finish(self, entry, future, fault):
        if fault is not None:
            future.set_exception(fault)
            return
        self.entries.append(entry)
        first = self.rows + 1
        self.rows += entry.count
        if entry.idempotency is not None:
            self.answers[entry.idempotency] = entry.answer
        future.set_result(Committed(len(self.entries), first))

    def seen_idempotency(self, digest):
        return self.answers.get(digest)

    def recent_event_ids(self, window):
        del window
        for entry in self.entries:
            yield np.frombuffer(entry.event_ids, "<u8").astype(np.uint64)


class FakeTable:
    """A set of ids."""

    def __init__(self):
        self.ids = set()

    def add(self, ids):
        new = np.zeros(ids.size, np.bool_)
        for k, value in enumerate(ids.tolist()):
            new[k] = value not in self.ids
            self.ids.add(value)
        return new

    def forget(self, ids):
        self.ids.difference_update(ids.tolist())


class FakeBox:
    """Keeps dead letters in a list."""

    def __init__(self):
        self.lines = []
        self.fault = None

    def put(self, source, lines):
        if self.fault is not None:
            raise self.fault
        begin = len(self.lines)
        self.lines += [(source, line) for line in lines]
        return range(begin, len(self.lines))

    def take_back(self, numbers):
        if self.fault is not None:
            raise self.fault
        del self.lines[numbers.start : numbers.stop]


def make_door(journal=None, *, redactor=None, clock=None, **settings):
    return Door(
        DoorSettings(**settings),
        journal if journal is not None else FakeJournal(),
        FakeTable(),
        Counters(),
        redactor,
        FakeBox(),
        clock or ManualClock(NOW),
        key=KEY,
    )


__all__ = ["KEY", "NOW", "FakeBox", "FakeJournal", "FakeTable", "StoreError", "make_door"]
