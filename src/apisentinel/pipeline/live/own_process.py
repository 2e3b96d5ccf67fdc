"""Commands of this program in processes of their own, which give way to everything else."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from apisentinel.errors import ModelError

NICE = 15
"""Far below the judging of requests."""
FIRST_TO_GO = 1000
"""Where Linux looks first when memory runs out: at this process, before the service."""
LOOK_S = 0.1
"""Between two looks at the memory; a training takes up to 100 MB more in this time."""
WORDS_SHOWN = 400


class OwnProcess:
    """Runs one command of this program at a time; `stop` ends it from another thread.

    Args:
        trust: Folder of the trusted keys, which the commands share with the service. Its other
            settings are none of theirs.
    """

    def __init__(self, trust: Path) -> None:
        self.trust = trust
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def run(self, what: str, arguments: list[str], minutes: float, memory_mb: int) -> None:
        """Runs a command to its end.

        Args:
            what: Its name in errors.
            arguments: Behind the name of the program.
            minutes: After these it is ended.
            memory_mb: Resident MiB above which it is ended, where the system tells (Linux).

        Raises:
            ModelError: It failed, or took too long, or too much memory.
        """
        if self._is_stopped:
            return
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("APISENTINEL_") or name == "APISENTINEL_CACHE_DIR"
        }
        environment["APISENTINEL_TRUST"] = str(self.trust)
        process = self._process = subprocess.Popen(  # noqa: S603 (this program)
            [sys.executable, "-m", "apisentinel", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        with suppress(OSError):  # other systems, or it has ended already
            Path(f"/proc/{process.pid}/oom_score_adj").write_text(str(FIRST_TO_GO), "ascii")
        words = _watched(process, what, minutes, memory_mb)
        if process.returncode and not self._is_stopped:
            told = words[-WORDS_SHOWN:].decode("utf-8", "replace").strip()
            raise ModelError(f"{what} ended with status {process.returncode}: {told}")

    def stop(self) -> None:
        """Ends what runs, and lets nothing begin."""
        self._is_stopped = True
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()


def _watched(
    process: "subprocess.Popen[bytes]", what: str, minutes: float, memory_mb: int
) -> bytes:
    """Waits for a process within its limits; what it wrote to standard error."""
    looks = max(1, round(minutes * 60 / LOOK_S))
    for _ in range(looks):
        try:
            return process.communicate(timeout=LOOK_S)[1]
        except subprocess.TimeoutExpired:
            if resident_mb(process.pid) > memory_mb:
                _end(process)
                raise ModelError(
                    f"{what} needed more than {memory_mb:,} MB and was ended: lower"
                    " runtime.retrain.most_events, or raise runtime.retrain.memory_mb"
                ) from None
    _end(process)
    raise ModelError(f"{what} took longer than {minutes:g} min")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


def resident_mb(pid: int) -> float:
    """Resident MiB of a process; 0 when it has ended, or where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
