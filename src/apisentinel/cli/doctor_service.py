"""Checks of ``doctor`` for the service: data folder, disk, port, clock, limits, databases."""

import contextlib
import errno
import os
import resource
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from apisentinel.cli.checkup import Finding, State
from apisentinel.clock import Clock, SystemClock

if TYPE_CHECKING:
    from apisentinel.pipeline.server_settings import ServerSettings
    from apisentinel.storage.settings import DiskSettings

MIN_SQLITE = (3, 51, 3)
"""Earlier ones can corrupt a write-ahead log on reset."""

MIN_FILES, USUAL_FILES = 256, 4096
"""Open files that the service cannot, and should not, do without: a socket per client, a file per
segment and day."""

SLOW_SYNC_MS = 50.0
"""Every acknowledged batch waits for one write to the disk; beyond this, ingest is slow."""

MIN_INODES = 1000

FIRST_MOMENT = 1_767_225_600_000_000
"""1 January 2026 in µs: a clock that shows less has not been set."""

MAX_AHEAD_S = 300
"""A file that is newer than now by more says that the clock went back."""

DRIFT_SHARE = 0.1
"""Difference between the two clocks, as a share of the time watched, that is more than noise."""

WATCHED_S = 0.2

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "glusterfs", "ceph"}
)
"""File systems over a network, which do not keep the locks that SQLite builds on."""


def versions() -> Iterator[Finding]:
    """Yields whether the embedded databases are recent enough."""
    import apsw
    import duckdb

    text = apsw.sqlite_lib_version()
    good = tuple(int(part) for part in text.split(".")[:3]) >= MIN_SQLITE
    wanted = ".".join(map(str, MIN_SQLITE))
    yield Finding(
        "SQLite",
        State.GOOD if good else State.BROKEN,
        f"{text} (apsw {version('apsw')})",
        "" if good else f"Older than {wanted}, which can lose data: pip install --upgrade apsw.",
    )
    yield Finding("DuckDB", State.GOOD, duckdb.__version__)


def data_folder(folder: Path) -> Iterator[Finding]:
    """Yields whether the data folder can be used, by this user only."""
    if not folder.exists():
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        good = os.access(above, os.W_OK | os.X_OK)
        advice = "" if good else f"Make it: install -d -m 700 -o {os.geteuid()} {folder}"
        text = f"{folder} will be made in {above}" if good else f"{above} is not writable"
        yield Finding("Data folder", State.GOOD if good else State.BROKEN, text, advice)
        return
    if not folder.is_dir():
        yield Finding(
            "Data folder", State.BROKEN, f"{folder} is no folder", "Choose another --data-dir."
        )
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            milliseconds = _sync_ms(file.fileno())
    except OSError as problem:
        advice = f"The service runs as user {os.geteuid()}, who must own it: chown it."
        if problem.errno == errno.ENOSPC:
            advice = "Make room, or lower storage.events.keep_bytes."
        yield Finding("Data folder", State.BROKEN, f"{folder}: {problem.strerror}", advice)
        return
    yield Finding("Data folder", State.GOOD, f"{folder} is writable")
    good = milliseconds <= SLOW_SYNC_MS
    yield Finding(
        "Disk speed",
        State.GOOD if good else State.ODD,
        f"a write is safe after {milliseconds:.1f} ms",
        "" if good else "Every acknowledged batch waits for this: use a local SSD.",
    )
    yield from permissions(folder)


def _sync_ms(file: int) -> float:
    """Milliseconds of an fsync, the best of three."""
    times = []
    for _ in range(3):
        os.pwrite(file, b"x", 0)
        begin = time.perf_counter()
        os.fsync(file)
        times.append((time.perf_counter() - begin) * 1e3)
    return min(times)


def permissions(folder: Path) -> Iterator[Finding]:
    """Yields what others on this machine may do with the data folder and the keys in it."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        advice = f"Others may look into it: chmod 700 {folder}"
        yield Finding("Permissions", State.ODD, f"{folder} is {mode:04o} instead of 0700", advice)
    keys = sorted(folder.glob("*.key"))
    wrong = [key for key in keys if stat.S_IMODE(key.stat().st_mode) & 0o077]
    for key in wrong:
        mode = stat.S_IMODE(key.stat().st_mode)
        advice = f"Others may read it: chmod 600 {key}"
        yield Finding("Permissions", State.BROKEN, f"{key} is {mode:04o} instead of 0600", advice)
    foreign = [path for path in (folder, *keys) if path.stat().st_uid != os.geteuid()]
    for path in foreign:
        advice = f"Run the service as that user, or: chown {os.geteuid()} {path}"
        owner = path.stat().st_uid
        yield Finding("Permissions", State.ODD, f"{path} belongs to user {owner}", advice)
    if not (mode & 0o077 or wrong or foreign):
        yield Finding("Permissions", State.GOOD, f"{folder} is closed to others")


def disk(folder: Path, settings: "DiskSettings") -> Iterator[Finding]:
    """Yields how much room there is, and whether the file system is fit for databases."""
    from apisentinel.storage.disk import disk_use

    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    use = disk_use(place)
    text = f"{use.free / (1 << 30):.1f} GiB free, {use.used_percent:.0f} % used"
    advice = "Make room: the service refuses what comes in when the disk is that full."
    if use.used_percent >= settings.refuse_percent or use.free < settings.min_free_bytes:
        yield Finding("Disk", State.BROKEN, text, advice)
    elif use.used_percent >= settings.warn_percent:
        yield Finding("Disk", State.ODD, text, advice)
    else:
        yield Finding("Disk", State.GOOD, text)
    found = os.statvfs(place)
    if found.f_files and found.f_favail < MIN_INODES:
        advice = "Remove small files, or use a file system with more inodes."
        yield Finding("Disk", State.ODD, f"{found.f_favail} inodes free", advice)
    kind = file_system(place)
    if kind in NETWORK_FILE_SYSTEMS:
        advice = "SQLite's locks do not hold over a network: use a local disk for --data-dir."
        yield Finding("Disk", State.BROKEN, f"{place} is on {kind}", advice)


def file_system(place: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Type of the file system that holds a path; empty when the system does not tell."""
    best = kind = ""
    real = str(place.resolve())
    with contextlib.suppress(OSError):
        for line in mounts.read_text("utf-8", "surrogateescape").splitlines():
            _, target, found, *_ = line.split(" ")
            target = target.replace("\\040", " ")
            inside = real == target or real.startswith(target.rstrip("/") + "/")
            if inside and len(target) >= len(best):
                best, kind = target, found
    return kind


def encryption(server: "ServerSettings") -> Iterator[Finding]:
    """Yields whether keys and passwords can be read on their way."""
    if server.is_loopback or server.tls_cert is not None:
        how = "TLS" if server.tls_cert is not None else "not needed, only this machine is served"
        yield Finding("Encryption", State.GOOD, how)
        return
    advice = (
        "Set server.tls_cert and server.tls_key, or listen on 127.0.0.1 behind a proxy that"
        " speaks TLS."
    )
    yield Finding("Encryption", State.ODD, in_the_clear(server), advice)


def in_the_clear(server: "ServerSettings") -> str:
    """What is wrong with serving others without TLS.

    Example:
        >>> from apisentinel.pipeline.server_settings import ServerSettings
        >>> in_the_clear(ServerSettings(host="192.0.2.1"))
        'server.host is 192.0.2.1 without TLS: keys, passwords and traffic can be read on the way'
    """
    return (
        f"server.host is {server.host} without TLS: keys, passwords and traffic can be read on the"
        " way"
    )


def port(server: "ServerSettings", folder: Path) -> Iterator[Finding]:
    """Yields whether the service could listen."""
    where = f"{server.host}:{server.port}"
    try:
        family = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)[0]
    except OSError as problem:
        advice = "Give an address of this machine with --host."
        yield Finding("Port", State.BROKEN, f"{where}: {problem.strerror}", advice)
        return
    with socket.socket(family[0], socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(family[4])
        except OSError as problem:
            yield _taken(where, problem, folder)
            return
    yield Finding("Port", State.GOOD, f"{where} is free")


def _taken(where: str, problem: OSError, folder: Path) -> Finding:
    if problem.errno == errno.EADDRINUSE:
        holder = running(folder)
        if holder:
            return Finding("Port", State.GOOD, f"{where} is used by the service, process {holder}")
        advice = "Choose another with --port, or end what listens there (ss -ltnp)."
        return Finding("Port", State.ODD, f"{where} is in use", advice)
    if problem.errno == errno.EACCES:
        advice = "Ports below 1024 are reserved: choose another, behind a proxy."
        return Finding("Port", State.BROKEN, f"{where} needs more rights", advice)
    advice = "Give an address of this machine with --host."
    return Finding("Port", State.BROKEN, f"{where}: {problem.strerror}", advice)


def running(folder: Path) -> int | None:
    """The process that holds the data folder, None when no service runs on it."""
    import fcntl

    from apisentinel.pipeline.installation import LOCK_NAME

    try:
        with (folder / LOCK_NAME).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read(32).split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return None


def clocks(folder: Path, clock: Clock | None = None) -> Iterator[Finding]:
    """Yields whether the time can be trusted. The time zone does not matter: all is UTC."""
    clock = clock or SystemClock()
    wall, steady = clock.now(), clock.monotonic()
    time.sleep(WATCHED_S)
    passed_wall, passed = (clock.now() - wall) / 1e6, clock.monotonic() - steady
    advice = "Set the clock, and let chrony or systemd-timesyncd keep it."
    if wall < FIRST_MOMENT:
        yield Finding("Clock", State.BROKEN, "it shows a time in the past", advice)
        return
    if abs(passed_wall - passed) > DRIFT_SHARE * max(passed, WATCHED_S):
        text = f"in {passed:.2f} s it went on by {passed_wall:.2f} s"
        yield Finding("Clock", State.ODD, text, advice)
        return
    newest = max((path.stat().st_mtime for path in _files(folder)), default=0.0)
    ahead = newest - wall / 1e6
    if ahead > MAX_AHEAD_S:
        text = f"{folder} holds a file from {ahead:.0f} s in the future: the clock went back"
        yield Finding("Clock", State.ODD, text, advice)
        return
    yield Finding("Clock", State.GOOD, "steady")


def _files(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (path for path in folder.iterdir() if path.is_file())


def files() -> Iterator[Finding]:
    """Yields how many files and sockets a process may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = "unlimited" if soft == resource.RLIM_INFINITY else f"{soft:,}"
    enough = soft == resource.RLIM_INFINITY or soft >= USUAL_FILES
    if enough:
        yield Finding("Open files", State.GOOD, text)
        return
    state = State.ODD if soft >= MIN_FILES else State.BROKEN
    reach = USUAL_FILES if hard == resource.RLIM_INFINITY else min(USUAL_FILES, hard)
    advice = f"Every client takes one: ulimit -n {reach}, or LimitNOFILE=65536 in systemd."
    yield Finding("Open files", state, text, advice)
