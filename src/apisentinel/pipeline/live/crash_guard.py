"""Tells whether rows end the process, so that a restart does not end the same way for ever.

An error is caught and handled where it happens; this is for what cannot be caught, such as a fault
in machine code or a kill for want of memory. The judge marks which rows it is about to judge and
takes the mark away after them, in a small file that is mapped into memory: that costs no call of
the system, and what is in it outlives the process. A life that ended with a mark suspects the rows
of the mark. When the next one ends at the same rows, they are tried in a process of their own
(`trial`), because most kills come from outside: only what ends that process too, row by row, is
left out.
"""

import mmap
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from apisentinel.pipeline.installation import write_whole

FILE: Final = "replay.json"
MARK_FILE: Final = "judging"

DEATHS: Final = 2
"""Lives in a row that end at the same rows before these are tried. Once may be chance; a trial
takes as long as the replay and accuses nothing that is innocent.
"""
MOST_SINGLE: Final = 64
"""Ranges of rows that are judged one by one; older ones are forgotten."""

_LAYOUT: Final = struct.Struct("<qqqQ")
"""What the judge does, lowest and highest row, and which start of the machine this is."""
_SUM: Final = struct.Struct("<I")
NOTHING_YET, JUDGING, BETWEEN = 0, 1, 2

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class Notes(msgspec.Struct):
    """What earlier lives have left.

    Attributes:
        first: Lowest row at which the last lives have ended, 0 for none.
        last: Highest row.
        deaths: How many lives in a row have ended there.
        aside: Rows that are left out.
        single: Ranges of rows that are judged one by one, because together they end the process.
    """

    first: int = 0
    last: int = 0
    deaths: int = 0
    aside: list[int] = []
    single: list[tuple[int, int]] = []


def boot() -> int:
    """A number for this start of the machine; 0 where it is not known."""
    try:
        return zlib.crc32(BOOT_ID.read_bytes())
    except OSError:
        return 0


class Mark:
    """The rows that are being judged, in a file that outlives the process."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or makes it.

        Raises:
            OSError: It cannot be used.
        """
        self._boot = boot()
        self._room: mmap.mmap | None = None
        size = _LAYOUT.size + _SUM.size
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.truncate(handle, size)
            # the disk gives its space now: writing to a hole of a full disk would end the process
            os.posix_fallocate(handle, 0, size)
            self._room = mmap.mmap(handle, size)
        finally:
            os.close(handle)

    def set(self, state: int, first: int = 0, last: int = 0) -> None:
        """Says what is being done now. Cost: a microsecond."""
        room = self._room
        if room is not None:
            head = _LAYOUT.pack(state, first, last, self._boot)
            with suppress(ValueError):  # it was closed at this moment
                room[:] = head + _SUM.pack(zlib.crc32(head))

    def read(self) -> tuple[int, int, int]:
        """State and rows; `NOTHING_YET` when the machine was started anew since, or the file is not
        as it was written.
        """
        if self._room is None:
            return NOTHING_YET, 0, 0
        data = bytes(self._room)
        head = data[: _LAYOUT.size]
        state, first, last, boot_then = _LAYOUT.unpack(head)
        if data[_LAYOUT.size :] != _SUM.pack(zlib.crc32(head)) or boot_then != self._boot:
            return NOTHING_YET, 0, 0
        return state, first, last

    def close(self) -> None:
        """Says that nothing is judged any more."""
        self.set(BETWEEN)
        room, self._room = self._room, None
        if room is not None:
            room.close()


class CrashGuard:
    """Counts lives that end while the same rows are judged.

    Attributes:
        aside: Rows to be left out.
    """

    def __init__(self, data_dir: Path, mark_file: str = MARK_FILE) -> None:
        self._path = data_dir / FILE
        self._mark: Mark | None = None
        with suppress(OSError):  # a full disk must not keep the service from starting
            self._mark = Mark(data_dir / mark_file)
        self._notes = self._read()
        self.aside = frozenset(self._notes.aside)

    @property
    def suspects(self) -> tuple[int, int] | None:
        """Rows that have to be tried, None when there are none."""
        notes = self._notes
        return (notes.first, notes.last) if notes.deaths >= DEATHS else None

    def begin(self) -> None:
        """A life begins: looks how the one before has ended."""
        if self._mark is None:
            return
        state, first, last = self._mark.read()
        notes = self._notes
        if state == JUDGING:
            low, high = max(first, notes.first), min(last, notes.last)
            if notes.deaths and low <= high:
                notes.first, notes.last, notes.deaths = low, high, notes.deaths + 1
            else:
                notes.first, notes.last, notes.deaths = first, last, 1
        elif state == BETWEEN:
            notes.deaths = 0
        self._mark.set(NOTHING_YET)
        self._write()

    def resumed(self, seq: int) -> None:
        """The state has all rows up to a number: what is noted of them means nothing now."""
        notes = self._notes
        aside = [row for row in notes.aside if row > seq]
        single = [(first, last) for first, last in notes.single if last > seq]
        if notes.last <= seq:
            notes.deaths = 0
        if aside != notes.aside or single != notes.single:
            notes.aside, notes.single = aside, single
            self.aside = frozenset(aside)
            self._write()

    def enter(self, first: int, last: int) -> None:
        """Marks rows that are judged now."""
        if self._mark is not None:
            self._mark.set(JUDGING, first, last)

    def leave(self) -> None:
        """They are judged."""
        if self._mark is not None:
            self._mark.set(BETWEEN)

    def is_single(self, first: int, last: int) -> bool:
        """Whether some of these rows have to be judged one by one."""
        return any(low <= last and first <= high for low, high in self._notes.single)

    def acquit(self) -> None:
        """The suspects can be judged: the process was ended from outside."""
        self._notes.deaths = 0
        self._write()

    def leave_out(self, row: int) -> None:
        """A row ends the process."""
        self._notes.aside.append(row)
        self.aside = frozenset(self._notes.aside)
        self._write()

    def part(self, first: int, last: int) -> None:
        """These rows end the process together, but none of them alone."""
        self._notes.single = [*self._notes.single, (first, last)][-MOST_SINGLE:]
        self.acquit()

    def close(self) -> None:
        """The judge has ended well."""
        if self._mark is not None:
            self._mark.close()

    def _read(self) -> Notes:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Notes)
        except (OSError, msgspec.MsgspecError):
            return Notes()

    def _write(self) -> None:
        with suppress(OSError):  # a full disk must not keep the service from starting
            if self._notes == Notes(self._notes.first, self._notes.last):
                self._path.unlink(missing_ok=True)
            else:
                write_whole(self._path, msgspec.json.encode(self._notes))
