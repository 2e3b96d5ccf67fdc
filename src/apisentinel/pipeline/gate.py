"""A lock between one writer that is always busy and readers that must not wait for long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Mutual exclusion in turns: a reader that comes while the writer works is next.

    A plain lock would not do: the thread that lets go of it and takes it again at once nearly
    always wins against one that waits.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._inside = threading.Lock()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the state for changing it."""
        with self._turn:
            self._inside.acquire()
        try:
            yield
        finally:
            self._inside.release()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Holds the state for looking at it; nobody changes it meanwhile."""
        with self._turn:
            self._inside.acquire()
        try:
            yield
        finally:
            self._inside.release()
