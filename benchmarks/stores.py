"""Speed of the stores alone: ``python -m benchmarks.stores [--rows N] [--folder DIR]``.

Prints rows per second of the journal (batches of 1,000 rows, each acknowledged after its fsync, one
and four senders), of the event store (put and flush), and the time of the deduplication table.
With ``--stored N`` it fills the event store with N events of 24 hours (``--days``) first and prints
how long the questions of each screen of the page take (`benchmarks.stored`). Nothing is asserted.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from apisentinel.clock import SystemClock
from apisentinel.storage.base import JournalEntry
from apisentinel.storage.columns import Table, column_of
from apisentinel.storage.dedup import DedupTable
from apisentinel.storage.events import EventStore
from apisentinel.storage.events_schema import EVENT_SCHEMA
from apisentinel.storage.journal import Journal
from apisentinel.storage.settings import StorageSettings
from benchmarks.stored import questions, stored

BATCH = 1_000
BODY_BYTES = 200_000
"""Encoded size of a batch before compression, about that of 1,000 requests with headers."""


def journal_rate(folder: Path, rows: int, senders: int) -> float:
    """Rows per second that `senders` threads get acknowledged."""
    journal = Journal(folder / f"journal{senders}", StorageSettings(), SystemClock())
    random = np.random.default_rng(1)
    words = [random.bytes(12) for _ in range(2_000)]
    body = b" ".join(words[k] for k in random.integers(0, len(words), BODY_BYTES // 13))
    each = rows // BATCH // senders

    def send(seed: int) -> None:
        ids = np.random.default_rng(seed)
        for _ in range(each):
            entry = JournalEntry("bench", 0, BATCH, ids.bytes(8 * BATCH), body)
            journal.append(entry).result()

    threads = [threading.Thread(target=send, args=(k,)) for k in range(senders)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    journal.close()
    return each * senders * BATCH / seconds


def event_rows(first: int, count: int) -> Any:
    """Rows of honest traffic in the shape of the event store."""
    random = np.random.default_rng(first)
    seq = np.arange(first, first + count)
    given: dict[str, Any] = {
        "seq": seq,
        "ts": time.time_ns() // 1000 + seq,
        "status": random.choice([200, 200, 200, 404, 500], count),
        "risk": random.integers(0, 100, count),
        "score": random.random(count),
        "duration_us": random.integers(100, 90_000, count),
        "response_bytes": random.integers(100, 90_000, count),
        "event_id": [f"{n:032x}" for n in seq],
        "client": [f"10.{n % 50}.{n % 200}.7" for n in random.integers(0, 10_000, count)],
        "user": [f"u{n}" for n in random.integers(0, 10_000, count)],
        "path": [f"/api/v1/items/{n}" for n in random.integers(0, 1_000_000, count)],
        "endpoint": ["GET /api/v1/items/{id}"] * count,
        "user_agent": ["Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"] * count,
        "severity": ["LOW"] * count,
    }
    return Table(
        {
            name: column_of(type_, given.get(name, [None] * count))
            for name, type_ in EVENT_SCHEMA.items()
        }
    )


def event_rate(folder: Path, rows: int) -> float:
    """Rows per second from `put` to the disk."""
    tables = [event_rows(first, BATCH) for first in range(1, rows + 1, BATCH)]
    store = EventStore(folder / "events", StorageSettings(), SystemClock())
    begin = time.perf_counter()
    for table in tables:
        store.put(table)
    store.flush()
    seconds = time.perf_counter() - begin
    store.close()
    return rows / seconds


ROUNDS = 20
WANTED_MS = 150


def question_times(
    folder: Path, events: int, days: int, rounds: int = ROUNDS, *, is_cold: bool = False
) -> dict[str, tuple[float, float, float, float]]:
    """The first of some answers to each question of the screens, median and 95th percentile, and
    CPU of the first, or the median CPU when no answer is kept, ms.
    """
    found = stored(folder, events, days)
    out = {}
    for name, ask in questions(found).items():
        taken, used = [], []
        for _ in range(rounds):
            if is_cold:
                found.store.answers.forget()
                found.store.pages.forget()
            begun, start = time.process_time(), time.perf_counter()
            ask()
            taken.append((time.perf_counter() - start) * 1e3)
            used.append((time.process_time() - begun) * 1e3)
        cpu = float(np.median(used)) if is_cold else used[0]
        out[name] = taken[0], float(np.median(taken)), float(np.quantile(taken, 0.95)), cpu
    print(f"{found.store.bytes_used / events:.0f} bytes per stored event")
    found.store.close()
    return out


def dedup_microseconds(window: int) -> float:
    """Median time of adding 1,000 new ids to a full table."""
    table = DedupTable(window)
    random = np.random.default_rng(1)
    ids = random.integers(1, 1 << 63, window + 1_000_000, dtype=np.uint64)
    table.add(ids[:window])
    taken = []
    for begin in range(window, len(ids), BATCH):
        start = time.perf_counter()
        table.add(ids[begin : begin + BATCH])
        taken.append(time.perf_counter() - start)
    return float(np.median(taken)) * 1e6


def main() -> None:
    """Runs all measurements and prints one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure")
    parser.add_argument("--stored", type=int, default=0, help="events to ask about, then stop")
    parser.add_argument("--days", type=int, default=1, help="that these are spread over")
    parser.add_argument("--kept", type=Path, default=None, help="their folder, made when missing")
    parser.add_argument("--cold", action="store_true", help="keep no answer between two rounds")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="answers to each question")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        if options.stored:
            there = options.kept or folder / "stored"
            times = question_times(
                there, options.stored, options.days, options.rounds, is_cold=options.cold
            )
            for question, (first, median, p95, cpu) in times.items():
                print(
                    f"{question}: first {first:.0f} ms with {cpu:.0f} ms of CPU,"
                    f" median {median:.0f} ms, p95 {p95:.0f} ms"
                )
            late = sum(p95 > WANTED_MS for _, _, p95, _ in times.values())
            print(f"{late} of {len(times)} with a p95 above {WANTED_MS} ms")
            return
        for senders in (1, 4):
            rate = journal_rate(folder, options.rows, senders)
            print(f"journal, {senders} senders: {rate:,.0f} rows/s acknowledged")
        print(f"event store: {event_rate(folder, options.rows):,.0f} rows/s")
        print(f"event ids: {dedup_microseconds(4_000_000):.0f} µs per {BATCH:,}")


if __name__ == "__main__":
    main()
