# ruff: noqa: T201 (it speaks to its parent)
"""A process that writes a journal and an event store until it is killed, and says what is on disk.

Every batch can be told from its number alone, so the reader knows what must be there.
"""

import hashlib
import sys
from pathlib import Path

from apisentinel.clock import SystemClock
from apisentinel.storage.base import JournalEntry
from apisentinel.storage.columns import Table
from apisentinel.storage.events import EventStore
from apisentinel.storage.events_schema import EVENT_SCHEMA
from apisentinel.storage.journal import Journal
from apisentinel.storage.settings import (
    DiskSettings,
    EventSettings,
    JournalSettings,
    StorageSettings,
)

ROWS = 20
SETTINGS = StorageSettings(
    journal=JournalSettings(segment_bytes=256 << 10),
    disk=DiskSettings(ballast_bytes=0, min_free_bytes=0, refuse_percent=100),
    events=EventSettings(flush_rows=100, flush_ms=10),
)


def body_of(number):
    seed = hashlib.sha256(str(number).encode()).digest()
    return seed * (20 + number % 300)


def entry_of(number):
    ids = b"".join(
        hashlib.blake2b(f"{number}-{row}".encode(), digest_size=8).digest() for row in range(ROWS)
    )
    return JournalEntry("kill", number, ROWS, ids, body_of(number))


def table_of(first_seq):
    seqs = list(range(first_seq, first_seq + ROWS))
    rows = [{"seq": seq, "ts": 1_700_000_000_000_000 + seq, "event_id": str(seq)} for seq in seqs]
    return Table.of_rows(EVENT_SCHEMA, rows)


def main(folder):
    clock = SystemClock()
    journal = Journal(folder / "journal", SETTINGS, clock)
    events = EventStore(folder / "events", SETTINGS, clock)
    found = journal.load_checkpoint()
    offset = found[0] if found else 0
    # what was journalled after the checkpoint is judged again
    while batches := journal.read(offset, 1 << 20):
        for offset, first_seq, _ in batches:  # noqa: B007 (the last one counts)
            events.put(table_of(first_seq))
    print("ready", flush=True)
    while True:
        waiting = [journal.append(entry_of(journal.last_offset + 1))]
        for future in waiting:
            place = future.result()
            print(f"acked {place.offset} {place.first_seq}", flush=True)
            events.put(table_of(place.first_seq))
            if place.offset % 25 == 0:
                events.flush()
                journal.save_checkpoint(place.offset, {"n": body_of(place.offset)})
                journal.trim(place.offset)
                print(f"saved {place.offset}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
