# ruff: noqa: N802 (SQLite names the methods)
"""A disk in memory that loses power: what was not synced may be lost, kept, or torn.

It knows the contents that survive and the operations since the last sync of each file. At a power
cut every operation that was not synced is kept, lost or torn, at random; names of files that were
made, renamed or removed since the last sync of the folder may be undone, too.
"""

import os
import random

import apsw

from apisentinel.errors import StoreError

SECTOR = 512


class PowerCut(BaseException):
    """The power is gone; no code of the program runs after this."""


class Disk:
    """Files and their operations.

    Attributes:
        operations: How many there were.
        cut_at: Operation at which the power goes, None for never.
        fail_at: Operations that fail with an I/O error: number -> kind ("io", "full").
        torn: How many writes were torn so far.
    """

    def __init__(self, rng):
        self.rng = rng
        self.names = {}  # name -> inode, as seen by the program
        self.durable_names = {}  # name -> inode, after a power cut
        self.durable = {}  # inode -> bytes
        self.pending = {}  # inode -> list of (offset, data | None for truncate)
        self.cache = {}  # inode -> bytearray, as seen by the program
        self.operations = 0
        self.cut_at = None
        self.fail = lambda number, kind: None
        self.torn = 0
        self.lost = 0
        self.dead = False
        self._inode = 0

    def tick(self, kind):
        if self.dead:
            raise PowerCut
        self.operations += 1
        if self.cut_at is not None and self.operations >= self.cut_at:
            self.dead = True
            raise PowerCut
        failure = self.fail(self.operations, kind)
        if failure == "io":
            raise apsw.IOError
        if failure == "full":
            raise apsw.FullError

    def create(self, name):
        if name not in self.names:
            self._inode += 1
            self.names[name] = self._inode
            self.durable[self._inode] = b""
            self.cache[self._inode] = bytearray()
            self.pending[self._inode] = []
        return self.names[name]

    def write(self, inode, data, offset):
        self.tick("write")
        apply(self.cache[inode], offset, data)
        self.pending[inode].append((offset, bytes(data)))

    def truncate(self, inode, size):
        self.tick("write")
        apply(self.cache[inode], size, None)
        self.pending[inode].append((size, None))

    def sync(self, inode):
        self.tick("sync")
        self.durable[inode] = bytes(self.cache[inode])
        self.pending[inode].clear()

    def remove(self, name, *, sync=False):
        self.tick("write")
        self.names.pop(name, None)
        if sync:
            self.sync_names()

    def rename(self, name, other):
        self.tick("write")
        self.names[other] = self.names.pop(name)

    def sync_names(self):
        self.tick("sync")
        self.durable_names = dict(self.names)

    def power_cut(self):
        """Leaves what a disk may hold after a loss of power."""
        rng = self.rng
        survivors = dict(self.durable_names)
        for name in {*self.names, *self.durable_names}:
            now, then = self.names.get(name), self.durable_names.get(name)
            if now != then and rng.random() < 0.5:  # the folder was not synced: either may be
                if now is None:
                    survivors.pop(name, None)
                else:
                    survivors[name] = now
        for inode, pending in self.pending.items():
            content = bytearray(self.durable[inode])
            for offset, data in pending:
                luck = rng.random()
                if luck < 0.5:
                    self.lost += 1
                elif data is not None and len(data) > SECTOR and luck < 0.75:
                    self.torn += 1
                    keep = SECTOR * rng.randrange(1, -(-len(data) // SECTOR))
                    apply(content, offset, data[:keep])
                else:
                    apply(content, offset, data)
            pending.clear()
            self.durable[inode] = bytes(content)
            self.cache[inode] = content
        self.names, self.durable_names = dict(survivors), dict(survivors)
        self.cut_at, self.dead = None, False


def apply(content, offset, data):
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class CrashFile:
    def __init__(self, disk, name, flags):
        self.disk, self.name = disk, name
        self.inode = disk.create(name)
        self.delete_on_close = bool(flags & apsw.SQLITE_OPEN_DELETEONCLOSE)
        # SQLite syncs the folder together with a log or rollback file that it has just made
        made = flags & apsw.SQLITE_OPEN_CREATE
        logs = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL
        self.sync_folder = bool(made and flags & logs)

    def xRead(self, amount, offset):
        return bytes(self.disk.cache[self.inode][offset : offset + amount])

    def xWrite(self, data, offset):
        self.disk.write(self.inode, data, offset)

    def xTruncate(self, size):
        self.disk.truncate(self.inode, size)

    def xSync(self, flags):
        self.disk.sync(self.inode)
        if self.sync_folder:
            self.disk.sync_names()
            self.sync_folder = False

    def xFileSize(self):
        return len(self.disk.cache[self.inode])

    def xLock(self, level):
        pass

    def xUnlock(self, level):
        pass

    def xCheckReservedLock(self):
        return False

    def xFileControl(self, op, pointer):
        return False

    def xClose(self):
        if self.delete_on_close:
            self.disk.names.pop(self.name, None)

    def xSectorSize(self):
        return SECTOR

    def xDeviceCharacteristics(self):
        return 0


class CrashVfs(apsw.VFS):
    """SQLite's view of the disk."""

    def __init__(self, name="crash"):
        self.label = name
        self.disk = None
        super().__init__(name, "")  # SQLite may ask from here on

    def xOpen(self, name, flags):
        flags[1] = flags[0]
        text = name.filename() if isinstance(name, apsw.URIFilename) else name
        text = text or f"temp{self.disk.operations}"
        if text not in self.disk.names:
            if not flags[0] & apsw.SQLITE_OPEN_CREATE:
                raise apsw.CantOpenError
            self.disk.tick("write")
        return CrashFile(self.disk, text, flags[0])

    def xDelete(self, name, sync_folder):
        if name not in self.disk.names:
            error = apsw.IOError()
            error.extendedresult = apsw.SQLITE_IOERR_DELETE_NOENT
            raise error
        self.disk.remove(name, sync=sync_folder)

    def xAccess(self, name, flags):
        return name in self.disk.names

    def xFullPathname(self, name):
        return name

    def xRandomness(self, count):
        return os.urandom(count)

    def xSleep(self, microseconds):
        return microseconds

    def xCurrentTimeInt64(self):
        return 212_000_000_000_000


class CrashFolder:
    """The folder of a store on the disk."""

    exclusive = True

    def __init__(self, disk, vfs):
        self.disk, self.vfs = disk, vfs.label

    def names(self):
        return sorted(self.disk.names)

    def path(self, name):
        return name

    def size(self, name):
        inode = self.disk.names.get(name)
        return 0 if inode is None else len(self.disk.cache[inode])

    def remove(self, name):
        if name in self.disk.names:
            self._called(lambda: self.disk.remove(name))

    def rename(self, name, other):
        self._called(lambda: self.disk.rename(name, other))

    def sync(self):
        self._called(self.disk.sync_names)

    def lock(self):
        pass

    def unlock(self):
        pass

    @staticmethod
    def _called(work):
        try:
            work()
        except apsw.Error as error:
            raise StoreError("the disk refuses") from error


def new_disk(vfs, seed):
    disk = Disk(random.Random(seed))
    vfs.disk = disk
    return disk, CrashFolder(disk, vfs)
