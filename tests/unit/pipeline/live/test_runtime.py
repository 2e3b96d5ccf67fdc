"""The consumer: order, coalescing, poison, damage, degradation."""

from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from tests.unit.pipeline.live.live_traffic import SMALL, batch_of, requests

from apisentinel.kernels.hashing import HashKey
from apisentinel.parsers.json_requests import parse_requests
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.degradation import Level
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.poison import MOST, request_line
from apisentinel.pipeline.live.runtime import Runtime, Told
from apisentinel.pipeline.live.settings import RuntimeSettings
from apisentinel.pipeline.prepare import Prepared
from apisentinel.records.codec import encode_batch
from apisentinel.storage.base import Committed, JournalEntry

KEY = HashKey(1, 2)
SETTINGS = RuntimeSettings(block_rows=64, quiet_hours=0.05)


class MemoryJournal:
    """Batches in a list."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, JournalEntry]] = []
        self.rows = 0

    @property
    def last_offset(self) -> int:
        return len(self.entries)

    def append(self, entry: JournalEntry) -> Future[Committed]:
        entry.first_seq = self.rows + 1
        self.entries.append((len(self.entries) + 1, entry.first_seq, entry))
        self.rows += entry.count
        future: Future[Committed] = Future()
        future.set_result(Committed(len(self.entries), entry.first_seq))
        return future

    def add(self, rows: list[dict[str, Any]], source: str = "http") -> None:
        body = encode_batch(batch_of(rows))
        self.append(JournalEntry(source, 1_000_000, len(rows), b"", body))

    def read(self, after_offset: int, limit_bytes: int) -> list[tuple[int, int, JournalEntry]]:
        found = []
        size = 0
        for item in self.entries[after_offset:]:
            size += len(item[2].body)
            if found and size > limit_bytes:
                break
            found.append(item)
        return found


class Fragile(LiveEngine):
    """An engine that cannot stand some requests; it fails with half of the work done."""

    fatal = frozenset({"/poison"})

    def _judge(self, block: Prepared, closed: Any) -> Any:
        paths = [block.batch.text("path", i) for i in range(len(block.batch))]
        for i, path in enumerate(paths):
            if path is not None and path.decode() in self.fatal:
                super()._judge(block.take(np.arange(i + 1)), closed)
                raise ZeroDivisionError(f"cannot stand {path.decode()}")
        return super()._judge(block, closed)


class Watch:
    """A runtime over a journal with everything that it says."""

    def __init__(self, journal: MemoryJournal, engine: type[LiveEngine] = LiveEngine, **more: Any):
        self.settings = SETTINGS.model_copy(update=more)
        self.engine = engine
        self.told: list[Told] = []
        self.offsets: list[int] = []
        self.poisons: list[Any] = []
        self.runtime = Runtime(self.new(), journal, self.settings, self.new)
        self.runtime.on_told = self.told.extend
        self.runtime.on_offset = self.offsets.append
        self.runtime.on_poison = self.poisons.extend

    def new(self) -> LiveEngine:
        return self.engine(SMALL, self.settings, KEY)

    def run(self) -> "Watch":
        while self.runtime.live.offset < self.runtime.journal.last_offset:
            self.runtime.step()
        return self

    @property
    def seqs(self) -> list[int]:
        news = [told for told in self.told if told.is_news]
        return [int(s) for told in news for s in told.judged.block.batch.numbers["seq"]]

    @property
    def alerts(self) -> list[str]:
        return [a.id for told in self.told if told.is_news for a in told.judged.alerts]

    @property
    def digest(self) -> str:
        return checkpoint.capture(self.runtime.live).digest()


def filled(rows: list[dict[str, Any]], step: int) -> MemoryJournal:
    journal = MemoryJournal()
    for begin in range(0, len(rows), step):
        journal.add(rows[begin : begin + step], "http" if begin % 2 else "file")
    return journal


def test_every_row_is_judged_once_in_order_however_it_came() -> None:
    rows = requests(500)
    journal = filled(rows, 37)
    watch = Watch(journal).run()
    assert watch.seqs == list(range(1, 501))
    assert watch.offsets[-1] == journal.last_offset
    assert watch.offsets == sorted(watch.offsets)
    large = Watch(filled(rows, 37), block_rows=4096).run()
    assert large.digest == watch.digest
    assert large.alerts == watch.alerts
    assert len(large.told) < len(watch.told)


def test_rows_keep_the_name_of_the_way_they_came_in() -> None:
    watch = Watch(filled(requests(100), 25)).run()
    names = [told.source.names[at] for told in watch.told for at in told.source.picks]
    assert names == ["file"] * 25 + ["http"] * 25 + ["file"] * 25 + ["http"] * 25


def with_poison(count: int, places: list[int]) -> list[dict[str, Any]]:
    rows = requests(count)
    for place in places:
        rows[place] = rows[place] | {"path": "/poison"}
        rows[place].pop("url", None)
    return rows


@pytest.mark.parametrize("places", [[0], [99], [17, 18, 60], [5, 120, 230, 299]])
def test_poison_goes_to_the_dead_letters_and_the_stream_goes_on(places) -> None:
    watch = Watch(filled(with_poison(300, places), 50), Fragile).run()
    assert watch.seqs == [seq for seq in range(1, 301) if seq - 1 not in places]
    assert [poison.seq for poison in watch.poisons] == [place + 1 for place in places]
    assert all("ZeroDivisionError" in poison.reason for poison in watch.poisons)
    assert b"/poison" in watch.poisons[0].raw
    assert watch.runtime.poisoned == len(places)
    assert watch.runtime.live.offset == 6


def test_the_state_after_poison_is_the_state_without_these_rows() -> None:
    rows = with_poison(300, [40, 41, 200])
    watch = Watch(filled(rows, 50), Fragile).run()
    clean = Watch(filled(rows, 50))
    clean.runtime._skip, clean.runtime._last_skip = {41, 42, 201}, 201
    clean.runtime.live.remember_poison([41, 42, 201])
    clean.run()
    assert clean.poisons == []
    assert watch.alerts == clean.alerts
    assert watch.digest == clean.digest


def test_when_everything_is_poison_the_block_is_set_aside_without_trying_each_row() -> None:
    rows = with_poison(200, list(range(200)))
    watch = Watch(filled(rows, 200), Fragile, block_rows=4096).run()
    assert len(watch.poisons) == 200
    assert watch.seqs == []
    assert sorted(poison.seq for poison in watch.poisons) == list(range(1, 201))
    assert MOST < 200


def test_a_row_that_cannot_even_be_prepared_is_left_out_alone() -> None:
    class Picky(LiveEngine):
        def prepare(self, batch: Any) -> Prepared:
            if any(batch.text("path", i) == b"/poison" for i in range(len(batch))):
                raise ValueError("no")
            return super().prepare(batch)

    watch = Watch(filled(with_poison(120, [3, 77]), 30), Picky).run()
    assert watch.seqs == [seq for seq in range(1, 121) if seq not in {4, 78}]
    assert [poison.seq for poison in watch.poisons] == [4, 78]
    assert watch.runtime.recoveries == 0


def test_a_damaged_batch_is_counted_and_passed() -> None:
    journal = filled(requests(90), 30)
    journal.entries[1][2].body = b"damaged"
    watch = Watch(journal).run()
    assert watch.seqs == [*range(1, 31), *range(61, 91)]
    assert watch.runtime.damaged == 30
    assert watch.offsets[-1] == 3
    journal.entries[2][2].body = b""
    assert Watch(journal).run().runtime.live.offset == 3


def test_on_the_last_level_content_is_sampled_and_behaviour_is_not() -> None:
    rows = requests(600)
    full = Watch(filled(rows, 50)).run()
    journal = MemoryJournal()
    watch = Watch(journal)
    journal.entries, journal.rows = filled(rows, 50).entries, 600
    watch.runtime.level = lambda: Level.SAMPLED
    watch.run()
    assert watch.seqs == full.seqs
    assert watch.runtime.uninspected > 50

    def types(run: Watch) -> dict[str, int]:
        found = [a.attack_type.value for told in run.told for a in told.judged.alerts]
        return {name: found.count(name) for name in found}

    assert types(watch)["scanning"] >= types(full)["scanning"]
    assert types(watch)["brute_force"] == types(full)["brute_force"]
    assert types(watch).get("sqli", 0) < types(full)["sqli"]


def test_what_was_accepted_before_the_start_is_judged_in_full_on_every_level() -> None:
    rows = requests(600)
    watch = Watch(filled(rows, 50))
    assert watch.runtime.is_replaying
    watch.runtime.level = lambda: Level.SAMPLED
    watch.run()
    assert not watch.runtime.is_replaying
    assert watch.digest == Watch(filled(rows, 50)).run().digest


def test_a_dead_letter_can_be_sent_again() -> None:
    row = requests(1)[0] | {"headers": {"x-a": "b"}, "request_body": "é"}
    batch = batch_of([row])
    again = parse_requests(request_line(batch, 0) + b"\n").batch
    for name in ("event_id", "method", "path", "query", "client_ip", "user_agent", "request_body"):
        assert again.text(name, 0) == batch.text(name, 0)
    assert again.headers(0) == batch.headers(0)
    assert {n: int(v[0]) for n, v in again.numbers.items() if n != "seq"} == {
        n: int(v[0]) for n, v in batch.numbers.items() if n != "seq"
    }
