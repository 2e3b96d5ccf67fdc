"""The OpenAPI document: for those who may read, with how to prove who one is."""

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi

from apisentinel.api.access.gate import declared_permissions, needs
from apisentinel.api.http.problems import Problem, described

PATH = "/api/v1/openapi.json"

SECURITY = {
    "key": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "key_header": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "apisentinel",
        "description": "Writes also send X-CSRF-Token; under TLS the name is __Host-apisentinel.",
    },
}

OPEN = frozenset({"public", "metrics"})
"""Permissions that need no key."""


def add_description(app: FastAPI) -> None:
    """Adds the route of the document, and makes the document say which permission a route needs."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way

    @app.get(PATH, dependencies=[Depends(needs("read"))], tags=["operations"])
    def description() -> dict[str, Any]:
        """This document."""
        return document()


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description="Detects attacks on APIs in their traffic. Errors are problem documents.",
        routes=app.routes,
    )
    parts = document.setdefault("components", {})
    parts["securitySchemes"] = SECURITY
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    permissions = {
        (route.path.replace(":path}", "}"), method.lower()): route.permission
        for route in declared_permissions(app.routes)
        for method in route.methods
    }
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            permission = permissions.get((path, method))
            operation["x-permission"] = permission
            operation["security"] = [] if permission in OPEN else [{name: []} for name in SECURITY]
            _add_answers(operation.setdefault("responses", {}), method, path)
    return document


def _add_answers(responses: dict[str, Any], method: str, path: str) -> None:
    """Adds what gate, guard, limits and server may answer, whatever a route does."""
    statuses = [400, 401, 403, 422, 429, 503]
    if method in {"post", "put", "patch"}:
        statuses += [408, 413]
    if "{" in path:
        statuses.append(404)
    # FastAPI describes its own form of 422, which we do not send
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]
    for status, answer in described(*statuses).items():
        responses.setdefault(str(status), answer)
    for status, words in ((414, "The address is too long."), (431, "The headers are too large.")):
        responses.setdefault(str(status), {"description": words})
