"""``apisentinel serve`` and ``up``: the service, from the first check to the last checkpoint."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from apisentinel.cli import messages
from apisentinel.cli.configuration import load_service
from apisentinel.cli.outcome import Exit
from apisentinel.cli.process import save_memory

if TYPE_CHECKING:
    from fastapi import FastAPI

    from apisentinel.api.server import Place
    from apisentinel.clock import Clock
    from apisentinel.pipeline.log_settings import LogSettings
    from apisentinel.pipeline.service import Service
    from apisentinel.pipeline.service_settings import ServiceSettings

SWITCH_SECONDS = 0.001
"""How long a thread keeps the interpreter to itself. The default of 5 ms would let a busy judge
delay every answer by as much.
"""


ANSWER_SHARE = 0.4
"""Part of the time for stopping that answers under way may take; the rest is for the judge."""


def run(config: str | None, options: Mapping[str, object], *, demo: bool = False) -> NoReturn:
    """Runs the service until it is told to stop; leaves the process.

    Args:
        config: Settings file.
        options: Settings from the command line by dotted name; None means not given.
        demo: Make traffic unless sources are configured.

    Raises:
        ConfigError: Something cannot be as the settings want it; nothing was started.
        SystemExit: Always, otherwise.
    """
    save_memory()
    from apisentinel.cli.logs import configure_logs
    from apisentinel.kernels.compiler import is_warm

    settings = load_service(config, {**options, "demo": demo or None})
    if settings.demo and has_sources(settings):
        settings = settings.model_copy(update={"demo": False})
    configure_logs(log_settings(settings, demo=demo))
    if not is_warm():
        messages.note(
            "First start on this machine: compiling the kernels takes about a minute, once."
        )
    code = _serve(settings)
    # Granian's threads may still hold on to the interpreter while it is taken down, which ends in
    # an abort instead of the exit code. Everything is stored and closed by now.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def log_settings(settings: "ServiceSettings", *, demo: bool) -> "LogSettings":
    """How the log looks: `up` is for people, wherever its messages go, unless told otherwise."""
    if demo and settings.log.format == "auto":
        return settings.log.model_copy(update={"format": "console"})
    return settings.log


def _serve(settings: "ServiceSettings") -> int:
    from apisentinel.api.server import check_address, check_tls
    from apisentinel.clock import SystemClock
    from apisentinel.pipeline.service import Service

    check_tls(settings.server)
    place = check_address(settings.server)
    sys.setswitchinterval(SWITCH_SECONDS)
    clock = SystemClock()
    service = Service(settings, clock)
    service.start()
    try:
        return _listen(service, place, clock)
    finally:
        _stop(service)


def _listen(service: "Service", place: "Place", clock: "Clock") -> int:
    """Serves until a signal; gives the exit code."""
    from apisentinel.api.app import close, create_app
    from apisentinel.api.server import serve
    from apisentinel.cli.demo import Demo

    settings = service.settings
    app = create_app(service, clock=clock)
    demo = Demo(service, app.state.authenticator.keys, place) if settings.demo else None

    # What exists now stays: looking through it at every full collection would hold up everything
    # for a tenth of a second.
    gc.collect()
    gc.freeze()

    def listening() -> None:
        _greet(app, settings, place.port, clock)
        if demo is not None:
            demo.start()

    try:
        number = asyncio.run(serve(app, settings.server, place, listening, ANSWER_SHARE))
    finally:
        if demo is not None:
            demo.stop()
        close(app)
    if number == signal.SIGINT:
        return Exit.INTERRUPTED
    return Exit.DONE if number else Exit.FAILED


def _stop(service: "Service") -> None:
    messages.note("Stopping: judging what was accepted, saving the state …")
    # Answers under way have had their part of the time already.
    seconds = service.settings.server.drain_seconds * (1 - ANSWER_SHARE)
    if service.stop(seconds):
        messages.note("Stopped.")
    else:
        messages.note("Stopped; what is not judged yet is judged after the next start.")


def _greet(app: "FastAPI", settings: "ServiceSettings", port: int, clock: "Clock") -> None:
    """Prints the address, with the one-time token as long as nobody else can log in as admin."""
    from apisentinel.api.access.people import People

    url = address(settings, port)
    if not People(app.state.accounts, clock).has_admin():
        url += f"#token={app.state.authenticator.sessions.new_one_time_token()}"
    if not settings.server.is_loopback and settings.server.tls_cert is None:
        from apisentinel.cli.doctor_service import in_the_clear

        messages.warn(f"{in_the_clear(settings.server)}.")
    what = (
        "made-up traffic is judged; send your own to the same address"
        if settings.demo
        else "waiting for traffic at /api/v1/events"
    )
    how = "this address, which logs you in once" if "#token=" in url else "this address"
    messages.note(
        f"API Sentinel keeps its data in {settings.data_dir}; {what}. Ctrl-C stops it.\nOpen {how}:"
    )
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def address(settings: "ServiceSettings", port: int) -> str:
    """The URL under which a browser on this machine finds the service."""
    server = settings.server
    scheme = "https" if server.tls_cert is not None else "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 (compared)
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{port}{server.root_path}/"


def has_sources(settings: "ServiceSettings") -> bool:
    """Whether the settings name files or ports that traffic comes from."""
    return bool(settings.sources.inputs)
