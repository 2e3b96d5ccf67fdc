"""A process that used the event store ends without a word: the binding of DuckDB complains about
every connection, cursor or result that is still held when the interpreter goes.
"""

import subprocess
import sys

PROGRAM = """
import sys
from pathlib import Path

from apisentinel.clock import SystemClock
from apisentinel.storage.columns import Table
from apisentinel.storage.events import EventStore
from apisentinel.storage.events_schema import EVENT_SCHEMA
from apisentinel.storage.query import Page
from apisentinel.storage.settings import StorageSettings

store = EventStore(Path(sys.argv[1]), StorageSettings(), SystemClock())
row = {"seq": 1, "ts": 1, "event_id": "e"}
store.put(Table.of_rows(EVENT_SCHEMA, [row]))
store.flush()
assert store.list_events([], Page("ts")).items
store.close()
"""


def test_a_process_that_closed_its_store_ends_silently(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
