"""Puts the application together: routes, errors, limits, the gate and the guard around all."""

import importlib.util
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI

from apisentinel import __version__
from apisentinel.api.access import refuse_undeclared
from apisentinel.api.accounts import Accounts
from apisentinel.api.auth import Authenticator
from apisentinel.api.guard import Guard
from apisentinel.api.limits import Limits
from apisentinel.api.problems import add_handlers
from apisentinel.api.secret import Secret, load_secret
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
    settings = service.settings.server
    app = FastAPI(
        title="API Sentinel",
        version=__version__,
        # Their pages load scripts from elsewhere; the document itself has a route that needs read.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    app.state.clock = clock
    app.state.limits = Limits(settings.limits, clock)
    app.state.authenticator = Authenticator(
        accounts or _stored(service),
        secret or load_secret(service.settings.data_dir),
        settings,
        app.state.limits,
        clock,
    )
    add_handlers(app)
    for router in _routers():
        app.include_router(router)
    refuse_undeclared(app.routes)
    app.add_middleware(Guard, settings=settings)
    return app


def _stored(service: "Service") -> Accounts:
    raise NotImplementedError


def _routers() -> Iterator[APIRouter]:
    for name, attribute in (("read", "routers"), ("stream", "router")):
        if importlib.util.find_spec(f"apisentinel.api.{name}") is None:
            continue
        module = importlib.import_module(f"apisentinel.api.{name}")
        found = getattr(module, attribute, ())
        yield from found if isinstance(found, list | tuple) else [found]
