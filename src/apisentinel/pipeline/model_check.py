"""Tries a bundle in a process of its own, with little memory and time, before it is let in.

A bundle is signed and its parts are data. Still, its readers are the largest piece of code that
meets it, so they meet it first where a fault costs nothing.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

from apisentinel.errors import ApiSentinelError, IncompatibleModelError, ModelError

MOST_MEMORY = 4 << 30
"""Address space of the process; what a service with the largest honest bundle takes twice over."""
MOST_CPU_S, MOST_S = 60, 120
"""Seconds of CPU, and of waiting on a busy machine."""
MOST_ANSWER = 4_000
"""Characters of an answer that are read."""


def check_apart(folder: Path, trust_folder: Path) -> None:
    """Loads a bundle in another process and throws it away.

    Raises:
        ModelError: It cannot be used, or its readers need too much.
    """
    module = "apisentinel.pipeline.model_check"
    command = [sys.executable, "-m", module, str(folder), str(trust_folder)]
    try:
        done = subprocess.run(  # noqa: S603 (this program, with two paths)
            command, capture_output=True, timeout=MOST_S, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"{folder} cannot be read within {MOST_S} s") from error
    if done.returncode == 0:
        return
    try:
        answer = json.loads(done.stdout[:MOST_ANSWER])
        words, kind = str(answer["error"]), str(answer["kind"])
    except (ValueError, KeyError, TypeError):
        raise ModelError(f"{folder} made its reader fail (status {done.returncode})") from None
    raise (IncompatibleModelError if kind == "IncompatibleModelError" else ModelError)(words)


def check_here(folder: Path, trust_folder: Path) -> None:
    """Loads everything of a bundle that a service would use.

    Raises:
        ModelError: It cannot be used.
    """
    from apisentinel.models.trust import TrustStore  # noqa: PLC0415 (after the limits)
    from apisentinel.pipeline.learned import load_learned  # noqa: PLC0415 (in the child only)
    from apisentinel.pipeline.settings import ScanSettings  # noqa: PLC0415 (in the child only)

    learned = load_learned(folder, TrustStore.load(trust_folder), ScanSettings())
    if learned.profile is None and (learned.ensemble is None or learned.is_prior):
        raise IncompatibleModelError(f"{folder} holds nothing that this version can use")


def main(folder: str, trust_folder: str) -> int:
    """Entry of the other process: 0, or 1 with the error as JSON on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        check_here(Path(folder), Path(trust_folder))
    except ApiSentinelError as error:
        answer = {"kind": type(error).__name__, "error": str(error)}
        sys.stdout.write(json.dumps(answer))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
