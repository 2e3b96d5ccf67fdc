"""Judges suspected rows in a process of their own: ``python -m apisentinel.pipeline.live.trial``.

The service starts it before it opens its stores and lives on when it ends, which is what tells rows
that end a process from kills that came from outside: those hit the service.
"""

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from apisentinel.clock import SystemClock
from apisentinel.errors import ApiSentinelError, StateError
from apisentinel.pipeline.installation import hash_key
from apisentinel.pipeline.learned import trust_folder
from apisentinel.pipeline.live import checkpoint
from apisentinel.pipeline.live.crash_guard import JUDGING, NOTHING_YET, CrashGuard, Mark
from apisentinel.pipeline.live.engine import LiveEngine
from apisentinel.pipeline.live.models import ModelKeeper
from apisentinel.pipeline.live.runtime import Runtime
from apisentinel.pipeline.live.warm_up import warm_up
from apisentinel.pipeline.registry import open_registry
from apisentinel.pipeline.service_settings import ServiceSettings
from apisentinel.storage.journal import Journal

COMMAND: Final[list[str]] = [sys.executable, "-m", "apisentinel.pipeline.live.trial"]

TRIAL_MARK: Final = "trying"

TRIALS_S: Final = 600.0
"""Time of all trials of one start, each of which takes as long as a replay; then the service judges
on, whatever they told.
"""

MOST_TRIALS: Final = 8
"""Trials of one start, each of which may find one row. What is found is kept, so the next start
goes on with the others.
"""

HANGS_S: Final = 60.0
"""Rows that are judged for so long are not judged at all: a block of them takes a second, five in a
crowd of processes.
"""

LOOK_S: Final = 0.05
"""Pause between two looks at a trial."""

PR_SET_PDEATHSIG: Final = 1

_log = structlog.get_logger("apisentinel.trial")


class Task(msgspec.Struct):
    """What a trial is told, as JSON on its standard input.

    Attributes:
        settings: Those of the service that matter for the judge.
        journal: Folder of the journal.
        first: Lowest row that is suspected.
        last: Highest row.
        is_single: Whether these rows are judged one by one.
        aside: Rows that are left out.
        parent: Process without which a trial has no purpose.
    """

    settings: dict[str, Any]
    journal: str
    first: int
    last: int
    is_single: bool
    aside: list[int]
    parent: int


def try_suspects(guard: CrashGuard, settings: ServiceSettings, journal: Path) -> None:
    """Tries the suspected rows and notes what came of it; nothing when there are none."""
    suspects = guard.suspects
    if suspects is None:
        return
    first, last = suspects
    _log.warning("the process has ended twice at the same rows, trying them", rows=[first, last])
    is_single = False
    clock = SystemClock()
    end = clock.monotonic() + TRIALS_S
    for _ in range(MOST_TRIALS):
        left = end - clock.monotonic()
        if left <= 0:
            break
        place = died_at(guard, settings, journal, suspects, left, is_single=is_single)
        if place is None:
            if is_single and not guard.aside.intersection(range(first, last + 1)):
                guard.part(first, last)
                _log.warning("rows are judged one by one from now on", rows=[first, last])
            else:
                guard.acquit()
                _log.warning(
                    "these rows can be judged", rows=[first, last], left_out=len(guard.aside)
                )
            return
        low, high = max(place[0], first), min(place[1], last)
        if low > high:
            break  # it ended elsewhere: that says nothing of these rows
        if low == high and is_single:
            guard.leave_out(low)
            _log.error("a row ends the process or holds it up and is left out", row=low)
        is_single = True
    _log.error("the trial tells nothing", rows=[first, last])


def died_at(
    guard: CrashGuard,
    settings: ServiceSettings,
    journal: Path,
    rows: tuple[int, int],
    seconds: float,
    *,
    is_single: bool,
) -> tuple[int, int] | None:
    """The rows at which a trial ended or stood still, None when it judged all of them; ``(0, 0)``
    when it ended in another way, or took longer than it may.
    """
    parts = {"detection", "runtime", "storage", "data_dir"}
    told = settings.model_dump(mode="json", include=parts)
    aside = sorted(guard.aside)
    task = Task(told, str(journal), *rows, is_single, aside, os.getpid())
    try:
        mark = Mark(settings.data_dir / TRIAL_MARK)
        mark.set(NOTHING_YET)
        child = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)  # noqa: S603 (this program again)
    except OSError as error:
        _log.error("rows could not be tried", problem=str(error))
        return 0, 0
    try:
        stood_still = _watched(child, mark, msgspec.json.encode(task), seconds)
        state, low, high = mark.read()
    finally:
        child.kill()
        child.wait()
        mark.close()
    if child.returncode == 0:
        return None
    _log.warning("a trial ended", code=child.returncode, rows=[low, high], stood_still=stood_still)
    if stood_still is False:
        return 0, 0
    return (low, high) if state == JUDGING and child.returncode < 0 else (0, 0)


def _watched(
    child: "subprocess.Popen[bytes]", mark: Mark, task: bytes, seconds: float
) -> bool | None:
    """Tells a trial what to do and waits until it ends, or has to be ended.

    Returns:
        None when it ended by itself, else whether it was at the same rows for `HANGS_S`.
    """
    clock = SystemClock()
    begin = since = clock.monotonic()
    at: tuple[int, int, int] | None = None
    given = child.stdin
    if given is not None:
        with suppress(BrokenPipeError), given:
            given.write(task)
    while child.poll() is None:
        now, seen = clock.monotonic(), mark.read()
        if seen != at or seen[0] != JUDGING:
            at, since = seen, now
        if now - since > HANGS_S:
            return True
        if now - begin > seconds:
            return False
        with suppress(subprocess.TimeoutExpired):
            child.wait(LOOK_S)
    return None


class TrialGuard(CrashGuard):
    """Marks the rows of a trial, and has the suspected ones judged one by one."""

    def __init__(self, data_dir: Path, task: Task) -> None:
        super().__init__(data_dir, TRIAL_MARK)
        self.aside = frozenset(task.aside)
        self._notes.single = [(task.first, task.last)] if task.is_single else []


def judge(task: Task) -> None:
    """Replays up to the suspected rows and judges them; tells nobody what was found.

    Raises:
        ApiSentinelError: The stores cannot be read.
    """
    settings, clock = ServiceSettings.model_validate(task.settings), SystemClock()
    key = hash_key(settings.data_dir)
    journal = Journal(Path(task.journal), settings.storage, clock)
    try:
        warm_up(settings.detection)
        registry = open_registry(settings.data_dir, trust_folder(settings.detection), clock)
        detection, _, _ = ModelKeeper(registry, settings.detection).prepare()

        def resumed() -> LiveEngine:
            live = LiveEngine(detection, settings.runtime, key)
            stored = journal.load_checkpoint()
            if stored is not None:
                try:
                    checkpoint.restore(live, stored[1])
                except StateError:
                    live = LiveEngine(detection, settings.runtime, key)
                    live.offset = stored[0]
            return live

        runtime = Runtime(resumed(), journal, settings.runtime, resumed)
        runtime.guard = TrialGuard(settings.data_dir, task)
        while runtime.live.seq < task.last and runtime.live.offset < journal.last_offset:
            runtime.step()
        runtime.guard.close()
    finally:
        journal.close()


def die_with(parent: int) -> None:
    """Ends this process when the one that started it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main() -> int:
    """Tries what standard input says; 0 when all of it can be judged."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=Task)
    die_with(task.parent)
    try:
        judge(task)
    except ApiSentinelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
