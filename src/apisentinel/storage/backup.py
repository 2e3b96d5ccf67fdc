"""Backup of a whole data folder into one file while the service goes on, and the way back.

The parts are taken in an order that fits together: a checkpoint first, then everything that was
made from what came after it, and the journal last. A restored service therefore finds in the
journal all that its checkpoint has not seen; judging that again changes nothing, since ids and
numbers come out the same.
"""

import hashlib
import io
import os
import secrets
import shutil
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Final

import apsw
import msgspec
import zstandard

from apisentinel.clock import Clock
from apisentinel.errors import StoreError
from apisentinel.storage import sqlite
from apisentinel.storage.base import DamagedError, NewerVersionError
from apisentinel.storage.chain import PREFIX as SEGMENT
from apisentinel.storage.checkpoints import PREFIX as CHECKPOINT
from apisentinel.storage.checkpoints import Checkpoints
from apisentinel.storage.control_base import FILE as CONTROL_FILE
from apisentinel.storage.event_database import FILE as EVENTS_FILE
from apisentinel.storage.event_database import EventDatabase
from apisentinel.storage.event_files import EventFiles, load
from apisentinel.storage.folder import LOCK, DiskFolder, sync_folder
from apisentinel.storage.segment import SegmentReader
from apisentinel.storage.settings import StorageSettings
from apisentinel.storage.snapshots import DONE, REQUEST
from apisentinel.storage.snapshots import FOLDER as SNAPSHOTS

VERSION: Final = 1
MANIFEST: Final = "manifest.json"
JOURNAL, CONTROL, EVENTS = "journal", "control", "events"
"""Folders of the stores in the data folder."""

HOT: Final = "hot.parquet"

ATTEMPTS: Final = 5
"""The journal is copied anew when it was trimmed meanwhile."""

SNAPSHOT_SECONDS: Final = 120.0
"""How long a running service may take to answer with a snapshot of its events."""
POLL_SECONDS: Final = 0.1

LARGEST_OTHER: Final = 16 << 20
"""Bytes of a file that belongs to no store, such as a key; larger ones are not ours."""

LARGEST_MANIFEST: Final = 16 << 20
STEP: Final = 1 << 20
PADDING: Final = 1 << 20
"""Bytes after the last file that an archive may have; reading them checks the end of the frame."""
LEVEL: Final = 3


class Item(msgspec.Struct, frozen=True):
    """A file of a backup: path under the data folder, size, SHA-256 in hexadecimal."""

    path: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds.

    Attributes:
        version: Of this format.
        created: µs since the epoch.
        files: In the order of the archive.
    """

    version: int
    created: int
    files: tuple[Item, ...]


# ------------------------------------------------------------------------------------------- backup


def backup(data_dir: Path, output: Path, clock: Clock) -> Manifest:
    """Writes a backup; the service may be running.

    Args:
        data_dir: Folder of the service.
        output: File to write, ``.tar.zst``; there whole or not at all.
        clock: Dates the backup.

    Raises:
        StoreError: The folder is none of a service, or something cannot be read or written.
    """
    if not (data_dir / CONTROL / CONTROL_FILE).exists() and not (data_dir / JOURNAL).is_dir():
        raise StoreError(f"{data_dir} is not the data folder of a service")
    if not output.parent.is_dir():
        raise StoreError(f"the folder {output.parent} does not exist; create it first")
    staging = output.with_name(f".{output.name}.{os.getpid()}.parts")
    draft = output.with_name(f".{output.name}.{os.getpid()}.draft")
    with _disk_errors(output):
        try:
            staging.mkdir(mode=0o700)
            _others(data_dir, staging)
            _journal_and_rest(data_dir, staging)
            manifest = Manifest(VERSION, clock.now(), tuple(_items(staging)))
            _write(draft, staging, manifest)
            draft.replace(output)
            sync_folder(output.parent)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            draft.unlink(missing_ok=True)
    return manifest


def _others(data_dir: Path, staging: Path) -> None:
    """Copies keys, positions of sources and the like."""
    for path in sorted(data_dir.rglob("*")):
        place = path.relative_to(data_dir)
        ours = place.parts[0] not in {JOURNAL, CONTROL, EVENTS}
        if not ours or path.is_symlink() or not path.is_file() or path.suffix == ".lock":
            continue
        if path.stat().st_size <= LARGEST_OTHER and not path.name.startswith("."):
            (staging / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, staging / place)


def _journal_and_rest(data_dir: Path, staging: Path) -> None:
    before: list[str] | None = None
    for _ in range(ATTEMPTS):
        for name in (JOURNAL, CONTROL, EVENTS):
            shutil.rmtree(staging / name, ignore_errors=True)
            (staging / name).mkdir(mode=0o700)
        source, target = data_dir / JOURNAL, staging / JOURNAL
        with suppress(FileNotFoundError, apsw.CantOpenError):  # a checkpoint was replaced meanwhile
            _newest_checkpoint(source, target)
            if (data_dir / CONTROL / CONTROL_FILE).exists():
                _copy_database(data_dir / CONTROL / CONTROL_FILE, staging / CONTROL / CONTROL_FILE)
            _events(data_dir / EVENTS, staging / EVENTS)
            names = _segments(source, target)
            if _fits(target) or names == before:  # a gap that stays is in the journal itself
                return
            before = names
    raise StoreError("the journal changes too fast to be copied; try again")


def _newest_checkpoint(source: Path, target: Path) -> None:
    """Copies the newest checkpoint that is whole; the very newest may be on its way."""
    for name in sorted((path.name for path in source.glob(f"{CHECKPOINT}*.db")), reverse=True):
        _copy_database(source / name, target / name)
        if Checkpoints(DiskFolder(target), 1, 1, _NoClock()).newest is not None:
            return
        for path in target.glob(f"{name}*"):
            path.unlink()


def _segments(source: Path, target: Path) -> list[str]:
    """Copies the files of the journal; gives their names."""
    names = sorted(path.name for path in source.glob(f"{SEGMENT}*.db"))
    for name in names:
        try:
            _copy_database(source / name, target / name)
        except (FileNotFoundError, apsw.CantOpenError):  # trimmed meanwhile
            (target / name).unlink(missing_ok=True)
    return names


def _fits(journal: Path) -> bool:
    """Whether nothing is missing between the checkpoint of a journal and its files."""
    folder = DiskFolder(journal)
    newest = Checkpoints(folder, 1, 1, _NoClock()).newest
    offset = newest.offset if newest else 0
    for name in folder.names():
        if not (name.startswith(SEGMENT) and name.endswith(".db")):
            continue
        reader = SegmentReader(folder, name)
        try:
            head = reader.head()
        finally:
            reader.close()
        if head is not None and head.last_offset >= head.first_offset:
            return head.first_offset <= offset + 1
    return True


class _NoClock:
    """For readers, which never ask for the time."""

    def now(self) -> int:
        """Zero."""
        return 0

    def monotonic(self) -> float:
        """Zero."""
        return 0.0


def _copy_database(source: Path, target: Path) -> None:
    """Copies one state of an SQLite database, its log included, while others use it."""
    with sqlite.reported(source.name):
        origin = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            origin.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            origin.set_busy_timeout(sqlite.BUSY_MS)
            copy = apsw.Connection(str(target))
            try:
                with copy.backup("main", origin, "main") as work:
                    work.step(-1)
                # one file without a log, which the restored service makes anew
                copy.execute("PRAGMA journal_mode = delete")
            finally:
                copy.close(True)
        finally:
            origin.close(True)


def _events(source: Path, target: Path) -> None:
    if not (source / EVENTS_FILE).exists():
        return
    shutil.rmtree(target)
    settings = StorageSettings().events
    try:
        database = EventDatabase(source, settings)
    except StoreError as problem:
        if "in use" not in str(problem):
            raise
        shutil.move(_asked(source), target)
        return
    try:
        seq = EventFiles(database, settings, _NoClock()).copy_to(target)
        (target / "last_seq").write_text(str(seq))
    finally:
        database.close()


def _asked(source: Path) -> Path:
    """The snapshot that a running service makes when it is asked."""
    name = secrets.token_hex(8)
    folder = source / SNAPSHOTS
    request = folder / (name + REQUEST)
    request.touch(mode=0o600)
    waiting = threading.Event()
    for _ in range(round(SNAPSHOT_SECONDS / POLL_SECONDS)):
        if (folder / (name + DONE)).exists():
            return folder / (name + DONE)
        waiting.wait(POLL_SECONDS)
    request.unlink(missing_ok=True)
    raise StoreError(
        f"the service that uses {source} did not answer in {SNAPSHOT_SECONDS:.0f} s;"
        " stop it, or try again"
    )


def _items(staging: Path) -> Iterator[Item]:
    for path in sorted(path for path in staging.rglob("*") if path.is_file()):
        empty_log = path.name.endswith("-wal") and path.stat().st_size == 0
        if path.name == LOCK or path.name.endswith("-shm") or empty_log:
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield Item(path.relative_to(staging).as_posix(), path.stat().st_size, digest)


def _write(draft: Path, staging: Path, manifest: Manifest) -> None:
    with draft.open("xb") as file:
        draft.chmod(0o600)
        packer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        with (
            packer.stream_writer(file, closefd=False) as stream,
            tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            text = msgspec.json.encode(manifest)
            _add(archive, MANIFEST, len(text), io.BytesIO(text))
            for item in manifest.files:
                with (staging / item.path).open("rb") as content:
                    _add(archive, item.path, item.bytes, content)
        file.flush()
        os.fsync(file.fileno())


def _add(archive: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    head = tarfile.TarInfo(name)
    head.size, head.mode = size, 0o600
    archive.addfile(head, content)


# ------------------------------------------------------------------------------------------ restore


def restore(source: Path, data_dir: Path) -> Manifest:
    """Makes a data folder out of a backup.

    Everything is unpacked and checked beside the folder; the folder appears when all is good.

    Args:
        source: File that `backup` wrote.
        data_dir: Folder that does not exist, or is empty.

    Raises:
        DamagedError: The file is not what was written.
        NewerVersionError: It was written by a newer version of the product.
        StoreError: The folder is in the way, or the disk refuses.
    """
    if data_dir.exists() and (not data_dir.is_dir() or any(data_dir.iterdir())):
        raise StoreError(f"{data_dir} is not empty; name a new folder, or move this one away")
    if not source.is_file():
        raise StoreError(f"{source} does not exist")
    parent = data_dir.resolve().parent
    if not parent.is_dir():
        raise StoreError(f"the folder {parent} does not exist; create it first")
    draft = parent / f".{data_dir.name}.{os.getpid()}.restore"
    with _disk_errors(data_dir):
        try:
            draft.mkdir(mode=0o700)
            manifest = _unpack(source, draft)
            _build_events(draft / EVENTS)
            with suppress(FileNotFoundError):
                data_dir.rmdir()
            draft.rename(data_dir)
            sync_folder(parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return manifest


def verify(source: Path) -> Manifest:
    """Checks every byte of a backup and gives what it holds.

    Raises:
        DamagedError: The file is not what was written.
        NewerVersionError: It was written by a newer version of the product.
        StoreError: It cannot be read.
    """
    with _disk_errors(source):
        return _unpack(source, None)


def _unpack(source: Path, target: Path | None) -> Manifest:
    try:
        with (
            source.open("rb") as file,
            zstandard.ZstdDecompressor().stream_reader(file) as stream,
            tarfile.open(fileobj=stream, mode="r|") as archive,
        ):
            members = iter(archive)
            manifest = _manifest(archive, next(members, None))
            for item in manifest.files:
                _unpack_item(archive, next(members, None), item, target)
            if next(members, None) is not None or len(stream.read(PADDING)) == PADDING:
                raise DamagedError(f"{source} is damaged: it holds more than its manifest says")
            return manifest
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError) as problem:
        raise DamagedError(f"{source} is damaged or no backup: {problem}") from problem


def _manifest(archive: tarfile.TarFile, member: tarfile.TarInfo | None) -> Manifest:
    if member is None or member.name != MANIFEST or member.size > LARGEST_MANIFEST:
        raise DamagedError("the file is no backup: it does not begin with a manifest")
    content = archive.extractfile(member)
    text = content.read(LARGEST_MANIFEST) if content else b""
    version = msgspec.json.decode(text, type=dict[str, msgspec.Raw]).get("version")
    if version is not None and msgspec.json.decode(version, type=int) > VERSION:
        raise NewerVersionError("the backup was written by a newer version; use that one")
    manifest = msgspec.json.decode(text, type=Manifest)
    for item in manifest.files:
        place = PurePosixPath(item.path)
        if place.is_absolute() or ".." in place.parts or not place.parts or "\\" in item.path:
            raise DamagedError(f"the backup names a file outside of the folder: {item.path!r}")
    return manifest


def _unpack_item(
    archive: tarfile.TarFile, member: tarfile.TarInfo | None, item: Item, target: Path | None
) -> None:
    whole = (
        member is not None
        and member.isreg()
        and (member.name, member.size)
        == (
            item.path,
            item.bytes,
        )
    )
    content = archive.extractfile(member) if whole and member is not None else None
    if content is None:
        raise DamagedError(f"the backup is damaged: {item.path} is missing")
    digest = hashlib.sha256()
    with _sink(target, item.path) as sink:
        while piece := content.read(STEP):
            digest.update(piece)
            sink.write(piece)
    if digest.hexdigest() != item.sha256:
        raise DamagedError(f"the backup is damaged: {item.path} is not as written")


@contextmanager
def _sink(target: Path | None, name: str) -> Iterator[IO[bytes]]:
    if target is None:
        with Path(os.devnull).open("wb") as sink:
            yield sink
        return
    path = target / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("xb") as sink:
        path.chmod(0o600)
        yield sink
        sink.flush()
        os.fsync(sink.fileno())


def _build_events(folder: Path) -> None:
    """Makes the database of the newest events; the files of older days are entered in it."""
    hot = folder / HOT
    if not hot.exists():
        return
    note = folder / "last_seq"
    last_seq = int(note.read_text()) if note.exists() else 0
    settings = StorageSettings().events
    database = EventDatabase(folder, settings)
    try:
        EventFiles(database, settings, _NoClock()).tidy()
        load(database, hot, last_seq)
    finally:
        database.close()
    hot.unlink()
    note.unlink(missing_ok=True)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError:
        with sqlite.reported(str(path)):
            raise
