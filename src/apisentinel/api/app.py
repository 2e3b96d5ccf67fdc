"""Puts the application together: routes, errors, limits, the gate and the guard around all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from apisentinel import __version__
from apisentinel.api import read
from apisentinel.api.access import audit, keys, login, preferences, users
from apisentinel.api.access.accounts import Accounts
from apisentinel.api.access.auth import Authenticator
from apisentinel.api.access.gate import refuse_undeclared
from apisentinel.api.access.secret import Secret, load_secret
from apisentinel.api.http.conditional import Conditional
from apisentinel.api.http.description import add_description
from apisentinel.api.http.guard import Guard
from apisentinel.api.http.limits import Limits
from apisentinel.api.http.problems import add_handlers
from apisentinel.api.ingest import hec, otlp, requests
from apisentinel.api.ingest.agent_reports import AgentReports
from apisentinel.api.ingest.bodies import Intake
from apisentinel.api.ingest.turned_away import TurnedAway
from apisentinel.api.models import routes
from apisentinel.api.operations import probes, settings, sources
from apisentinel.api.respond import decisions
from apisentinel.api.static import add_page
from apisentinel.api.stream import socket
from apisentinel.clock import Clock, SystemClock

if TYPE_CHECKING:
    from apisentinel.pipeline.service import Service


def create_app(
    service: "Service",
    *,
    accounts: Accounts | None = None,
    secret: Secret | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The application that serves a running service.

    The caller starts and stops the service; the application only uses it.

    Args:
        service: A service whose stores are open.
        accounts: Where keys, users and sessions are; the control store when left out.
        secret: Of the installation; the one in the data folder when left out.
        clock: Tells the time; the one of this machine when left out.

    Raises:
        RuntimeError: A route declares no permission.
        StoreError: The secret cannot be read.
    """
    clock = clock or SystemClock()
    wanted = service.settings.server
    app = FastAPI(
        title="API Sentinel",
        version=__version__,
        # Their pages load scripts from elsewhere; the document itself has a route that needs read.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    state = app.state
    state.service = service
    state.clock = clock
    state.accounts = accounts or service.control
    state.limits = Limits(wanted.limits, clock)
    state.intake = Intake(
        wanted.limits,
        state.limits.bodies,
        service.settings.door.max_body_bytes,
        service.door.check,
        lambda: service.door.counters.note(refused=1),
    )
    state.agent_reports = AgentReports()
    state.authenticator = Authenticator(
        state.accounts,
        secret or load_secret(service.settings.data_dir),
        wanted,
        state.limits,
        clock,
    )
    settings.apply_stored(app)
    add_handlers(app)
    for router in _routers():
        app.include_router(router)
    add_description(app)
    add_page(app, wanted.root_path)
    refuse_undeclared(app.routes)
    app.add_middleware(Conditional)
    app.add_middleware(TurnedAway)
    app.add_middleware(Guard, settings=wanted)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    close(app)


def close(app: FastAPI) -> None:
    """Lets the threads of an application go and writes what is held back; blocks."""
    app.state.intake.close()
    app.state.authenticator.passwords.close()
    app.state.authenticator.keys.flush()


def _routers() -> list[APIRouter]:
    return [
        requests.router,
        hec.router,
        otlp.router,
        login.router,
        keys.router,
        preferences.router,
        users.router,
        audit.router,
        settings.router,
        sources.router,
        probes.router,
        *read.routers,
        decisions.router,
        routes.router,
        routes.thresholds,
        socket.router,
    ]
