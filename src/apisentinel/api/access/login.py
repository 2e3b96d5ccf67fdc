"""Logging in and out, who one is, and tickets for the stream."""

import asyncio
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from apisentinel.api.access.audit import record
from apisentinel.api.access.auth import Authenticator, address, cookie_name, is_secure
from apisentinel.api.access.gate import ANONYMOUS, Principal, Role, anybody, needs
from apisentinel.api.access.passwords import MAX_CHARACTERS
from apisentinel.api.access.sessions import SETUP_USER, Login
from apisentinel.api.http.context import get_accounts, get_authenticator, get_clock, get_limits
from apisentinel.api.http.problems import described
from apisentinel.errors import RefusedError

WRONG = "wrong name or password"
VOID = (
    "this one-time token was used, is too old or is none: log in with name and password; while"
    " there is no admin, a restart of the service prints a new one"
)

router = APIRouter(prefix="/api/v1", tags=["login"])


class Credentials(BaseModel):
    """Name and password, or the one-time token."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=1, max_length=100)
    password: str | None = Field(default=None, min_length=1, max_length=MAX_CHARACTERS)
    token: str | None = Field(default=None, min_length=1, max_length=200)

    @model_validator(mode="after")
    def _one_of_both(self) -> "Credentials":
        if (self.token is None) == (self.name is None or self.password is None):
            raise ValueError("send name and password, or token")
        return self


class Me(BaseModel):
    """Who one is and what one may do."""

    name: str
    kind: Literal["user", "key", "anonymous"]
    role: Role | None
    scopes: list[str]
    permissions: list[str]
    csrf: str | None = Field(
        default=None, description="Value of X-CSRF-Token for writes; sessions only."
    )


class Ticket(BaseModel):
    """Opens the stream once: ``/api/v1/stream?ticket=…``."""

    ticket: str
    expires_in: int


class NewPassword(BaseModel):
    """A change of one's own password."""

    model_config = ConfigDict(extra="forbid")

    current: str = Field(max_length=MAX_CHARACTERS)
    new: str = Field(max_length=MAX_CHARACTERS)


def _me(principal: Principal, csrf: str | None) -> Me:
    return Me(
        name=principal.name,
        kind=principal.kind,
        role=principal.role,
        scopes=sorted(principal.scopes),
        permissions=sorted(principal.permissions),
        csrf=csrf,
    )


def _set_cookie(request: Request, response: Response, token: str) -> None:
    settings = request.app.state.service.settings.server
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=settings.sessions.hours * 3600,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )


@router.post(
    "/login",
    dependencies=[Depends(anybody)],
    responses=described(400, 401, 403, 422, 429, 503),
)
async def login(request: Request, response: Response, given: Credentials) -> Me:
    """Begins a session: the cookie in the answer is the session, `csrf` goes with every write."""
    limits = get_limits(request)
    limits.logins.take(f"address {address(request)}", "attempts to log in from this address")
    if given.name is not None:
        limits.logins.take(f"name {given.name}", "attempts to log in with this name")
    authenticator = get_authenticator(request)
    if not authenticator.good_origin(request):
        raise RefusedError(403, "pages of this origin may not log in")
    name = given.name or SETUP_USER
    user = await _user_of(authenticator, given)
    if user is None:
        if limits.failed_logins.wait("all") == 0:
            await asyncio.to_thread(
                record, request, ANONYMOUS, "login", f"user:{name}", "refused 401"
            )
        raise RefusedError(401, VOID if given.token is not None else WRONG)
    old = request.cookies.get(cookie_name(request))
    begun: Login = await asyncio.to_thread(authenticator.sessions.begin, user, replaces=old)
    await asyncio.to_thread(_note, request, begun.principal, user)
    _set_cookie(request, response, begun.token)
    return _me(begun.principal, begun.csrf)


async def _user_of(authenticator: Authenticator, given: Credentials) -> str | None:
    """Id of the user whose credentials these are, None for wrong ones; equally slow for both."""
    if given.token is not None:
        return SETUP_USER if authenticator.sessions.redeem(given.token) else None
    users = await asyncio.to_thread(authenticator.sessions.users)
    user = next((each for each in users if each.name == given.name), None)
    works = user is not None and user.disabled is None
    stored = user.password if user is not None and works else ""
    right = await authenticator.passwords.check(given.password or "", stored)
    return user.id if right and user is not None else None


def _note(request: Request, principal: Principal, user_id: str) -> None:
    accounts = get_accounts(request)
    for user in accounts.users():
        if user.id == user_id:
            accounts.save_user(msgspec.structs.replace(user, last_login=get_clock(request).now()))
    record(request, principal, "login", f"user:{principal.name}")


@router.post("/logout", status_code=204, responses=described(401, 403))
def logout(
    request: Request, principal: Annotated[Principal, Depends(needs("signed_in"))]
) -> Response:
    """Ends the session; keys are not concerned."""
    response = Response(status_code=204)
    token = request.cookies.get(cookie_name(request))
    if principal.session is not None and token is not None:
        get_authenticator(request).sessions.end_cookie(token)
        record(request, principal, "logout", f"user:{principal.name}")
        response.delete_cookie(
            cookie_name(request),
            path="/",
            secure=is_secure(request),
            httponly=True,
            samesite="strict",
        )
    return response


@router.get("/me", responses=described(401))
def me(request: Request, principal: Annotated[Principal, Depends(needs("signed_in"))]) -> Me:
    """Who one is and what one may do."""
    token = request.cookies.get(cookie_name(request))
    csrf = None
    if principal.session is not None and token is not None:
        csrf = get_authenticator(request).sessions.csrf(token)
    return _me(principal, csrf)


@router.post("/me/password", status_code=204, responses=described(401, 403, 409, 422, 503))
async def change_password(
    request: Request,
    given: NewPassword,
    principal: Annotated[Principal, Depends(needs("signed_in"))],
) -> Response:
    """Changes one's own password and ends all other sessions."""
    authenticator = get_authenticator(request)
    users = await asyncio.to_thread(authenticator.sessions.users)
    user = next((each for each in users if each.id == principal.id), None)
    if principal.kind != "user" or user is None:
        raise RefusedError(409, "keys and the first login have no password")
    get_limits(request).logins.take(f"name {user.name}", "attempts with this name")
    if not await authenticator.passwords.check(given.current, user.password):
        raise RefusedError(403, "the current password is wrong")
    hashed = await authenticator.passwords.hash(given.new)

    def save() -> None:
        get_accounts(request).save_user(msgspec.structs.replace(user, password=hashed))
        authenticator.sessions.end_user(user.id)
        record(request, principal, "user.password", f"user:{user.name}")

    await asyncio.to_thread(save)
    return Response(status_code=204)


@router.post("/stream/ticket", responses=described(401, 403, 503))
def ticket(request: Request, principal: Annotated[Principal, Depends(needs("read"))]) -> Ticket:
    """A word that opens the stream once, for those who cannot send a header with it."""
    sessions = get_authenticator(request).sessions
    seconds = request.app.state.service.settings.server.sessions.ticket_seconds
    return Ticket(ticket=sessions.new_ticket(principal), expires_in=seconds)
