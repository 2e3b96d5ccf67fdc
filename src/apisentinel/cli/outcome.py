"""Exit codes, and what becomes of an error that nobody handled."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from apisentinel.cli import messages
from apisentinel.errors import ApiSentinelError, ConfigError


class Exit(IntEnum):
    """Exit codes of every command; part of the contract."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FINDINGS = 3
    INTERRUPTED = 130


class Outcome:
    """How a command ended, None while it has not failed."""

    __slots__ = ("code",)

    def __init__(self) -> None:
        self.code: Exit | None = None


@contextmanager
def reported_errors() -> Iterator[Outcome]:
    """Turns an error into one message and an exit code; APISENTINEL_DEBUG=1 adds the traceback.

    Yields:
        The outcome, which holds an exit code after an error.
    """
    outcome = Outcome()
    try:
        yield outcome
        sys.stdout.flush()
    except KeyboardInterrupt:
        outcome.code = Exit.INTERRUPTED
        messages.error("interrupted")
    except BrokenPipeError:
        close_stdout()
        outcome.code = Exit.FAILED
    except ConfigError as problem:
        outcome.code = Exit.USAGE
        _report(str(problem))
    except ApiSentinelError as problem:
        outcome.code = Exit.FAILED
        _report(str(problem))
    except MemoryError:
        outcome.code = Exit.FAILED
        _report(
            "out of memory",
            "Scan fewer files at a time, or lower the limits in the settings (--config).",
        )
    except OSError as problem:
        outcome.code = Exit.FAILED
        where = f"{problem.filename}: " if problem.filename else ""
        _report(f"{where}{problem.strerror or problem}")
    except Exception as problem:  # noqa: BLE001 (the last place that can say something useful)
        outcome.code = Exit.FAILED
        hint = (
            "A fault of API Sentinel, not yours. APISENTINEL_DEBUG=1 shows where; please report it."
        )
        _report(f"{type(problem).__name__}: {problem}", hint)


def close_stdout() -> None:
    """Sends the rest of the output nowhere: its reader has gone, and exit must not fail on it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(text: str, hint: str = "") -> None:
    if os.environ.get("APISENTINEL_DEBUG") == "1":
        traceback.print_exc()
    messages.error(text, hint)
