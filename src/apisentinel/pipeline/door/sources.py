"""Runs the sources of the settings, each in a thread, and hands their lines through the door."""

import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
import structlog

from apisentinel.clock import Clock
from apisentinel.errors import RefusedError
from apisentinel.kernels.bytes import PADDING
from apisentinel.parsers.line_batches import LineBatch, LineReader
from apisentinel.parsers.registry import make
from apisentinel.parsers.router import LineRouter
from apisentinel.pipeline.door.door import Dead, Door
from apisentinel.records.batch import TEXT_INDEX, RequestBatch
from apisentinel.sources.live import Lines, LiveSource, StoppedError
from apisentinel.sources.positions import Positions
from apisentinel.sources.settings import SourceSettings, SyslogSettings, TailSettings
from apisentinel.sources.syslog import SyslogSource
from apisentinel.sources.tail import TailSource

POSITIONS_FILE = "positions.json"

LONGEST_PAUSE = 30.0
"""Seconds between two attempts to hand on lines that the door refuses."""

MAX_STREAMS = 4096
"""Streams of a source whose format is remembered; beyond that all are told anew."""

_log = structlog.get_logger("apisentinel.sources")


class SourceState(NamedTuple):
    """How a source is.

    Attributes:
        name: Its name in counters.
        kind: ``file`` or ``syslog``.
        place: What it reads, for people.
        problem: What is wrong with it, empty when all is well.
        running: False after its thread has ended.
    """

    name: str
    kind: str
    place: str
    problem: str
    running: bool


class DoorSink:
    """Hands the lines of one source through the door; see `Sink`.

    A refusal with a time to wait is waited for, and the lines are handed on again; ids that are
    made from positions let the rows count once.

    Args:
        door: Where lines go.
        source: Name in counters.
        format_name: Format of the lines, or ``auto``.
        stop: Ends waiting.
    """

    def __init__(self, door: Door, source: str, format_name: str, stop: threading.Event) -> None:
        self.problem = ""
        self._door = door
        self._source = source
        self._format = format_name
        self._stop = stop
        self._readers: dict[str, LineReader] = {}

    def take(self, lines: Lines) -> None:
        """See `Sink`."""
        data, offset = lines.data, lines.offset
        if lines.restarted:
            self._readers.pop(lines.stream, None)
        limit = self._door.settings.max_records
        while data:
            size = _first_lines(data, limit)
            part, data = data[:size], data[size:]
            got = self._reader(lines.stream).read(part)
            self._submit(got, part, lines, offset)
            offset += size if offset >= 0 else 0

    def bury(self, stream: str, head: bytes, reason: str, offset: int) -> None:
        """See `Sink`."""
        del stream
        empty = LineReader().read(b"")
        self._retried(empty.batch, [Dead(head, reason, offset)])

    def shed(self, stream: str, count: int) -> None:
        """See `Sink`."""
        del stream
        if count:
            self._door.shed(self._source, count)

    def _reader(self, stream: str) -> LineReader:
        """What reads the lines of a stream; made anew when there are too many streams."""
        reader = self._readers.get(stream)
        if reader is None:
            if len(self._readers) >= MAX_STREAMS:
                self._readers.clear()
            router = (
                None if self._format == "auto" else LineRouter(make(self._format), self._format)
            )
            reader = self._readers[stream] = LineReader(router)
        return reader

    def _submit(self, got: LineBatch, data: bytes, lines: Lines, offset: int) -> None:
        dead = [
            Dead(line.raw, line.reason, offset + line.begin if offset >= 0 else -1)
            for line in got.dead
        ]
        if not len(got.batch) and not dead:
            return
        if lines.generation and len(got.batch):
            begins = np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A) + 1
            starts = np.concatenate(([0], begins))[got.lines] + offset
            give_ids(got.batch, lines.generation, starts.tolist())
        self._retried(got.batch, dead)

    def _retried(self, batch: RequestBatch, dead: list[Dead]) -> None:
        """Hands rows through the door until it takes them."""
        while not self._stop.is_set():
            try:
                self._door.submit_batch(batch, source=self._source, dead=dead)
            except RefusedError as refusal:
                if self._door.stopping:
                    raise StoppedError from refusal
                self.problem = str(refusal)
                self._stop.wait(min(refusal.retry_after or 1, LONGEST_PAUSE))
            else:
                self.problem = ""
                return
        raise StoppedError


def give_ids(batch: RequestBatch, prefix: str, starts: list[int]) -> None:
    """Gives rows without an event id one that is made from their place in their file.

    Args:
        batch: Is changed.
        prefix: Says which file.
        starts: Place of each row.
    """
    spans = batch.spans[TEXT_INDEX["event_id"]]
    missing = np.flatnonzero(spans[:, 0] >= spans[:, 1]).tolist()
    if not missing:
        return
    base = batch.buffer.size
    names = [f"{prefix}-{starts[row]}".encode() for row in missing]
    ends = base + np.cumsum([len(name) for name in names])
    spans[missing, 1] = ends
    spans[missing, 0] = np.concatenate(([base], ends[:-1]))
    text = np.frombuffer(b"".join(names) + bytes(PADDING), np.uint8)
    batch.buffer = np.concatenate([batch.buffer, text])


def _first_lines(data: bytes, count: int) -> int:
    """Bytes of the first lines of some."""
    if data.count(b"\n") <= count:
        return len(data)
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 0x0A)
    return int(ends[count - 1]) + 1


class SourceRunner:
    """All sources of the settings.

    Args:
        settings: Which ones.
        door: Where their lines go.
        folder: Where positions are kept; None keeps them in memory.
        clock: For time limits.

    Raises:
        ConfigError: A format is not known.
    """

    def __init__(
        self, settings: SourceSettings, door: Door, folder: Path | None, clock: Clock
    ) -> None:
        self._door = door
        self._stop = threading.Event()
        self._positions = Positions(folder / POSITIONS_FILE if folder is not None else None)
        self._sources: list[tuple[LiveSource, DoorSink, str, str]] = []
        self._threads: list[threading.Thread] = []
        for wanted in settings.inputs:
            if wanted.format != "auto":
                make(wanted.format)
            source = self._made(wanted, clock)
            sink = DoorSink(door, source.name, wanted.format, self._stop)
            kind = "syslog" if isinstance(wanted, SyslogSettings) else "file"
            self._sources.append((source, sink, kind, _place(wanted)))

    def _made(self, wanted: TailSettings | SyslogSettings, clock: Clock) -> LiveSource:
        if isinstance(wanted, SyslogSettings):
            return SyslogSource(wanted, clock)
        return TailSource(wanted, self._positions)

    def start(self) -> None:
        """Opens all sources, then starts to read.

        Raises:
            SourceError: A source cannot be opened; none is read then.
        """
        try:
            for source, *_ in self._sources:
                source.open()
        except BaseException:
            self._close()
            raise
        for source, sink, *_ in self._sources:
            thread = threading.Thread(
                target=self._run, args=(source, sink), name=source.name[:15], daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def _run(self, source: LiveSource, sink: DoorSink) -> None:
        """Runs a source; when it fails, it is begun again after a pause."""
        while not self._stop.is_set():
            try:
                source.run(sink, self._stop)
            except Exception as error:  # noqa: BLE001 (one source must not end the others)
                source.problem = f"failed: {type(error).__name__}"
                _log.error("a source failed", source=source.name, problem=type(error).__name__)
            if self._stop.wait(1.0) or self._door.stopping:
                return
            try:
                source.open()
            except Exception as error:  # noqa: BLE001 (same; tried again in a second)
                source.problem = str(error)

    def stop(self, timeout: float = 5.0) -> bool:
        """Ends all sources; what was handed on is on disk, the rest comes after the next start.

        Returns:
            False when one did not end in time.
        """
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout)
        self._close()
        return not any(thread.is_alive() for thread in self._threads)

    def _close(self) -> None:
        for source, *_ in self._sources:
            source.close()

    def states(self) -> list[SourceState]:
        """How each source is."""
        alive = [thread.is_alive() for thread in self._threads]
        alive += [False] * (len(self._sources) - len(alive))
        return [
            SourceState(source.name, kind, place, source.problem or sink.problem, running)
            for (source, sink, kind, place), running in zip(self._sources, alive, strict=True)
        ]


def _place(wanted: TailSettings | SyslogSettings) -> str:
    if isinstance(wanted, SyslogSettings):
        return f"{wanted.protocol} {wanted.host}:{wanted.port}"
    return wanted.path
