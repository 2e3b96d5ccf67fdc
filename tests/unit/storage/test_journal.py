"""The journal on a real disk: grouping, limits, full disks, damage."""

import os
import subprocess
import threading

import apsw
import pytest
from tests.contract.journal_contract import entry

from apisentinel.clock import ManualClock
from apisentinel.errors import StoreError
from apisentinel.storage.base import DiskFullError, NewerVersionError, QueueFullError
from apisentinel.storage.chain import SKIPPED_OFFSETS
from apisentinel.storage.disk import DiskGuard, DiskState, DiskUse
from apisentinel.storage.folder import DiskFolder
from apisentinel.storage.journal import Journal
from apisentinel.storage.settings import DiskSettings, JournalSettings, StorageSettings

FREE = DiskSettings(ballast_bytes=0, min_free_bytes=0, refuse_percent=100, check_seconds=0)
MIB = 1 << 20


def settings(**journal):
    return StorageSettings(journal=JournalSettings(**journal), disk=FREE)


@pytest.fixture
def clock():
    return ManualClock(1_700_000_000_000_000)


@pytest.fixture
def opening(tmp_path, clock):
    journals = []

    def work(chosen=None, **options):
        journals.append(Journal(tmp_path, chosen or settings(), clock, **options))
        return journals[-1]

    yield work
    for journal in journals:
        journal.close()


def fill(journal, count, size=30_000, begin=1):
    for n in range(begin, begin + count):
        journal.append(entry(n, body=os.urandom(size))).result()


def segments(path):
    return sorted(p.name for p in path.glob("segment-*.db"))


# ---------------------------------------------------------------------------------------- grouping


def test_what_waits_goes_into_one_commit(opening, monkeypatch):
    journal = opening()
    sizes, gate, begun = [], threading.Event(), threading.Event()
    honest = journal._chain.commit

    def slow(batches):
        sizes.append(len(batches))
        begun.set()
        assert gate.wait(30)
        return honest(batches)

    monkeypatch.setattr(journal._chain, "commit", slow)
    first = journal.append(entry(1))
    assert begun.wait(30)
    rest = [journal.append(entry(n)) for n in range(2, 12)]
    assert not any(future.done() for future in [first, *rest])
    gate.set()
    assert [future.result().offset for future in [first, *rest]] == list(range(1, 12))
    assert sizes == [1, 10]


def test_more_than_fits_into_the_queue_is_refused_and_nothing_else(opening, monkeypatch):
    journal = opening(settings(queue_bytes=64 << 10))
    gate = threading.Event()
    honest = journal._chain.commit
    monkeypatch.setattr(journal._chain, "commit", lambda b: gate.wait(30) and honest(b))
    data = os.urandom(30_000)
    futures = [journal.append(entry(n, body=data)) for n in range(1, 8)]
    refused = [f for f in futures if f.done()]
    assert refused
    assert all(isinstance(f.exception(), QueueFullError) for f in refused)
    gate.set()
    kept = [f.result() for f in futures if f not in refused]
    assert [place.offset for place in kept] == list(range(1, len(kept) + 1))


def test_a_closed_journal_refuses(opening):
    journal = opening()
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        journal.append(entry(1)).result()
    assert not journal.health()[0]


def test_two_processes_cannot_write_one_journal(opening):
    opening()
    with pytest.raises(StoreError, match="in use"):
        opening()


def test_waiting_ends_when_a_batch_arrives(opening):
    journal = opening()
    assert not journal.wait(0, 0.0)
    journal.append(entry(1)).result()
    assert journal.wait(0, 0.0)
    assert not journal.wait(1, 0.0)


# ------------------------------------------------------------------------------------ files, space


def test_files_change_by_size_and_by_age(opening, tmp_path, clock):
    journal = opening(settings(segment_bytes=64 << 10, segment_hours=1))
    fill(journal, 6)
    by_size = len(segments(tmp_path))
    assert 1 < by_size < 6
    clock.advance(3_601)
    fill(journal, 1, begin=7)
    assert len(segments(tmp_path)) == by_size + 1
    assert [o for o, _, _ in journal.read(0, 10 * MIB)] == list(range(1, 8))


def test_old_or_too_many_judged_files_are_removed(opening, tmp_path, clock):
    journal = opening(settings(segment_bytes=64 << 10, keep_hours=1, keep_bytes=10 * MIB))
    fill(journal, 12)
    journal.save_checkpoint(12, {})
    assert journal.trim(12) == 0
    clock.advance(3_601)
    assert journal.trim(5) > 0
    assert 1 < journal.first_offset <= 6
    assert journal.trim(12) > 0
    assert segments(tmp_path) == segments(tmp_path)[-1:]
    assert journal.last_offset == 12
    journal.close()
    again = opening()
    assert (again.last_offset, again.damage) == (12, ())


def test_tail_and_disk_give_the_same(opening):
    small = opening(settings(tail_bytes=0))
    fill(small, 5)
    from_disk = small.read(0, MIB)
    small.close()
    large = opening(settings(tail_bytes=MIB))
    for offset, _, found in from_disk:
        assert large.read(offset - 1, 1)[0][2] == found


def test_memory_keeps_the_oldest_unread_batches_and_lets_go_of_read_ones(opening):
    journal = opening(settings(tail_bytes=100_000))
    fill(journal, 5)
    assert list(journal._tail) == [1, 2, 3]
    assert [offset for offset, _, _ in journal.read(2, MIB)] == [3, 4, 5]
    assert list(journal._tail) == [3]
    assert journal.read(5, MIB) == []
    assert not journal._tail
    assert journal._tail_bytes == 0
    assert [offset for offset, _, _ in journal.read(0, MIB)] == [1, 2, 3, 4, 5]


class Gauge:
    """A disk whose free space a test chooses."""

    total = 1_000

    def __init__(self, free=500):
        self.free = free

    def __call__(self, path):
        return DiskUse(self.total, self.free)


DISK = DiskSettings(ballast_bytes=0, min_free_bytes=0, check_seconds=0)


def test_a_nearly_full_disk_refuses_reads_on_and_recovers_by_itself(opening, tmp_path, clock):
    gauge = Gauge()
    journal = opening(guard=DiskGuard(tmp_path, DISK, clock, gauge))
    journal.append(entry(1)).result()
    gauge.free = 100
    future = journal.append(entry(2))
    with pytest.raises(DiskFullError, match=r"disk full: .* % used \(at most .* free \(at least"):
        future.result()
    assert not journal.health()[0]
    assert [o for o, _, _ in journal.read(0, MIB)] == [1]
    journal.save_checkpoint(1, {"a": b"1"})
    gauge.free = 105  # a little more is not enough, or it would flicker
    assert isinstance(journal.append(entry(2)).exception(), DiskFullError)
    gauge.free = 120
    assert journal.append(entry(2)).result().offset == 2
    assert journal.health()[0]


def test_a_full_disk_makes_room_by_removing_judged_files(opening, tmp_path, clock):
    gauge = Gauge()
    chosen = settings(segment_bytes=64 << 10, keep_hours=24)
    journal = opening(chosen, guard=DiskGuard(tmp_path, DISK, clock, gauge))
    fill(journal, 12)
    journal.save_checkpoint(12, {})
    assert journal.trim(12) == 0
    gauge.free = 50
    assert journal.trim(12) > 0


def test_the_ballast_is_given_up_when_nothing_else_is_left(tmp_path, clock):
    gauge = Gauge(1 << 40)
    gauge.total = 1 << 41
    guard = DiskGuard(tmp_path, DiskSettings(ballast_bytes=MIB, check_seconds=0), clock, gauge)
    ballast = tmp_path / "ballast"
    assert ballast.stat().st_blocks * 512 >= MIB
    gauge.free = (1 << 41) // 50
    assert guard.state() is DiskState.FULL
    assert not ballast.exists()
    gauge.free = 1 << 40
    assert guard.state() is DiskState.GOOD
    assert ballast.exists()


def test_a_small_real_disk_fills_up_and_recovers(tmp_path, clock):
    """Needs the right to mount; elsewhere the failing disk of the power-cut tests stands in."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)], check=False,
        capture_output=True,
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("this environment cannot mount a small file system")
    chosen = settings(segment_bytes=256 << 10, retry_seconds=0)
    journal = Journal(place / "journal", chosen, clock)
    try:
        kept = 0
        refused = 0
        data = os.urandom(100_000)
        while refused < 5:
            future = journal.append(entry(kept + 1, body=data))
            if future.exception() is None:
                kept = future.result().offset
            else:
                assert isinstance(future.exception(), StoreError)
                refused += 1
        assert kept > 10
        assert journal.read(kept - 1, 1)[0][2].body == data
        journal._chain.trim(kept - 15, keep_hours=0, keep_bytes=0)
        assert journal.append(entry(kept + 1, body=data)).result().offset == kept + 1
        journal.close()
        again = Journal(place / "journal", chosen, clock)
        assert again.last_offset == kept + 1
        assert again.damage == ()
        again.close()
    finally:
        journal.close()
        subprocess.run(["umount", str(place)], check=True)


# ------------------------------------------------------------------------------------------ damage


def test_a_batch_that_was_changed_on_disk_is_left_out_and_reported(opening, tmp_path):
    journal = opening()
    fill(journal, 5, size=3_000)
    journal.close()
    name = tmp_path / segments(tmp_path)[0]
    raw = bytearray(name.read_bytes())
    body = raw.rfind(b"http") + 40
    raw[body + 200] ^= 1
    name.write_bytes(raw)
    again = opening()
    offsets = [o for o, _, _ in again.read(0, MIB)]
    assert len(offsets) == 4
    assert [(d.first_offset, d.last_offset) for d in again.damage] == [
        (o, o) for o in range(1, 6) if o not in offsets
    ]
    again.read(0, MIB)
    assert len(again.damage) == 1  # said once
    assert again.append(entry(6)).result().offset == 6


def test_a_file_that_is_no_database_is_set_aside_and_its_batches_reported(opening, tmp_path):
    journal = opening(settings(segment_bytes=64 << 10))
    fill(journal, 9)
    journal.close()
    first, second, *_ = segments(tmp_path)
    (tmp_path / second).write_bytes(b"not a database" * 1_000)
    again = opening()
    (damage,) = again.damage
    assert damage.last_offset >= damage.first_offset > 1
    assert damage.rows == 3 * (damage.last_offset - damage.first_offset + 1)
    assert [o for o, _, _ in again.read(0, MIB)] == [
        o for o in range(1, 10) if not damage.first_offset <= o <= damage.last_offset
    ]
    assert (tmp_path / (second + ".damaged")).exists()
    assert (tmp_path / first).exists()


def test_numbers_are_not_given_twice_when_the_newest_file_is_lost(opening, tmp_path):
    journal = opening(settings(segment_bytes=64 << 10))
    fill(journal, 9)
    journal.close()
    (tmp_path / segments(tmp_path)[-1]).write_bytes(b"not a database" * 1_000)
    again = opening()
    place = again.append(entry(10)).result()
    assert place.offset > SKIPPED_OFFSETS
    assert again.damage


def test_a_journal_that_ends_before_its_checkpoint_goes_on_after_it(opening, tmp_path):
    journal = opening()
    fill(journal, 5)
    journal.save_checkpoint(5, {"a": b"x"})
    journal.close()
    for path in tmp_path.glob("segment-*"):
        path.unlink()
    again = opening()
    assert again.load_checkpoint() == (5, {"a": b"x"})
    assert again.append(entry(6)).result() == type(again.append(entry(7)).result())(6, 16)
    assert again.damage


@pytest.mark.parametrize("how", ["flip", "cut", "empty", "text"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(opening, tmp_path, how):
    journal = opening()
    fill(journal, 4)
    for n in (2, 4):
        journal.save_checkpoint(n, {"state": bytes([n]) * 100_000 + str(n).encode()})
    journal.close()
    newest = max(tmp_path.glob("checkpoint-*.db"))
    raw = bytearray(newest.read_bytes())
    if how == "flip":
        raw[raw.rfind(b"\x28\xb5\x2f\xfd") + 20] ^= 1
    raw = {"cut": raw[: len(raw) // 2], "empty": b"", "text": b"x" * 5_000}.get(how, raw)
    newest.write_bytes(raw)
    again = opening()
    offset, parts = again.load_checkpoint()
    assert offset == 2
    assert parts["state"].endswith(b"2")
    assert how == "empty" or again.damage
    again.save_checkpoint(4, {"state": b"new"})
    again.close()
    assert opening().load_checkpoint() == (4, {"state": b"new"})


@pytest.mark.parametrize("kind", ["segment", "checkpoint"])
def test_a_newer_journal_is_refused(opening, tmp_path, kind):

    journal = opening()
    fill(journal, 2)
    journal.save_checkpoint(2, {})
    journal.close()
    connection = apsw.Connection(str(next(tmp_path.glob(f"{kind}-*.db"))))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for _ in range(2):  # and the folder is not left locked
        with pytest.raises(NewerVersionError, match="newer program"):
            opening()


def test_what_a_crash_left_of_a_new_file_is_swept_up(opening, tmp_path):
    journal = opening()
    fill(journal, 2)
    journal.close()
    (tmp_path / "segment-0000000009.db").write_bytes(b"")
    (tmp_path / "segment-0000000008.db-wal").write_bytes(b"left over")
    (tmp_path / "checkpoint-0000000003.db").write_bytes(b"")
    again = opening()
    assert again.damage == ()
    assert [o for o, _, _ in again.read(0, MIB)] == [1, 2]
    assert segments(tmp_path) == ["segment-0000000001.db"]
    assert not list(tmp_path.glob("*-wal.db"))
    folder = DiskFolder(tmp_path)
    assert "segment-0000000008.db-wal" not in folder.names()
