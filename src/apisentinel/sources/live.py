"""The one interface of sources that never end: they hand lines to a sink and wait for it."""

import threading
from typing import NamedTuple, Protocol


class StoppedError(Exception):
    """The sink takes nothing more because the service stops; what was not taken comes again."""


class Lines(NamedTuple):
    """Whole lines of one stream.

    Attributes:
        stream: What they belong to: a file, a port. Lines of a stream come in order.
        data: The lines, each with its line end.
        offset: Position of the first byte in its stream, -1 when that means nothing.
        generation: Makes ids from positions: the same line of the same stream gets the same id
            however often it is read. Empty for streams that cannot be read again.
        restarted: True when the stream begins here, so that what an earlier part said about the
            format is forgotten.
    """

    stream: str
    data: bytes
    offset: int = -1
    generation: str = ""
    restarted: bool = False


class Sink(Protocol):
    """Takes lines. Thread-safe, but the lines of one stream come from one thread."""

    def take(self, lines: Lines) -> None:
        """Returns when the lines are on disk; waits as long as that takes.

        Raises:
            StoppedError: They were not taken, and will not be.
        """
        ...

    def bury(self, stream: str, head: bytes, reason: str, offset: int) -> None:
        """Takes the beginning of a line that is too long to be one.

        Raises:
            StoppedError: It was not taken.
        """
        ...

    def shed(self, stream: str, count: int) -> None:
        """Notes messages that had to be dropped unread."""
        ...


class LiveSource(Protocol):
    """A source that runs until it is told to stop.

    Attributes:
        name: Name in counters.
        problem: What is wrong with it at the moment, in words; empty when all is well.
    """

    name: str
    problem: str

    def open(self) -> None:
        """Takes what it needs from the operating system, such as a port.

        Raises:
            SourceError: It cannot be had.
        """
        ...

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """Reads until `stop` is set or the sink stops. Faults of the input do not end it: they are
        shown in `problem`, and it tries again.
        """
        ...

    def close(self) -> None:
        """Gives back what `open` took; safe at any time and twice."""
        ...
