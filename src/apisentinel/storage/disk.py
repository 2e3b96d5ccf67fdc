"""How full the disk is, and a file of ballast that is given up when it is."""

import os
import threading
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path

import msgspec

from apisentinel.clock import Clock
from apisentinel.storage.settings import DiskSettings

HYSTERESIS_PERCENT = 1.0
"""So much more must be free before a full disk counts as usable again, or it would flicker."""

BALLAST = "ballast"
_BLOCK = bytes(1 << 20)


class DiskUse(msgspec.Struct, frozen=True):
    """Size and free space of a file system, in bytes as an ordinary user may use them."""

    total: int
    free: int

    @property
    def used_percent(self) -> float:
        """Used space in percent."""
        return 100.0 * (1.0 - self.free / self.total) if self.total else 100.0


class DiskState(IntEnum):
    """What the space left allows."""

    GOOD = 0
    WARNING = 1
    FULL = 2


def disk_use(path: Path) -> DiskUse:
    """Size and free space of the file system that holds a path."""
    found = os.statvfs(path)
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    free = found.f_bavail * found.f_frsize
    return DiskUse(used + free, free)


class DiskGuard:
    """Watches the space left. Safe for several threads."""

    def __init__(
        self,
        folder: Path,
        settings: DiskSettings,
        clock: Clock,
        look: Callable[[Path], DiskUse] = disk_use,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._look = look
        self._lock = threading.Lock()
        self._state = DiskState.GOOD
        self._use = DiskUse(0, 0)
        self._seen: float | None = None
        self.check()

    @property
    def use(self) -> DiskUse:
        """Size and free space at the last look."""
        return self._use

    def described(self) -> str:
        """What is used and free, and the limits for taking in."""
        use, settings = self._use, self._settings
        return (
            f"{use.used_percent:.1f} % used (at most {settings.refuse_percent:g} %),"
            f" {use.free >> 20:,} MiB free (at least {settings.min_free_bytes >> 20:,} MiB)"
        )

    def state(self) -> DiskState:
        """What the space left allows; looks again when the last look is too old."""
        seen = self._seen
        if seen is None or self._clock.monotonic() - seen >= self._settings.check_seconds:
            return self.check()
        return self._state

    def check(self) -> DiskState:
        """Looks at the disk now; gives up or takes back the ballast."""
        with self._lock:
            self._use = self._look(self._folder)
            self._seen = self._clock.monotonic()
            self._state = self._judge()
            if self._use.used_percent >= self._settings.ballast_percent or not self._use.free:
                (self._folder / BALLAST).unlink(missing_ok=True)
            elif self._state is DiskState.GOOD:
                self._take_ballast()
            return self._state

    def _judge(self) -> DiskState:
        settings = self._settings
        slack = HYSTERESIS_PERCENT if self._state is DiskState.FULL else 0.0
        used, free = self._use.used_percent, self._use.free
        if used >= settings.refuse_percent - slack or free < settings.min_free_bytes * (
            1 + slack / 100
        ):
            return DiskState.FULL
        return DiskState.WARNING if used >= settings.warn_percent else DiskState.GOOD

    def _take_ballast(self) -> None:
        size = self._settings.ballast_bytes
        path = self._folder / BALLAST
        if not size or path.exists() or self._use.free < 4 * size + self._settings.min_free_bytes:
            return
        try:
            with path.open("wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    for _ in range(0, size, len(_BLOCK)):
                        file.write(_BLOCK)
        except OSError:
            path.unlink(missing_ok=True)
