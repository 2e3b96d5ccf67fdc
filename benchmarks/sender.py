"""Sends batches over many connections at next to no cost, so that the service has the machine.

Bodies are compressed before they are needed, in a process of its own with the lowest priority of
this program; a body that was refused is sent again as it is, and only one that was taken in gives
way to another one with other event ids. One thread serves all connections.
"""

import gzip
import itertools
import multiprocessing
import os
import re
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

AHEAD = 64
"""Bodies that are ready before they are needed, 60 KB each."""

READ_BYTES = 1 << 16
TIMEOUT_S = 60.0
"""After so long without an answer a connection is made anew."""

LOOK_S = 0.5
MOST_LATE_S = 1.0
"""What a sender that could not keep its rate makes up for at most."""

HEAD_END = b"\r\n\r\n"


class Target(NamedTuple):
    """Where to send, and as whom."""

    port: int
    key: str


@dataclass
class Tally:
    """What came of a flood."""

    seconds: float = 0.0
    codes: dict[int, int] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)

    def note(self, status: int, took: float) -> None:
        """Counts an answer; 0 stands for a connection that ended."""
        self.codes[status] = self.codes.get(status, 0) + 1
        if status == 202:
            self.waits.append(took)
        else:
            self.refusals.append(took)


def _packer(bodies: list[bytes], first: int, channel: Connection) -> None:
    """Makes bodies with new event ids as long as somebody takes them."""
    os.nice(5)
    try:
        for number in itertools.count(first):
            body = bodies[number % len(bodies)]
            named = body.replace(b'"event_id":"', b'"event_id":"%d-' % number)
            channel.send_bytes(gzip.compress(named, 1))
    except (BrokenPipeError, KeyboardInterrupt):
        return


class Bodies:
    """Compressed bodies, each with event ids of its own."""

    def __init__(self, channel: Connection, packer: int) -> None:
        """Bodies from a process.

        Args:
            channel: Brings them.
            packer: Its number.
        """
        self._channel = channel
        self._packer = packer
        self._ready: list[bytes] = []

    def cpu_seconds(self) -> float:
        """CPU time so far of this process and of the one that packs."""
        return time.process_time() + cpu_seconds(self._packer)

    def fill(self, count: int = AHEAD) -> None:
        """Takes up to so many bodies that are ready, waiting for the first ones."""
        while len(self._ready) < count:
            self._ready.append(self._channel.recv_bytes())

    def take(self) -> bytes:
        """The next one."""
        if not self._ready:
            self._ready.append(self._channel.recv_bytes())
        body = self._ready.pop()
        while len(self._ready) < AHEAD and self._channel.poll():
            self._ready.append(self._channel.recv_bytes())
        return body


def cpu_seconds(process: int) -> float:
    """CPU time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def packed(bodies: list[bytes], first: int) -> Iterator[Bodies]:
    """Compressed bodies, made beside the caller.

    Args:
        bodies: Requests as NDJSON with event ids.
        first: Number that event ids begin with; each body gets the next one.
    """
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_packer, args=(bodies, first, there), daemon=True
    )
    process.start()
    there.close()
    try:
        assert process.pid is not None
        yield Bodies(here, process.pid)
    finally:
        here.close()
        process.terminate()
        process.join()


class _Line:
    """A connection with at most one request under way."""

    def __init__(self, target: Target, bodies: Bodies) -> None:
        self._target = target
        self._bodies = bodies
        self._body = bodies.take()
        self.socket = self._connect()
        self.begun = 0.0
        self._out = memoryview(b"")
        self._in = b""

    def _connect(self) -> socket.socket:
        found = socket.create_connection(("127.0.0.1", self._target.port), timeout=TIMEOUT_S)
        found.setblocking(False)
        return found

    def begin(self) -> None:
        """Sends the body at hand as far as it goes."""
        head = (
            "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {self._target.key}\r\nContent-Encoding: gzip\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {len(self._body)}\r\n\r\n"
        )
        self._out, self._in = memoryview(head.encode() + self._body), b""
        self.begun = time.monotonic()
        self.send()

    @property
    def is_sending(self) -> bool:
        """Whether bytes wait to be sent."""
        return bool(self._out)

    def send(self) -> bool:
        """Sends what the socket takes; True when that was the rest."""
        try:
            self._out = self._out[self.socket.send(self._out) :]
        except BlockingIOError:
            return False
        return not self._out

    def receive(self) -> int:
        """Status of a whole answer, 0 while it is not whole.

        Raises:
            OSError: The connection has ended.
        """
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionResetError
        self._in += data
        head, mark, rest = self._in.partition(HEAD_END)
        if not mark:
            return 0
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if length is None or len(rest) < int(length[1]):
            return 0
        status = int(head[9:12])
        if status == 202:
            self._body = self._bodies.take()
        return status

    def renew(self) -> None:
        """Makes the connection anew."""
        self.socket.close()
        self.socket = self._connect()


def flood(target: Target, bodies: Bodies, seconds: float, connections: int, rate: float) -> Tally:
    """Sends over all connections, each again as soon as it has its answer.

    Args:
        target: Where to.
        bodies: What.
        seconds: How long; answers under way then are waited for.
        connections: Requests under way at one time.
        rate: Requests a second that are begun at most, over all connections.
    """
    tally = Tally()
    bodies.fill()
    begin = time.monotonic()
    end = begin + seconds
    with selectors.DefaultSelector() as selector:
        idle = [_Line(target, bodies) for _ in range(connections)]
        due, busy = begin, 0
        while True:
            now = time.monotonic()
            while idle and now < end and due <= now:
                line = idle.pop()
                due = max(due, now - MOST_LATE_S) + 1 / rate
                line.begin()
                selector.register(line.socket, _wanted(line), line)
                busy += 1
            if now >= end and not busy:
                break
            wait = due - now if idle and now < end else LOOK_S
            for key, _ in selector.select(max(0.0, min(wait, LOOK_S))):
                busy -= _served(key.data, selector, tally, idle)
        tally.seconds = time.monotonic() - begin
        for line in idle:
            line.socket.close()
    return tally


def _wanted(line: _Line) -> int:
    return selectors.EVENT_READ | (selectors.EVENT_WRITE if line.is_sending else 0)


def _served(line: _Line, selector: selectors.BaseSelector, tally: Tally, idle: list[_Line]) -> int:
    """Goes on with a connection; 1 when its request has ended."""
    try:
        if line.is_sending and line.send():
            selector.modify(line.socket, selectors.EVENT_READ, line)
        status = line.receive()
    except BlockingIOError:
        return 0
    except OSError:
        selector.unregister(line.socket)
        tally.note(0, time.monotonic() - line.begun)
        line.renew()
        idle.append(line)
        return 1
    if not status:
        return 0
    selector.unregister(line.socket)
    tally.note(status, time.monotonic() - line.begun)
    idle.append(line)
    return 1
