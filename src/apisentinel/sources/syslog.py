"""Ports that take syslog: one thread each, which reads and hands on in turn.

Over TCP and TLS the thread does not read while lines are being written to disk, so that senders are
held back. Over UDP nobody can be held back: what does not fit the queue is shed and counted.

Answers: slow and half-open clients (handshake, silence and started messages have a time limit), too
many connections, endless messages.
"""

import selectors
import socket
import ssl
import threading
from collections import deque
from contextlib import suppress

from apisentinel.clock import Clock
from apisentinel.errors import SourceError
from apisentinel.sources.live import Lines, Sink, StoppedError
from apisentinel.sources.settings import SyslogSettings
from apisentinel.sources.syslog_framing import Framing, Message, one_line

READ_BYTES = 1 << 16
"""One read; no datagram is longer."""

LINES_BYTES = 1 << 20
"""Lines handed on at once."""

RECEIVE_BUFFER = 8 << 20
"""Room that is asked for in the kernel for datagrams; the kernel may give less."""

TICK_S = 0.2
"""How often time limits and the stop are looked at."""

TOO_LONG = "syslog message longer than the limit"


class _Connection:
    """One client over TCP or TLS."""

    def __init__(self, client: socket.socket, settings: SyslogSettings) -> None:
        self.client = client
        self.framing = Framing(settings.max_message_bytes)
        self.shaking = settings.protocol == "tls"
        self.deadline = 0.0


class SyslogSource:
    """A port; a `LiveSource`.

    Args:
        settings: Where and how.
        clock: For time limits.

    Attributes:
        port: The port, also when the settings ask for any.
    """

    def __init__(self, settings: SyslogSettings, clock: Clock) -> None:
        self.settings = settings
        self.name = settings.name or f"syslog:{settings.protocol}:{settings.port}"
        self.problem = ""
        self.port = settings.port
        self._clock = clock
        self._socket: socket.socket | None = None
        self._tls: ssl.SSLContext | None = None
        self._connections: dict[int, _Connection] = {}

    def open(self) -> None:
        """See `LiveSource`."""
        settings = self.settings
        kind = socket.SOCK_DGRAM if settings.protocol == "udp" else socket.SOCK_STREAM
        try:
            self._tls = _context(settings)
            family = socket.getaddrinfo(settings.host, settings.port, type=kind)[0][0]
            port = socket.socket(family, kind)
        except (OSError, ssl.SSLError) as error:
            raise self._unusable(error) from error
        try:
            if kind == socket.SOCK_STREAM:
                port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            else:
                port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            port.bind((settings.host, settings.port))
            if kind == socket.SOCK_STREAM:
                port.listen(128)
            port.setblocking(False)
        except OSError as error:
            port.close()
            raise self._unusable(error) from error
        self._socket = port
        self.port = port.getsockname()[1]

    def _unusable(self, error: Exception) -> SourceError:
        settings = self.settings
        return SourceError(
            f"syslog cannot listen on {settings.host} port {settings.port}"
            f" ({settings.protocol}): {error}"
        )

    def run(self, sink: Sink, stop: threading.Event) -> None:
        """See `LiveSource`."""
        try:
            with suppress(StoppedError):
                if self.settings.protocol == "udp":
                    self._run_datagrams(sink, stop)
                else:
                    self._run_streams(sink, stop)
        finally:
            self.close()

    def close(self) -> None:
        """See `LiveSource`."""
        for connection in list(self._connections.values()):
            connection.client.close()
        self._connections.clear()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # ----------------------------------------------------------------------------------- datagrams

    def _run_datagrams(self, sink: Sink, stop: threading.Event) -> None:
        """Receives in this thread, hands on in another one, with a queue between them."""
        port = self._socket
        assert port is not None  # noqa: S101 (opened before)
        queue = _Queue(self.settings.queue_bytes)
        writer = threading.Thread(
            target=self._write, args=(queue, sink), name=f"{self.name}-write", daemon=True
        )
        writer.start()
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(port, selectors.EVENT_READ)
                while not stop.is_set() and writer.is_alive():
                    if selector.select(TICK_S):
                        self._receive(port, queue, sink)
        finally:
            queue.close()
            writer.join()

    def _receive(self, port: socket.socket, queue: "_Queue", sink: Sink) -> None:
        """Takes the datagrams that are there."""
        shed = 0
        for _ in range(1000):
            try:
                data = port.recv(READ_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                self.problem = str(error)
                break
            text = one_line(data)
            cut = len(text) > self.settings.max_message_bytes
            message = Message(text[: self.settings.max_message_bytes], cut)
            shed += bool(text) and not queue.put(message)
        if shed:
            sink.shed(self.name, shed)

    def _write(self, queue: "_Queue", sink: Sink) -> None:
        """Hands on what is queued until the queue is closed and empty."""
        messages: list[Message] = []
        try:
            while messages := queue.take(LINES_BYTES):
                self._hand_on(messages, sink)
        except StoppedError:
            sink.shed(self.name, len(messages) + queue.drop())

    # ------------------------------------------------------------------------------------- streams

    def _run_streams(self, sink: Sink, stop: threading.Event) -> None:
        port = self._socket
        assert port is not None  # noqa: S101 (opened before)
        with selectors.DefaultSelector() as selector:
            selector.register(port, selectors.EVENT_READ)
            while not stop.is_set():
                for key, _ in selector.select(TICK_S):
                    if key.fileobj is port:
                        self._accept(port, selector)
                    else:
                        self._read(self._connections[key.fd], selector, sink)
                now = self._clock.monotonic()
                for connection in list(self._connections.values()):
                    if now > connection.deadline:
                        self._drop(connection, selector, sink)
            for connection in list(self._connections.values()):
                self._drop(connection, selector, sink)

    def _accept(self, port: socket.socket, selector: selectors.BaseSelector) -> None:
        """Lets a client in, or closes it when there are too many."""
        try:
            client, _ = port.accept()
        except OSError as error:
            if not isinstance(error, BlockingIOError):
                self.problem = str(error)
            return
        if len(self._connections) >= self.settings.max_connections:
            client.close()
            self.problem = f"more than {self.settings.max_connections} connections"
            return
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._tls is not None:
            try:
                client = self._tls.wrap_socket(
                    client, server_side=True, do_handshake_on_connect=False
                )
            except OSError:
                client.close()
                return
        connection = _Connection(client, self.settings)
        connection.deadline = self._clock.monotonic() + self.settings.partial_seconds
        self._connections[client.fileno()] = connection
        selector.register(client, selectors.EVENT_READ)

    def _read(self, connection: _Connection, selector: selectors.BaseSelector, sink: Sink) -> None:
        """Reads what a client has sent."""
        was_open = connection.framing.is_open
        data, ended = _received(connection)
        messages = connection.framing.feed(data)
        self._hand_on(messages, sink)
        if ended:
            self._drop(connection, selector, sink)
            return
        if connection.shaking or (was_open and not messages and connection.framing.is_open):
            return  # the time limit of what has begun stands
        settings = self.settings
        limit = settings.partial_seconds if connection.framing.is_open else settings.idle_seconds
        connection.deadline = self._clock.monotonic() + limit

    def _drop(self, connection: _Connection, selector: selectors.BaseSelector, sink: Sink) -> None:
        """Ends a connection; what it sent last counts when its end ends it."""
        with suppress(KeyError, ValueError):
            selector.unregister(connection.client)
        self._connections = {
            number: known for number, known in self._connections.items() if known is not connection
        }
        connection.client.close()
        self._hand_on(connection.framing.finish(), sink)

    def _hand_on(self, messages: list[Message], sink: Sink) -> None:
        """Gives messages to the sink, in order."""
        lines = [message.text + b"\n" for message in messages if not message.cut]
        if lines:
            sink.take(Lines(self.name, b"".join(lines)))
        for message in messages:
            if message.cut:
                sink.bury(self.name, message.text, TOO_LONG, -1)


def _received(connection: _Connection) -> tuple[bytes, bool]:
    """What a client has sent, up to `LINES_BYTES`, and whether it has ended."""
    client = connection.client
    out = bytearray()
    try:
        if connection.shaking and isinstance(client, ssl.SSLSocket):
            client.do_handshake()
            connection.shaking = False
        # what TLS has decoded already wakes nobody up
        while len(out) < LINES_BYTES or (isinstance(client, ssl.SSLSocket) and client.pending()):
            data = client.recv(READ_BYTES)
            if not data:
                return bytes(out), True
            out += data
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return bytes(out), False
    except OSError:
        return bytes(out), True
    return bytes(out), False


class _Queue:
    """Messages between the receiving and the writing thread, bounded in bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    def put(self, message: Message) -> bool:
        """Adds a message; False when there is no room."""
        with self._changed:
            if self._bytes + len(message.text) > self._limit or self._closed:
                return False
            self._messages.append(message)
            self._bytes += len(message.text)
            self._changed.notify()
            return True

    def take(self, size: int) -> list[Message]:
        """Up to `size` bytes of messages, at least one; none when the queue is closed and empty."""
        with self._changed:
            while not self._messages and not self._closed:
                self._changed.wait()
            out: list[Message] = []
            taken = 0
            while self._messages and taken < size:
                message = self._messages.popleft()
                taken += len(message.text)
                out.append(message)
            self._bytes -= taken
            return out

    def close(self) -> None:
        """Nothing comes any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def drop(self) -> int:
        """Forgets what is left and says how much that was."""
        with self._changed:
            left = len(self._messages)
            self._messages.clear()
            self._bytes = 0
            self._closed = True
            return left


def _context(settings: SyslogSettings) -> ssl.SSLContext | None:
    """TLS as the settings ask for it."""
    if settings.protocol != "tls":
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(settings.tls_cert), settings.tls_key)
    if settings.tls_client_ca:
        context.load_verify_locations(settings.tls_client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
