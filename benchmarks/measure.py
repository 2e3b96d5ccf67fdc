"""Runs a command as a child and measures it: wall time, CPU time, peak memory.

The measuring process must stay small: a child begins as a copy of its parent, and the peak memory
of that copy counts as the child's. So nothing heavy is imported here or by the callers.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = (sys.executable, "-m", "apisentinel")
"""The command of the product, as this environment has it."""


class Usage(NamedTuple):
    """What a run took. Seconds, and bytes at the peak."""

    wall_s: float
    cpu_s: float
    rss_bytes: int


class ChildFailedError(RuntimeError):
    """A measured command did not end as it should; the message holds the end of its messages."""

    @property
    def reason(self) -> str:
        """The line that names the error, for a table."""
        lines = [line.strip() for line in str(self).splitlines() if line.strip()]
        return next((line for line in lines if line.startswith("Error")), lines[-1])


def measured(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Usage:
    """Runs a command in the root of the project, without a terminal, and waits for it.

    Args:
        command: Program and arguments.
        environment: Variables beside the inherited ones.

    Raises:
        ChildFailedError: The exit code is not 0.
    """
    with tempfile.TemporaryFile() as messages:
        begin = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=messages,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            messages.seek(0)
            told = messages.read()[-2_000:].decode("utf-8", "replace")
            raise ChildFailedError(f"{' '.join(command)} ended with {child.returncode}:\n{told}")
    # ru_maxrss is in KiB on Linux and in bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def median(runs: Sequence[Usage]) -> Usage:
    """Median of each figure over several runs."""
    return Usage(
        statistics.median(run.wall_s for run in runs),
        statistics.median(run.cpu_s for run in runs),
        round(statistics.median(run.rss_bytes for run in runs)),
    )
