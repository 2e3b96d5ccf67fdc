"""Sources through the door: formats, ids from positions, dead letters, refusals, restarts."""

import socket
import threading

import pytest
from tests.unit.pipeline.door.door_fakes import FakeJournal, make_door

from apisentinel.clock import ManualClock
from apisentinel.errors import ConfigError, SourceError, StoreError
from apisentinel.pipeline.door.door import Dead
from apisentinel.pipeline.door.redaction import door_redactor
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.pipeline.door.sources import DoorSink, SourceRunner
from apisentinel.records.codec import decode_batch
from apisentinel.sources.live import Lines, StoppedError
from apisentinel.sources.settings import SourceSettings
from apisentinel.storage.base import DiskFullError

LINE = '203.0.113.9 - - [10/Oct/2023:13:55:36 +0000] "GET /a?n={} HTTP/1.1" 200 12 "-" "curl/8"\n'


def lines(*numbers):
    return "".join(LINE.format(number) for number in numbers).encode()


def queries(door):
    found = []
    for entry in door.journal.entries:
        batch = decode_batch(entry.body)
        found += [batch.text("query", row).decode() for row in range(len(batch))]
    return found


def sink_of(door, format_name="auto"):
    return DoorSink(door, "tail", format_name, threading.Event())


def test_rows_get_ids_from_their_place_and_count_once():
    door = make_door()
    data = lines(1, 2) + b"\n" + lines(3)
    sink_of(door).take(Lines("/a", data, 100, "ab-0"))
    batch = decode_batch(door.journal.entries[0].body)
    size = len(lines(1))
    assert [batch.text("event_id", row) for row in range(3)] == [
        b"ab-0-100",
        f"ab-0-{100 + size}".encode(),
        f"ab-0-{100 + 2 * size + 1}".encode(),
    ]
    sink_of(door).take(Lines("/a", lines(2, 3), 100 + size, "ab-0"))
    totals = door.counters.totals()
    assert (totals["accepted"], totals["deduplicated"]) == (4, 1)  # 3 stands at another place now


def test_ids_of_the_lines_themselves_are_kept():
    door = make_door()
    sink_of(door).take(
        Lines("/a", b'{"method":"GET","url":"/a?n=1","event_id":"own"}\n', 0, "ab-0")
    )
    assert decode_batch(door.journal.entries[0].body).text("event_id", 0) == b"own"


def test_lines_of_no_format_are_dead_letters_with_their_place_and_without_secrets():
    door = make_door(redactor=door_redactor(DoorSettings()))
    data = lines(1) + b"user=ann password=hunter22 failed\n"
    sink_of(door).take(Lines("/a", data, 50, "ab-0"))
    ((source, line),) = door.dead_letters.lines
    assert source == "tail"
    assert line.raw == b"user=ann password=redacted"
    assert line.offset == 50 + len(lines(1))
    assert door.counters.conservation() == 0


def test_over_long_lines_are_dead_letters():
    door = make_door()
    sink_of(door).bury("/a", b"xxx", "line longer than the limit", 7)
    assert door.dead_letters.lines == [("tail", Dead(b"xxx", "line longer than the limit", 7))]
    assert door.counters.totals()["deadlettered"] == 1


def test_more_lines_than_a_submission_may_have_are_split():
    door = make_door(max_records=2)
    sink_of(door).take(Lines("/a", lines(*range(5)), 0, "ab-0"))
    assert queries(door) == [f"n={k}" for k in range(5)]
    ids = [decode_batch(e.body).text("event_id", 0) for e in door.journal.entries]
    assert ids == [f"ab-0-{k * len(lines(0))}".encode() for k in (0, 2, 4)]


def test_a_refusal_is_waited_for():
    class Journal(FakeJournal):
        def append(self, entry):
            self.fault = None if self.calls else DiskFullError("full")
            self.calls += 1
            return super().append(entry)

    journal = Journal()
    journal.calls = 0
    door = make_door(journal)
    waits = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            return False

    DoorSink(door, "tail", "auto", Stop()).take(Lines("/a", lines(1), 0, "ab-0"))
    assert queries(door) == ["n=1"]
    assert waits == [30.0]


def test_a_stopped_door_ends_the_source():
    door = make_door()
    door.stop()
    with pytest.raises(StoppedError):
        sink_of(door).take(Lines("/a", lines(1), 0))


def runner(door, folder, *inputs):
    return SourceRunner(SourceSettings(inputs=inputs), door, folder, ManualClock())


def arrived(door, count):
    for _ in range(400):
        if len(queries(door)) >= count:
            return
        threading.Event().wait(0.05)
    raise AssertionError(queries(door))


def test_files_and_ports_are_read_until_the_end_and_on_after_a_restart(tmp_path):
    door = make_door()
    path = tmp_path / "a.log"
    path.write_bytes(lines(1))
    inputs = (
        {"type": "file", "path": str(path), "start": "beginning", "poll_seconds": 0.01},
        {"type": "syslog", "protocol": "tcp", "port": 0, "name": "net"},
    )
    first = runner(door, tmp_path / "state", *inputs)
    first.start()
    arrived(door, 1)
    port = first._sources[1][0].port
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"<190>Nov 20 08:27:54 host nginx: " + lines(2))
    arrived(door, 2)
    assert [(s.kind, s.problem, s.running) for s in first.states()] == [
        ("file", "", True),
        ("syslog", "", True),
    ]
    assert first.stop()
    with path.open("ab") as file:
        file.write(lines(3))
    second = runner(door, tmp_path / "state", inputs[0])
    second.start()
    arrived(door, 3)
    assert second.stop()
    assert queries(door) == ["n=1", "n=2", "n=3"]
    assert door.counters.conservation() == 0


def test_a_source_that_cannot_be_opened_is_an_error_at_the_start(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = {"type": "syslog", "protocol": "tcp", "port": taken.getsockname()[1]}
        with pytest.raises(SourceError):
            runner(make_door(), None, wanted).start()
    with pytest.raises(ConfigError, match="nonsense"):
        runner(make_door(), None, {"type": "file", "path": "x", "format": "nonsense"})


def test_a_failing_store_of_dead_letters_holds_the_source_back():
    door = make_door()
    door.dead_letters.fault = StoreError("full")
    stop = threading.Event()
    sink = DoorSink(door, "tail", "auto", stop)
    ended = []

    def take():
        try:
            sink.take(Lines("/a", b"x y z nonsense of no format\n", 0))
        except StoppedError:
            ended.append(True)

    thread = threading.Thread(target=take)
    thread.start()
    for _ in range(200):
        if sink.problem:
            break
        threading.Event().wait(0.02)
    assert sink.problem
    stop.set()
    thread.join(10)
    assert ended == [True]
    assert door.counters.totals()["received"] == 0
