"""Ctrl-C: the first asks for an early, orderly end; the second ends at once."""

import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Self

from apisentinel.cli import messages
from apisentinel.cli.document import discard_unfinished
from apisentinel.cli.outcome import Exit

SHOW_CURSOR = "\x1b[?25h"
STOPPING = "\nStopping: the report covers what was read so far. Ctrl-C again ends at once."


class Interrupt:
    """Context in which Ctrl-C and a termination signal set `stop` instead of raising.

    Use it in the main thread only; signal handlers of before are back afterwards.

    Args:
        words: What the user is told at the first Ctrl-C.

    Attributes:
        stop: Set once the user wants the work to end.
    """

    __slots__ = ("_before", "_words", "stop")

    def __init__(self, words: str = STOPPING) -> None:
        self.stop = threading.Event()
        self._words = words
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal() gave back

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.stop.is_set():
            # Threads may be deep in a kernel; waiting for them is what the user no longer wants.
            discard_unfinished()
            if sys.stderr.isatty():
                os.write(sys.stderr.fileno(), f"{SHOW_CURSOR}\n".encode())
            os._exit(Exit.INTERRUPTED)
        self.stop.set()
        messages.note(self._words)
