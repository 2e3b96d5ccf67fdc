"""Users over HTTP: list, add, change, disable."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from apisentinel.api.access.accounts import User
from apisentinel.api.access.audit import audited
from apisentinel.api.access.gate import Principal, Role, needs
from apisentinel.api.access.passwords import MAX_CHARACTERS
from apisentinel.api.access.people import People
from apisentinel.api.http.context import get_accounts, get_authenticator, get_clock
from apisentinel.api.http.problems import described
from apisentinel.api.query.moments import moment_text

router = APIRouter(prefix="/api/v1/users", tags=["users"])

Admin = Annotated[Principal, Depends(needs("admin"))]


class UserItem(BaseModel):
    """A user without what proves them."""

    id: str
    name: str
    role: Role
    created: str
    disabled: str | None
    last_login: str | None


class UserList(BaseModel):
    """All users, oldest first."""

    items: list[UserItem]
    next: None = None
    total: int


class NewUser(BaseModel):
    """Somebody who shall be able to log in."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    role: Role
    password: str = Field(max_length=MAX_CHARACTERS)


class UserChange(BaseModel):
    """What is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    role: Role | None = None
    password: str | None = Field(default=None, max_length=MAX_CHARACTERS)
    disabled: bool | None = None


def _item(user: User) -> UserItem:
    return UserItem.model_validate(
        {
            "id": user.id,
            "name": user.name,
            "role": user.role,
            "created": moment_text(user.created),
            "disabled": None if user.disabled is None else moment_text(user.disabled),
            "last_login": None if user.last_login is None else moment_text(user.last_login),
        }
    )


def _people(request: Request) -> People:
    return People(get_accounts(request), get_clock(request))


@router.get("", responses=described(401, 403))
def list_users(request: Request, _principal: Admin) -> UserList:
    """All users, disabled ones too."""
    items = [_item(user) for user in _people(request).all()]
    return UserList(items=items, total=len(items))


@router.get("/{user_id}", responses=described(401, 403, 404))
def get_user(request: Request, user_id: str, _principal: Admin) -> UserItem:
    """One user."""
    return _item(_people(request).get(user_id))


@router.post("", status_code=201, responses=described(400, 401, 403, 409, 422, 503))
async def add_user(request: Request, wanted: NewUser, principal: Admin) -> UserItem:
    """Adds a user with a password of at least twelve characters."""
    hashed = await get_authenticator(request).passwords.hash(wanted.password)

    def add() -> User:
        with audited(request, principal, "user.add", name=wanted.name, role=wanted.role) as more:
            user = _people(request).add(name=wanted.name, role=wanted.role, password=hashed)
            more["target"] = f"user:{user.id}"
            get_authenticator(request).sessions.reload()
            return user

    return _item(await asyncio.to_thread(add))


@router.patch("/{user_id}", responses=described(400, 401, 403, 404, 409, 422, 503))
async def change_user(
    request: Request, user_id: str, wanted: UserChange, principal: Admin
) -> UserItem:
    """Changes role, password or access; their sessions end."""
    authenticator = get_authenticator(request)
    hashed = None
    if wanted.password is not None:
        hashed = await authenticator.passwords.hash(wanted.password)
    changes = sorted(wanted.model_fields_set)

    def change() -> User:
        people = _people(request)
        with audited(request, principal, "user.change", f"user:{user_id}", changes=changes):
            user = people.change(
                people.get(user_id), role=wanted.role, password=hashed, disabled=wanted.disabled
            )
            authenticator.sessions.end_user(user_id)
            authenticator.sessions.reload()
            return user

    return _item(await asyncio.to_thread(change))


@router.delete("/{user_id}", responses=described(401, 403, 404, 409))
def disable_user(request: Request, user_id: str, principal: Admin) -> UserItem:
    """Keeps a user out for good; the name stays taken, so that the audit stays clear."""
    people = _people(request)
    with audited(request, principal, "user.disable", f"user:{user_id}"):
        user = people.change(people.get(user_id), disabled=True)
        sessions = get_authenticator(request).sessions
        sessions.end_user(user_id)
        sessions.reload()
    return _item(user)
