"""A process that is killed at any moment loses nothing that it acknowledged."""

import os
import random
import signal
import subprocess
import sys
import threading

import pytest
from tests.integration.storage.writer import ROWS, SETTINGS, body_of

from apisentinel.clock import SystemClock
from apisentinel.storage.events import EventStore
from apisentinel.storage.journal import Journal
from apisentinel.storage.query import Page

KILLS = int(os.environ.get("STORAGE_KILLS", "50"))
PER_PROCESS = 3.0
"""Seconds after which a process is killed in any case."""


def live_and_die(folder, rng):
    """Runs the writer for a random number of acknowledgements; gives what it said."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.storage.writer", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    lines = []
    wanted = rng.choice([0, 1, 2, 5, 24, 25, 26, 40, 60])
    for line in process.stdout:
        lines.append(line.split())
        if sum(words[0] == "acked" for words in lines) >= wanted and rng.random() < 0.5:
            break
    threading.Event().wait(rng.random() * 0.01)
    process.send_signal(signal.SIGKILL)
    rest, problem = process.communicate()
    watchdog.cancel()
    lines += [line.split() for line in rest.splitlines()]
    assert process.returncode == -signal.SIGKILL, problem
    assert lines, problem
    return lines


@pytest.mark.slow
@pytest.mark.timeout(120 + 10 * KILLS)
def test_kills_lose_nothing(tmp_path):
    rng = random.Random(11)
    acked, saved = {}, 0
    for number in range(KILLS):
        for words in live_and_die(tmp_path, rng):
            if words[0] == "acked" and len(words) == 3:
                acked[int(words[1])] = int(words[2])
            elif words[0] == "saved":
                saved = max(saved, int(words[1]))
        if number % 10 == 9 or number == KILLS - 1:
            check(tmp_path, acked, saved)
    assert len(acked) > KILLS


def check(folder, acked, saved):
    clock = SystemClock()
    journal = Journal(folder / "journal", SETTINGS, clock)
    assert journal.damage == ()
    assert journal.last_offset >= max(acked)
    held = {}
    offset = 0
    while batches := journal.read(offset, 1 << 20):
        for offset, first_seq, entry in batches:
            assert entry.body == body_of(entry.received)
            held[offset] = first_seq
    assert sorted(held) == list(range(journal.first_offset, journal.last_offset + 1))
    for number, first_seq in acked.items():
        assert first_seq == 1 + (number - 1) * ROWS
        assert number < journal.first_offset or held[number] == first_seq
    found = journal.load_checkpoint()
    if saved:
        assert found[0] >= saved
        assert found[1] == {"n": body_of(found[0])}
    journal.close()
    events = EventStore(folder / "events", SETTINGS, clock)
    assert events.damage == []
    # every event once, from the first to the newest on disk, and at least up to the checkpoint
    assert events.last_seq >= saved * ROWS
    listing = events.list_events([], Page("seq", limit=1))
    assert listing.total == events.last_seq
    events.close()
