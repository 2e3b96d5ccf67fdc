"""Follows log files as they grow, through rotation by renaming and by copying and truncating.

A line is handed on when its line end is there, and its position is noted when it is on disk: after
a stop or a crash nothing is missing. What is read twice gets the same ids, so that it counts once.
Not followed: what a rotation compresses before it was read.
"""

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from apisentinel.sources.base import MAX_LINE
from apisentinel.sources.live import Lines, Sink, StoppedError
from apisentinel.sources.positions import Position, Positions
from apisentinel.sources.settings import TailSettings

READ_BYTES = 1 << 20
"""Bytes handed on at once: some thousand lines."""

HEAD_BYTES = 256
"""First bytes of a file by which it is recognised; a log line with its time is in them."""

LONG_HEAD = 4096
"""Bytes of an over-long line that are kept for the dead letters."""

ROTATION_LOOKS = 20
"""Looks at the end of a renamed file before it is left: its writer goes on until it was told. Five
seconds with the usual pause, in which the file that took its name is read, too."""

RENAMED = "\n"
"""Between the former path and the inode of a renamed file, in the key of its position."""

SIBLINGS = 4096
"""Names of a folder that are looked through for a file that was renamed while nobody looked."""

PREAMBLE_BYTES = 64 << 10
"""Beginning of a file in which ``#Fields:`` lines are looked for when it is not read from there."""


class _Follower:
    """One file.

    Attributes:
        key: Under which its position is noted: its path, or that of a renamed file its former path
            and inode.
        is_replaced: Another file has its name, and this one is read to its present end.
        is_done: A renamed file to which nothing is added any more.
    """

    def __init__(
        self, path: str, positions: Positions, *, from_start: bool, key: str | None = None
    ) -> None:
        self.path = path
        self.key = key or path
        self.positions = positions
        self.from_start = from_start
        self.problem = ""
        self.is_replaced = self.is_done = False
        self._file: BinaryIO | None = None
        self._position = Position(0, 0, 0, 0)
        self._rest = b""
        self._skipping = False
        self._restarted = True
        self._quiet = 0

    def look(self, sink: Sink) -> bool:
        """Hands on what is new; True when there may be more at once."""
        try:
            if self._file is None and not self._open():
                return False
            more = self._read(sink)
        except OSError as error:
            self.problem = f"{self.path}: {error.strerror or error}"
            self.close()
            return False
        if self.is_done:
            self.close()
            self.positions.forget(self.key)
        return more

    def close(self) -> None:
        """Closes the file; what was read is noted already."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._rest, self._skipping = b"", False

    @property
    def is_leaving(self) -> bool:
        """True for a renamed file."""
        return self.key != self.path

    def leave(self) -> None:
        """Gives its name to the file that has it now; this one is read on as a renamed file."""
        self.is_replaced = False
        self.key = f"{self.path}{RENAMED}{self._position.inode}"
        self.positions.set(self.key, self._position)
        self.positions.set(self.path, Position(0, 0, 0, self._position.generation))

    # ------------------------------------------------------------------------------------- opening

    def _open(self) -> bool:
        """Opens the file where it has to be read on; False when there is none."""
        known = self.positions.get(self.key)
        renamed = self._renamed(known)
        if self.is_leaving and renamed is None:
            self.is_done = True
            self.positions.forget(self.key)
            return False
        try:
            file = open(renamed or self.path, "rb")  # noqa: SIM115 (stays open while it is followed)
        except FileNotFoundError:
            return False
        self.problem = ""
        status = os.fstat(file.fileno())
        offset, generation, head = 0, 0, ("", 0)
        if known is not None:
            same = (known.device, known.inode) == (status.st_dev, status.st_ino)
            if same and status.st_size >= known.offset and _is_head(file, known):
                offset, generation = known.offset, known.generation
                head = known.head, known.head_size
            else:
                generation = known.generation + 1
        elif not self.from_start:
            offset = _last_line_end(file, status.st_size)
        self._file = file
        self._quiet = 0
        self._position = Position(status.st_dev, status.st_ino, offset, generation, *head)
        self._rest, self._skipping, self._restarted = b"", False, True
        self.from_start = True  # whatever takes this name from now on is new
        self._note(offset)
        return True

    def _renamed(self, known: Position | None) -> str | None:
        """Where the file is now that was read under this name, when another one has the name."""
        if known is None:
            return None
        try:
            status = os.stat(self.path)
            if (status.st_dev, status.st_ino) == (known.device, known.inode):
                return None
        except FileNotFoundError:
            pass
        folder = os.path.dirname(self.path) or "."
        stem = os.path.basename(self.path).split(".")[0]
        with os.scandir(folder) as entries:
            for count, entry in enumerate(entries):
                if count >= SIBLINGS:
                    break
                if not entry.name.startswith(stem) or not entry.is_file(follow_symlinks=False):
                    continue
                found = entry.stat(follow_symlinks=False)
                if (found.st_dev, found.st_ino) == (known.device, known.inode):
                    return entry.path if found.st_size > known.offset else None
        return None

    # ------------------------------------------------------------------------------------- reading

    def _read(self, sink: Sink) -> bool:
        """Hands on the next lines of the open file."""
        file = self._file
        assert file is not None  # noqa: S101 (opened by the caller)
        at = self._position.offset + len(self._rest)
        if self._is_rewritten(file, at):
            return True
        file.seek(at)
        data = file.read(READ_BYTES)
        if not data:
            return self._at_end(sink, at)
        self._quiet = 0
        data = self._rest + data
        begin = self._position.offset
        if self._skipping:
            cut = data.find(b"\n") + 1
            self._skipping = cut == 0
            begin += cut or len(data)
            data = data[cut:] if cut else b""
        end = data.rfind(b"\n") + 1
        if end:
            self._hand_on(sink, data[:end], begin)
        self._rest = data[end:]
        self._note(begin + end)
        if len(self._rest) > MAX_LINE:
            sink.bury(self.path, self._rest[:LONG_HEAD], "line longer than the limit", begin + end)
            self._note(begin + end + len(self._rest))
            self._rest, self._skipping = b"", True
        return True

    def _is_rewritten(self, file: BinaryIO, at: int) -> bool:
        """Begins anew when the file was truncated or written from its start."""
        status = os.fstat(file.fileno())
        if status.st_size >= at and _is_head(file, self._position):
            return False
        generation = self._position.generation + 1
        self._position = Position(status.st_dev, status.st_ino, 0, generation)
        self._rest, self._skipping, self._restarted = b"", False, True
        self._note(0)
        return True

    def _at_end(self, sink: Sink, at: int) -> bool:
        """Sees when another file has the name of this one, and when nothing is added to a renamed
        one for a while.
        """
        file = self._file
        assert file is not None  # noqa: S101 (same)
        status = os.fstat(file.fileno())
        try:
            named = os.stat(self.path)
        except FileNotFoundError:
            return False
        if (named.st_dev, named.st_ino) == (status.st_dev, status.st_ino):
            self._quiet = 0
            return False
        if not self.is_leaving:
            self.is_replaced = True
            return True
        self._quiet += 1
        if self._quiet < ROTATION_LOOKS:
            return False
        if self._rest:  # nobody will write the end of this line any more
            self._hand_on(sink, self._rest + b"\n", self._position.offset)
            self._note(at)
        self.is_done = True
        return False

    def _hand_on(self, sink: Sink, data: bytes, offset: int) -> None:
        """Gives lines to the sink, which returns when they are on disk."""
        if self._restarted and offset:
            preamble = _preamble(self._file)
            if preamble:
                sink.take(Lines(self.path, preamble, 0, restarted=True))
                self._restarted = False
        mark = hashlib.blake2b(self.path.encode("utf-8", "surrogateescape"), digest_size=4)
        generation = f"{mark.hexdigest()}-{self._position.generation}"
        sink.take(Lines(self.path, data, offset, generation, self._restarted))
        self._restarted = False

    def _note(self, offset: int) -> None:
        """Notes that everything before `offset` is on disk."""
        old = self._position
        head, size = old.head, old.head_size
        if size < HEAD_BYTES and self._file is not None:
            self._file.seek(0)
            first = self._file.read(min(HEAD_BYTES, offset))
            head, size = _digest(first), len(first)
        self._position = Position(old.device, old.inode, offset, old.generation, head, size)
        self.positions.set(self.key, self._position)


class TailSource:
    """Follows the files of a name or glob; a `LiveSource`.

    Args:
        settings: Which files, and how.
        positions: How far they have been read.
    """

    def __init__(self, settings: TailSettings, positions: Positions) -> None:
        self.settings = settings
        self.name = settings.name or f"file:{os.path.basename(settings.path)}"
        self.problem = ""
        self._positions = positions
        self._followers: dict[str, _Follower] = {}
        self._leaving: list[_Follower] = []
        self._first = True

    def open(self) -> None:
        """Nothing has to be there yet."""

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """See `LiveSource`."""
        try:
            while not stop.is_set():
                self._find()
                more = False
                for follower in self._all():
                    more |= follower.look(sink)
                    if follower.is_replaced:
                        self._replace(follower)
                    if stop.is_set():
                        break
                self._leaving = [renamed for renamed in self._leaving if not renamed.is_done]
                problems = [follower.problem for follower in self._all() if follower.problem]
                self.problem = "; ".join(problems[:3]) or self._positions.problem
                self._positions.save()
                if not more:
                    stop.wait(self.settings.poll_seconds)
        except StoppedError:
            pass
        finally:
            self._positions.save()
            self.close()

    def close(self) -> None:
        """Closes the files."""
        for follower in self._all():
            follower.close()

    def _all(self) -> list[_Follower]:
        """Renamed files first: what is in them is older."""
        return [*self._leaving, *self._followers.values()]

    def _replace(self, follower: _Follower) -> None:
        """Follows the file that took a name; the one that had it is read on beside it."""
        follower.leave()
        self._leaving.append(follower)
        path = follower.path
        self._followers[path] = _Follower(path, self._positions, from_start=True)

    def _find(self) -> None:
        """Begins to follow files that are new."""
        path = os.path.abspath(self.settings.path)
        names = [path]
        if any(sign in path for sign in "*?["):
            base = Path(path)
            names = sorted(str(found) for found in base.parent.glob(base.name) if found.is_file())
        for name in names:
            if name not in self._followers and len(self._followers) < self.settings.max_files:
                self._take_over(name)
                from_start = self.settings.start == "beginning" or not self._first
                self._followers[name] = _Follower(name, self._positions, from_start=from_start)
                self._leaving += [
                    _Follower(name, self._positions, from_start=True, key=key)
                    for key in self._positions.beginning_with(name + RENAMED)
                ]
        self._first = False

    def _take_over(self, name: str) -> None:
        """Lets a new name go on where its file was read to under another one, which it has lost."""
        try:
            status = os.stat(name)
        except OSError:
            return
        key = self._positions.of_file(status.st_dev, status.st_ino)
        if key is None or self._positions.get(name) is not None:
            return
        former = key.split(RENAMED)[0]
        with suppress(FileNotFoundError):
            if os.path.samestat(os.stat(former), status):
                return  # two names for one file
        position = self._positions.get(key)
        assert position is not None  # noqa: S101 (found a moment ago, by the only thread)
        self._positions.set(name, position)
        if key == former:
            self._positions.set(key, Position(0, 0, 0, position.generation))
        else:
            self._positions.forget(key)
        for follower in self._all():
            if follower.key == key:
                follower.close()


def _digest(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=8).hexdigest() if head else ""


def _is_head(file: BinaryIO, known: Position) -> bool:
    """True when the file begins as it did."""
    if not known.head_size:
        return True
    file.seek(0)
    return _digest(file.read(known.head_size)) == known.head


def _last_line_end(file: BinaryIO, size: int) -> int:
    """Where a file is begun at its end: behind its last line end, so that no line is cut."""
    begin = max(size - MAX_LINE, 0)
    file.seek(begin)
    end = file.read(size - begin).rfind(b"\n")
    return begin + end + 1 if end >= 0 else size


def _preamble(file: BinaryIO | None) -> bytes:
    """Comment lines at the beginning of a file: some formats name their fields there."""
    if file is None:
        return b""
    file.seek(0)
    if file.read(1) != b"#":
        return b""
    file.seek(0)
    lines = file.read(PREAMBLE_BYTES).split(b"\n")[:-1]
    return b"".join(line + b"\n" for line in lines if line.startswith(b"#"))
