"""Judges suspected rows in a process of their own: ``python -m apisentinel.pipeline.live.trial``.

The service starts it before it opens its stores and lives on when it ends, which is what tells rows
that end a process from kills that came from outside: those hit the service.
"""

import ctypes
import os
import signal
import subprocess
import sys
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

TRIAL_S: Final = 600.0
"""Time of one trial, which is that of a replay; one that takes longer tells nothing."""

MOST_TRIALS: Final = 8
"""Trials of one start, each of which may find one row. What is found is kept, so the next start
goes on with the others.
"""

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
    for _ in range(MOST_TRIALS):
        place = died_at(guard, settings, journal, first, last, is_single=is_single)
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
            _log.error("a row ends the process and is left out", row=low)
        is_single = True
    _log.error("the trial tells nothing", rows=[first, last])


def died_at(
    guard: CrashGuard,
    settings: ServiceSettings,
    journal: Path,
    first: int,
    last: int,
    *,
    is_single: bool,
) -> tuple[int, int] | None:
    """The rows at which a trial ended, None when it judged all of them; ``(0, 0)`` when it ended in
    another way.
    """
    parts = {"detection", "runtime", "storage", "data_dir"}
    told = settings.model_dump(mode="json", include=parts)
    aside = sorted(guard.aside)
    task = Task(told, str(journal), first, last, is_single, aside, os.getpid())
    try:
        mark = Mark(settings.data_dir / TRIAL_MARK)
        mark.set(NOTHING_YET)
        done = subprocess.run(  # noqa: S603 (this program again)
            COMMAND, input=msgspec.json.encode(task), timeout=TRIAL_S, check=False,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        _log.error("rows could not be tried", problem=str(error))
        return 0, 0
    state, low, high = mark.read()
    mark.close()
    if done.returncode == 0:
        return None
    _log.warning("a trial ended", code=done.returncode, rows=[low, high])
    return (low, high) if state == JUDGING and done.returncode < 0 else (0, 0)


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
