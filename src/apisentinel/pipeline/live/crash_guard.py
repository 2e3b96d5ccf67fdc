"""Finds the batch that ends the process, so that a restart does not end the same way for ever.

An error is caught and handled where it happens; this is for what cannot be caught, such as a fault
in machine code or a kill for want of memory. When a replay from the same checkpoint was begun and
not finished several times, batches are judged one at a time and each is noted on disk before; the
one at which the process has ended several times is set aside.
"""

from contextlib import suppress
from pathlib import Path

import msgspec

from apisentinel.pipeline.installation import write_whole

FILE = "replay.json"

CAREFUL_STARTS = 3
"""Unfinished replays from one checkpoint after which batches are noted one by one. Two may happen
by chance, when a machine is switched off twice.
"""
DEATHS = 3
"""Deaths at one batch after which it is set aside."""


class Notes(msgspec.Struct):
    """What earlier lives have left.

    Attributes:
        offset: Checkpoint from which they began.
        starts: How often a replay from it was begun without being finished.
        at: Batch that is being judged one at a time, 0 for none.
        died_at: Batch at which the last life has ended so, 0 for none.
        deaths: How many lives in a row have ended there.
        aside: Batches that are left out.
    """

    offset: int
    starts: int = 0
    at: int = 0
    died_at: int = 0
    deaths: int = 0
    aside: list[int] = []


class CrashGuard:
    """Counts lives that end in the middle of a replay.

    Attributes:
        is_careful: Batches are to be judged one at a time, with `enter` before each.
        aside: Batches to be left out.
    """

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE
        self._notes = Notes(0)
        self.is_careful = False
        self.aside: frozenset[int] = frozenset()

    def begin(self, offset: int, last_offset: int) -> None:
        """A life begins with the checkpoint at `offset`; what follows up to `last_offset` is
        replayed.
        """
        if offset >= last_offset:
            self.finish()
            return
        notes = self._read()
        if notes is None or notes.offset != offset:
            notes = Notes(offset)
        notes.starts += 1
        if notes.at:
            notes.deaths = notes.deaths + 1 if notes.at == notes.died_at else 1
            notes.died_at, notes.at = notes.at, 0
        if notes.deaths >= DEATHS:
            notes.aside.append(notes.died_at)
            notes.died_at = notes.deaths = 0
        self._notes = notes
        self.aside = frozenset(notes.aside)
        self.is_careful = notes.starts >= CAREFUL_STARTS
        self._write()

    def enter(self, offset: int) -> None:
        """Notes that a batch is judged now."""
        self._notes.at = offset
        self._write()

    def finish(self) -> None:
        """The replay is over, or a new checkpoint is on disk: what was noted means nothing now."""
        self.is_careful = False
        self._notes = Notes(0)
        self._path.unlink(missing_ok=True)

    def _read(self) -> Notes | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Notes)
        except (OSError, msgspec.MsgspecError):
            return None

    def _write(self) -> None:
        with suppress(OSError):  # a full disk must not keep the service from starting
            write_whole(self._path, msgspec.json.encode(self._notes))
