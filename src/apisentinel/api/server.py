"""Granian around the application, in this process and on an event loop of ours."""

import asyncio
import contextlib
import errno
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import structlog
from fastapi import FastAPI
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.embed import Server

from apisentinel.api.stream.socket import close_all
from apisentinel.errors import ConfigError
from apisentinel.pipeline.server_settings import ServerSettings

HEADER_BYTES: Final = 64 << 10
"""Buffer of a connection, and thereby the largest header."""

CONNECTIONS: Final = 2_048
"""Connections served at one time; further ones wait in the backlog of the socket."""

BACKLOG: Final = 1_024

_log = structlog.get_logger("apisentinel.server")


class Place(NamedTuple):
    """Where to listen.

    Attributes:
        host: Address as digits.
        port: Free at the time of the test.
    """

    host: str
    port: int


def check_address(settings: ServerSettings) -> Place:
    """Where to listen, after a test that one can.

    Granian shares its port with whoever asks, so two services on one port would each get half of
    the requests; a plain socket tells.

    Raises:
        ConfigError: The address is not of this machine, or the port is in use or not allowed.
    """
    host, port = settings.host, settings.port
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
            found = probe.getsockname()
            return Place(str(found[0]), int(found[1]))
    except socket.gaierror as problem:
        raise ConfigError(f"{host}: no such address: {problem.strerror}; check --host") from None
    except OSError as problem:
        if problem.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} on {host} is in use; stop what uses it or choose another --port"
            ) from None
        if problem.errno == errno.EACCES:
            raise ConfigError(
                f"port {port} needs more rights than this user has; choose one above 1023"
            ) from None
        raise ConfigError(f"cannot listen on {host}:{port}: {problem.strerror}") from None


def check_tls(settings: ServerSettings) -> None:
    """Reads the files for TLS as a test.

    Raises:
        ConfigError: A file cannot be read, is no PEM, or key and certificate do not fit.
    """
    if settings.tls_cert is None or settings.tls_key is None:
        return
    for path in (settings.tls_cert, settings.tls_key, settings.tls_client_ca):
        if path is not None:
            _readable(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=_no_password)
        if settings.tls_client_ca is not None:
            context.load_verify_locations(settings.tls_client_ca)
    except ssl.SSLError as problem:
        raise ConfigError(
            f"{settings.tls_cert} and {settings.tls_key} cannot be used for TLS:"
            f" {problem.reason or problem}"
        ) from None


def _no_password() -> str:
    raise ConfigError("server.tls_key has a passphrase; store the key without one, mode 0600")


def _readable(path: Path) -> None:
    try:
        with path.open("rb") as stream:
            stream.read(1)
    except OSError as problem:
        raise ConfigError(f"{path}: cannot be read: {problem.strerror}") from None


def _make(app: FastAPI, settings: ServerSettings, place: Place) -> Server:
    return Server(
        app,
        address=place.host,
        port=place.port,
        # The service starts and stops around the server, so there is no lifespan to speak of.
        interface=Interfaces.ASGINL,
        # Telling HTTP/1 from HTTP/2 waits for the first byte without end; HTTP/1 alone does not.
        http=HTTPModes.http1,
        websockets=True,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(
            header_read_timeout=settings.limits.header_seconds * 1000,
            max_buffer_size=HEADER_BYTES,
        ),
        log_enabled=False,
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,
        ssl_ca=settings.tls_client_ca,
        ssl_client_verify=settings.tls_client_ca is not None,
        url_path_prefix=settings.root_path or None,
    )


async def serve(
    app: FastAPI,
    settings: ServerSettings,
    place: Place,
    on_listening: Callable[[], None] = lambda: None,
    answer_share: float = 0.4,
) -> int:
    """Serves until SIGTERM or SIGINT; a second signal is not waited for.

    Args:
        app: The application, whose service is running.
        settings: Of the server.
        place: From `check_address`.
        on_listening: Called once the port answers.
        answer_share: Part of `drain_seconds` that answers under way may take.

    Returns:
        The signal that ended it; 0 when the server ended by itself, which is a failure.
    """
    loop = asyncio.get_running_loop()
    server = _make(app, settings, place)
    task = asyncio.ensure_future(server.serve())
    ended: asyncio.Future[int] = loop.create_future()

    def note(number: int) -> None:
        if not ended.done():
            ended.set_result(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, note, number)
    try:
        await _listening(place, task)
        on_listening()
        await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
            if ended.done():
                # From here on a second signal ends the process at once, without the trace of
                # whatever is under way; the journal allows it.
                signal.signal(number, signal.SIG_DFL)
    if not ended.done():
        await task  # raises what ended it
        return 0
    patience = settings.drain_seconds * answer_share
    end = loop.time() + patience
    await close_all(app)
    server.stop()  # type: ignore[no-untyped-call]  # Granian is untyped there
    done, _ = await asyncio.wait({task}, timeout=max(0.0, end - loop.time()))
    if not done:
        _log.warning("answers_cut_off", seconds=patience)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return ended.result()


async def _listening(place: Place, task: "asyncio.Future[None]") -> None:
    """Comes back when the port takes connections.

    Raises:
        ConfigError: The server gave up.
    """
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(place.host, place.host)  # noqa: S104 (compared)
    for _ in range(200):
        if task.done():
            break
        try:
            _, writer = await asyncio.open_connection(target, place.port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    if task.done() and task.exception() is not None:
        raise ConfigError(f"the server does not start: {task.exception()}") from task.exception()
    raise ConfigError(f"the server does not answer on {place.host}:{place.port}")
