"""A lock between one thread that is always busy and others that must not wait for long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Mutual exclusion in turns: who comes while the busy thread works is next.

    A plain lock would not do: a thread that lets go of it and takes it again at once nearly always
    wins against one that waits.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._inside = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds what the gate guards; not to be nested."""
        with self._turn:
            self._inside.acquire()
        try:
            yield
        finally:
            self._inside.release()
