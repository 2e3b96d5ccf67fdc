"""Everything that can be read, one file per resource."""

from fastapi import APIRouter

from apisentinel.api.read import (
    alerts,
    detectors,
    downloads,
    endpoints,
    entities,
    events,
    figures,
    incidents,
    views,
)

routers: list[APIRouter] = [
    figures.router,
    events.router,
    alerts.router,
    incidents.router,
    entities.router,
    endpoints.router,
    views.router,
    detectors.router,
    downloads.router,
]
"""What the application includes."""

__all__ = ["routers"]
