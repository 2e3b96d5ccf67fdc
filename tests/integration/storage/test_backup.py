"""A backup taken while everything is being written restores to a state that fits together."""

import io
import shutil
import tarfile
import threading

import apsw
import msgspec
import pytest
import zstandard
from tests.integration.storage.writer import ROWS, SETTINGS, body_of, entry_of, table_of
from typer.testing import CliRunner

from apisentinel.cli.app import app
from apisentinel.clock import ManualClock, SystemClock
from apisentinel.errors import StoreError
from apisentinel.storage.backup import backup, restore, verify
from apisentinel.storage.base import DamagedError, NewerVersionError
from apisentinel.storage.checkpoints import PREFIX
from apisentinel.storage.control import ControlStore
from apisentinel.storage.events import EventStore
from apisentinel.storage.journal import Journal
from apisentinel.storage.query import Page


class Service:
    """Journal, events and control store that are written all the time, as by the service."""

    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        (folder / "hash.key").write_bytes(b"k" * 16)
        (folder / "service.lock").write_bytes(b"")
        (folder / "sources").mkdir()
        (folder / "sources" / "tail.json").write_text("{}")
        self.clock = SystemClock()
        self.journal = Journal(folder / "journal", SETTINGS, self.clock)
        self.events = EventStore(folder / "events", SETTINGS, self.clock)
        self.control = ControlStore(folder / "control", self.clock)
        self.stopping = threading.Event()
        self.progress = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        while not self.stopping.is_set():
            place = self.journal.append(entry_of(self.journal.last_offset + 1)).result()
            self.events.put(table_of(place.first_seq))
            if place.offset % 20 == 0:
                self.events.flush()
                self.control.audit_append("x", "y", str(place.offset))
                self.journal.save_checkpoint(place.offset, {"n": body_of(place.offset)})
                self.journal.trim(place.offset)
            if place.offset >= 60:
                self.progress.set()

    def stop(self):
        self.stopping.set()
        if self.thread.is_alive():
            self.thread.join()
        self.journal.close()
        self.events.close()
        self.control.close()


def check(folder):
    """Opens a restored folder as a service does; gives the offset of its checkpoint."""
    clock = SystemClock()
    journal = Journal(folder / "journal", SETTINGS, clock)
    assert journal.damage == ()
    offset, parts = journal.load_checkpoint()
    assert parts == {"n": body_of(offset)}
    events = EventStore(folder / "events", SETTINGS, clock)
    assert events.damage == []
    # the events have all that the checkpoint has seen, and nothing that the journal has not
    assert offset * ROWS <= events.last_seq <= journal.last_seq
    at = offset
    while batches := journal.read(at, 1 << 20):
        for number, first_seq, entry in batches:
            assert number == at + 1
            assert entry.body == body_of(number)
            events.put(table_of(first_seq))
            at = number
    assert at == journal.last_offset
    events.flush()
    assert events.list_events([], Page("seq", limit=1)).total == journal.last_seq
    control = ControlStore(folder / "control", clock)
    assert control.audit_verify().good
    assert (folder / "hash.key").read_bytes() == b"k" * 16
    assert not (folder / "service.lock").exists()
    assert journal.append(entry_of(at + 1)).result().first_seq == journal.last_seq - ROWS + 1
    for store in (journal, events, control):
        store.close()
    return offset


def test_a_checkpoint_on_its_way_is_not_the_one_that_is_kept(tmp_path):
    service = Service(tmp_path / "data")
    service.thread.start()
    try:
        assert service.progress.wait(60)
    finally:
        service.stop()
    newest = max((tmp_path / "data" / "journal").glob(f"{PREFIX}*.db"))
    number = int(newest.stem.removeprefix(PREFIX)) + 1
    begun = apsw.Connection(str(newest.with_name(f"{PREFIX}{number:010d}.db")))
    begun.execute("CREATE TABLE part (name TEXT)")
    begun.close()
    backup(tmp_path / "data", tmp_path / "b.tar.zst", SystemClock())
    restore(tmp_path / "b.tar.zst", tmp_path / "restored")
    assert check(tmp_path / "restored") > 0


def test_a_backup_of_a_running_service_restores(tmp_path):
    service = Service(tmp_path / "data")
    service.thread.start()
    try:
        assert service.progress.wait(60)
        for number in range(2):
            manifest = backup(tmp_path / "data", tmp_path / f"{number}.tar.zst", SystemClock())
            assert verify(tmp_path / f"{number}.tar.zst") == manifest
    finally:
        service.stop()
    for number in range(2):
        restore(tmp_path / f"{number}.tar.zst", tmp_path / f"restored{number}")
        assert check(tmp_path / f"restored{number}") >= 40
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"data", "0.tar.zst", "1.tar.zst", "restored0", "restored1"}


@pytest.fixture
def stopped(tmp_path):
    """A backup of a service that is not running, made by the command."""
    service = Service(tmp_path / "data")
    service.thread.start()
    assert service.progress.wait(60)
    service.stop()
    output = tmp_path / "b.tar.zst"
    result = CliRunner().invoke(
        app, ["backup", "--data-dir", str(tmp_path / "data"), "--output", str(output)]
    )
    assert result.exit_code == 0, result.output
    return output


def test_the_commands_back_up_and_restore(stopped, tmp_path):
    run = CliRunner().invoke
    assert run(app, ["restore", "--input", str(stopped), "--check"]).exit_code == 0
    target = tmp_path / "new"
    result = run(app, ["restore", "--input", str(stopped), "--data-dir", str(target)])
    assert result.exit_code == 0, result.output
    check(target)
    with pytest.raises(StoreError, match="not empty"):
        restore(stopped, target)


def refused_or_whole(broken, target, manifest):
    """Whether a broken backup was refused; if not, every file must be what was backed up."""
    try:
        assert restore(broken, target) == manifest
    except DamagedError:
        assert not target.exists()
        return True
    shutil.rmtree(target)
    return False


def test_no_damage_of_a_backup_gets_through(stopped, tmp_path):
    whole, manifest = stopped.read_bytes(), verify(stopped)
    step = max(len(whole) // 40, 1)
    broken, target = tmp_path / "broken", tmp_path / "target"
    harmless = 0
    for at in [*range(0, len(whole), step), len(whole) - 2]:
        broken.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        # a few bits of a frame mean nothing to whoever reads it
        harmless += not refused_or_whole(broken, target, manifest)
        broken.write_bytes(whole[:at])
        # only what follows the last file may be missing: padding and a checksum
        assert refused_or_whole(broken, target, manifest) or at > len(whole) - 200
    assert harmless <= 2
    broken.write_bytes(whole + whole)
    refused_or_whole(broken, target, manifest)
    assert not list(tmp_path.glob(".*"))


def forged(path, manifest, *members):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, kind, data in (("manifest.json", tarfile.REGTYPE, manifest), *members):
            head = tarfile.TarInfo(name)
            head.type, head.size = kind, len(data)
            archive.addfile(head, io.BytesIO(data))
    path.write_bytes(zstandard.ZstdCompressor().compress(raw.getvalue()))
    return path


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/../../x", "", "..", "a\\..\\x"])
def test_a_backup_cannot_write_outside_of_the_folder(tmp_path, name):
    manifest = msgspec.json.encode(
        {"version": 1, "created": 0, "files": [{"path": name, "bytes": 0, "sha256": EMPTY}]}
    )
    path = forged(tmp_path / "f", manifest, (name or "x", tarfile.REGTYPE, b""))
    with pytest.raises(DamagedError):
        restore(path, tmp_path / "target")
    assert {p.name for p in tmp_path.iterdir()} == {"f"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_backup_holds_files_only(tmp_path, kind):
    manifest = msgspec.json.encode(
        {"version": 1, "created": 0, "files": [{"path": "a", "bytes": 0, "sha256": EMPTY}]}
    )
    path = forged(tmp_path / "f", manifest, ("a", kind, b""))
    with pytest.raises(DamagedError):
        restore(path, tmp_path / "target")


def test_a_newer_backup_is_refused(tmp_path):
    path = forged(tmp_path / "f", b'{"version": 2, "more": []}')
    with pytest.raises(NewerVersionError):
        restore(path, tmp_path / "target")


def test_what_is_no_service_is_not_backed_up(tmp_path):
    with pytest.raises(StoreError, match="not the data folder"):
        backup(tmp_path, tmp_path / "b", ManualClock())
