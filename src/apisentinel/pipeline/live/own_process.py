"""Commands of this program in processes of their own, which give way to everything else."""

import os
import subprocess
import sys
from pathlib import Path

from apisentinel.errors import ModelError

NICE = 15
"""Far below the judging of requests."""
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

    def run(self, what: str, arguments: list[str], minutes: float) -> None:
        """Runs a command to its end.

        Args:
            what: Its name in errors.
            arguments: Behind the name of the program.
            minutes: After these it is ended.

        Raises:
            ModelError: It failed, or took too long.
        """
        if self._is_stopped:
            return
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("APISENTINEL_") or name == "APISENTINEL_CACHE_DIR"
        }
        environment["APISENTINEL_TRUST"] = str(self.trust)
        self._process = subprocess.Popen(  # noqa: S603 (this program)
            [sys.executable, "-m", "apisentinel", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
        )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, NICE)
        try:
            _, words = self._process.communicate(timeout=minutes * 60)
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.communicate()
            raise ModelError(f"{what} took longer than {minutes:g} min") from error
        if self._process.returncode and not self._is_stopped:
            told = words[-WORDS_SHOWN:].decode("utf-8", "replace").strip()
            raise ModelError(f"{what} ended with status {self._process.returncode}: {told}")

    def stop(self) -> None:
        """Ends what runs, and lets nothing begin."""
        self._is_stopped = True
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
