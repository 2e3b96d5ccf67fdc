"""The audit: every change with who, what and how it ended; reading and verifying it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from apisentinel.api.access.auth import address
from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.context import get_accounts, get_service
from apisentinel.api.http.problems import described
from apisentinel.api.query.moments import moment_text
from apisentinel.errors import ApiSentinelError, RefusedError
from apisentinel.storage.query import Page

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[Depends(needs("admin"))])


def record(
    connection: HTTPConnection,
    principal: Principal,
    action: str,
    target: str,
    result: str = "done",
    **detail: Any,
) -> None:
    """Appends to the audit; blocks.

    Args:
        connection: Of the request, for its address.
        principal: Who asked.
        action: Such as ``key.create``.
        target: What it was done to: an id, never a secret.
        result: ``done`` or ``refused …``.
        detail: Plain data, no secrets.

    Raises:
        StoreError: The disk refuses; what is not in the audit must not be answered as done.
    """
    get_accounts(connection).audit(
        actor=principal.actor,
        action=action,
        target=target,
        result=result,
        detail={"address": address(connection), **detail},
    )


@contextmanager
def audited(
    connection: HTTPConnection, principal: Principal, action: str, target: str = "", **detail: Any
) -> Iterator[dict[str, Any]]:
    """Puts a change into the audit, whether it succeeds or is refused.

    Yields:
        More detail, to be filled in; ``target`` in it replaces the target.
    """
    more: dict[str, Any] = {}
    try:
        yield more
    except ApiSentinelError as error:
        status = error.status if isinstance(error, RefusedError) else "by an error"
        record(connection, principal, action, target, f"refused {status}", **detail)
        raise
    target = str(more.pop("target", target))
    record(connection, principal, action, target, **detail, **more)


class Entry(BaseModel):
    """One change, or one that was refused."""

    number: int
    ts: str
    actor: str
    action: str
    target: str
    result: str
    detail: dict[str, Any]


class Entries(BaseModel):
    """A page of the audit, newest first."""

    items: list[Entry]
    next: str | None
    total: int


class Verdict(BaseModel):
    """Whether the chain of the audit is whole."""

    ok: bool
    entries: int
    head: str
    removed: int = 0
    problem: str | None = None
    number: int | None = None


@router.get("", responses=described(400, 401, 403))
def entries(
    request: Request,
    cursor: Annotated[str | None, Query(max_length=8192)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Entries:
    """Who changed what, newest first."""
    page = Page(sort="number", descending=True, cursor=cursor, limit=limit)
    found = get_service(request).control.list_audit([], page)
    items = [Entry(**{**item, "ts": moment_text(item["ts"])}) for item in found.items]
    return Entries(items=items, next=found.next, total=found.total)


@router.get("/verify", responses=described(401, 403))
def verify(request: Request) -> Verdict:
    """Walks the whole chain and tells where it is broken, if it is.

    `removed` entries before those are gone by age or number; the chain begins after them.

    Note `head` elsewhere: only with it can a chain that was written anew be told from the true one.
    """
    found = get_service(request).control.audit_verify()
    return Verdict(
        ok=found.good,
        entries=found.entries,
        head=found.head.digest.hex(),
        removed=found.removed,
        problem=found.problem,
        number=found.number or None,
    )
