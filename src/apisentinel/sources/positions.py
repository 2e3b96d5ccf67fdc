"""How far each followed file has been read, in a small file that survives restarts."""

import os
import threading
from pathlib import Path

import msgspec

MAX_FILES = 10_000
"""Files that are remembered; those that were not read for longest are forgotten first."""


class Position(msgspec.Struct, frozen=True):
    """How far a file has been read, up to which everything is on disk.

    Attributes:
        device: Of the file.
        inode: Of the file.
        offset: Bytes.
        generation: Counts the files that have had this name, and truncations.
        head: Digest of the first bytes, by which a rewritten file is told from a grown one.
        head_size: How many bytes that are.
    """

    device: int
    inode: int
    offset: int
    generation: int
    head: str = ""
    head_size: int = 0


_decoder = msgspec.json.Decoder(dict[str, Position])


class Positions:
    """Positions by file name. Thread-safe.

    A lost or damaged position means that lines are read again, never that lines are lost.

    Args:
        path: The file, written anew as a whole; None keeps positions in memory only.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._changed = False
        self._known: dict[str, Position] = {}
        self.problem = ""
        if path is None:
            return
        try:
            self._known = _decoder.decode(path.read_bytes())
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as error:
            self.problem = f"{path} cannot be read, files are read from their start: {error}"

    def get(self, name: str) -> Position | None:
        """The position of a file, None for one that was never read."""
        with self._lock:
            return self._known.get(name)

    def set(self, name: str, position: Position) -> None:
        """Notes a position; `save` writes it."""
        with self._lock:
            self._known.pop(name, None)
            self._known[name] = position
            while len(self._known) > MAX_FILES:
                self._known.pop(next(iter(self._known)))
            self._changed = True

    def forget(self, name: str) -> None:
        """Forgets a position; one that is not known is no error."""
        with self._lock:
            self._changed |= self._known.pop(name, None) is not None

    def of_file(self, device: int, inode: int) -> str | None:
        """The name under which a file was read, None when it never was."""
        with self._lock:
            for name, known in self._known.items():
                if (known.device, known.inode) == (device, inode):
                    return name
        return None

    def beginning_with(self, prefix: str) -> list[str]:
        """The names that begin with a text."""
        with self._lock:
            return [name for name in self._known if name.startswith(prefix)]

    def save(self) -> None:
        """Writes all positions if any has changed: to a new file first, which then takes the
        place of the old one. A refusal of the disk is kept in `problem`; the next call tries again.
        """
        with self._lock:
            if self._path is None or not self._changed:
                return
            data = msgspec.json.encode(self._known)
            draft = self._path.with_name(f".{self._path.name}.new")
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with draft.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self._path)
            except OSError as error:
                self.problem = f"{self._path} cannot be written: {error}"
                return
            self._changed = False
            self.problem = ""
