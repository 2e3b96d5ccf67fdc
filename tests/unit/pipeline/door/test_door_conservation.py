"""Received = accepted + rejected + deduplicated + dead-lettered + shed, whatever happens."""

import json
import random
import threading
from collections import Counter
from concurrent.futures import Future

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.unit.pipeline.door.door_fakes import KEY, NOW, FakeBox, FakeJournal

from apisentinel.clock import ManualClock
from apisentinel.errors import RefusedError, StoreError
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.door.counters import Counters
from apisentinel.pipeline.door.door import Dead, Door
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.records.codec import decode_batch
from apisentinel.storage.base import Committed, DiskFullError, QueueFullError
from apisentinel.storage.dedup import DedupTable

NAMES = st.one_of(st.none(), st.integers(0, 12).map(str))
RECORDS = st.lists(st.one_of(NAMES, st.just("broken")), max_size=6)
FAULTS = st.sampled_from([StoreError("io"), DiskFullError("full"), QueueFullError("slow")])


def line(name):
    if name == "broken":
        return b"{nonsense"
    request = {"method": "GET", "url": "/a"} | ({"event_id": name} if name is not None else {})
    return json.dumps(request).encode()


def ids_on_disk(journal):
    found = Counter()
    for entry in journal.entries:
        batch = decode_batch(entry.body)
        assert len(batch) == entry.count
        found.update(batch.text("event_id", row) for row in range(len(batch)))
    return found


class DoorMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.journal = FakeJournal()
        self.counters = Counters()
        self.box = FakeBox()
        self.received = 0
        self.named = set()
        self.unnamed = 0
        self.judged = 0
        self.answers = {}
        self.open()

    def open(self):
        self.door = Door(
            DoorSettings(max_body_bytes=2048, backlog_bytes=1 << 20),
            self.journal,
            DedupTable(1 << 12),
            self.counters,
            None,
            self.box,
            ManualClock(NOW),
            key=KEY,
        )
        self.door.remember()

    def expect(self, records, receipt, dead=0):
        names = [name for name in records if name not in {None, "broken"}]
        new = len(set(names) - self.named)
        bare = records.count(None)
        assert receipt.accepted == new + bare
        assert receipt.deduplicated == len(names) - new
        assert receipt.broken == records.count("broken")
        self.named |= set(names)
        self.unnamed += bare
        self.received += len(records) + dead

    @rule(records=RECORDS)
    def submit(self, records):
        receipt = self.door.submit_requests(b"\n".join(map(line, records)), source="http")
        self.expect(records, receipt)

    @rule(records=RECORDS, key=st.sampled_from("ab"))
    def submit_with_key(self, records, key):
        body = b"\n".join(map(line, records))
        known = self.answers.get(key)
        try:
            receipt = self.door.submit_requests(body, source="http", idempotency=key)
        except RefusedError as refusal:
            assert refusal.status == 422  # noqa: PT017 (the other way is checked below)
            assert known is not None
            assert known[0] != body
            return
        if known is None:
            self.answers[key] = (body, receipt)
            self.expect(records, receipt)
            return
        assert known[0] == body
        assert receipt.accepted == known[1].accepted
        assert receipt.rejected == known[1].rejected
        self.received += len(records)

    @rule(records=RECORDS, fault=FAULTS)
    def submit_while_the_disk_refuses(self, records, fault):
        self.journal.fault = fault
        try:
            receipt = self.door.submit_requests(b"\n".join(map(line, records)), source="http")
        except RefusedError as refusal:
            assert refusal.status in {429, 503}  # noqa: PT017 (nothing new needs no disk)
        else:
            assert receipt.accepted == 0
            self.expect(records, receipt)
        finally:
            self.journal.fault = None

    @rule(count=st.integers(0, 3), broken=st.integers(0, 3), records=st.lists(NAMES, max_size=3))
    def submit_batch(self, count, broken, records):
        batch = parse_requests(b"\n".join(map(line, records))).batch
        dead = [Dead(b"junk", "no format")] * count
        receipt = self.door.submit_batch(batch, source="tail", broken=broken, dead=dead)
        self.expect([*records, *["broken"] * broken], receipt, count)

    @rule(count=st.integers(1, 5))
    def shed(self, count):
        self.door.shed("syslog", count)
        self.received += count

    @rule()
    def too_large(self):
        try:
            self.door.submit_requests(b"x" * 3000, source="http")
        except RefusedError as refusal:
            assert refusal.status == 413  # noqa: PT017 (always refused)

    @rule()
    def judge(self):
        self.door.judged(len(self.journal.entries))
        assert self.door.backlog.bytes == 0

    @rule()
    def restart(self):
        # answers of submissions that wrote nothing are in memory only
        self.answers = {
            key: known for key, known in self.answers.items() if known[1].offset is not None
        }
        self.open()

    @invariant()
    def books_are_right(self):
        totals = self.counters.totals()
        assert self.counters.conservation() == 0
        assert totals["received"] == self.received
        disk = ids_on_disk(self.journal)
        assert disk.pop(None, 0) == self.unnamed
        assert set(disk) == {name.encode() for name in self.named}
        assert all(count == 1 for count in disk.values())
        assert totals["accepted"] == sum(entry.count for entry in self.journal.entries)
        assert self.door.backlog.share <= 1


TestDoor = DoorMachine.TestCase
TestDoor.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


class SlowJournal(FakeJournal):
    """Commits in a thread of its own, in another order, and refuses some batches."""

    def __init__(self, seed):
        super().__init__()
        self.rng = random.Random(seed)
        self.waiting = []
        self.changed = threading.Condition()
        self.closed = False
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def append(self, entry):
        future = Future()
        with self.changed:
            self.waiting.append((entry, future))
            self.changed.notify()
        return future

    def work(self):
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting or self.closed)
                if not self.waiting:
                    return
                entry, future = self.waiting.pop(self.rng.randrange(len(self.waiting)))
            if self.rng.random() < 0.3:
                future.set_exception(StoreError("io"))
                continue
            self.entries.append(entry)
            self.rows += entry.count
            future.set_result(Committed(len(self.entries), self.rows))

    def close(self):
        with self.changed:
            self.closed = True
            self.changed.notify()
        self.thread.join()


def test_many_threads_with_the_same_events_and_a_failing_disk():
    for seed in range(4):
        journal = SlowJournal(seed)
        counters = Counters()
        door = Door(
            DoorSettings(), journal, DedupTable(1 << 12), counters, None, FakeBox(),
            ManualClock(NOW), key=KEY,
        )  # fmt: skip
        acknowledged = [set() for _ in range(6)]
        bare = [0] * 6

        def work(number, door=door, acknowledged=acknowledged, bare=bare, seed=seed):
            rng = random.Random(seed * 100 + number)
            for _ in range(60):
                names = [str(rng.randrange(80)) for _ in range(rng.randrange(1, 5))]
                body = b"\n".join([*map(line, names), line(None), b"broken"])
                try:
                    receipt = door.submit_requests(body, source=f"s{number}")
                except RefusedError:
                    continue
                assert receipt.accepted + receipt.deduplicated == len(names) + 1
                acknowledged[number].update(names)
                bare[number] += 1

        threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        journal.close()
        disk = ids_on_disk(journal)
        assert disk.pop(None) == sum(bare)
        assert set(disk) == {name.encode() for name in set().union(*acknowledged)}
        assert all(count == 1 for count in disk.values())
        assert counters.conservation() == 0
        totals = counters.totals()
        assert totals["accepted"] == sum(entry.count for entry in journal.entries)
        assert totals["rejected"] == sum(bare)
        assert door.backlog.share * door.settings.backlog_bytes == door.backlog.bytes
        assert not door._dedup._claims
        assert np.isclose(door.backlog.bytes, sum(len(entry.body) for entry in journal.entries))
