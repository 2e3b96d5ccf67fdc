"""API keys over HTTP: list, create, rotate, revoke."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from apisentinel.api.access.accounts import Key
from apisentinel.api.access.audit import audited
from apisentinel.api.access.gate import Principal, Scope, needs
from apisentinel.api.http.context import get_authenticator, get_clock
from apisentinel.api.http.problems import described
from apisentinel.api.query.moments import moment_text

DAY_US = 86_400_000_000

router = APIRouter(prefix="/api/v1/keys", tags=["keys"])

Admin = Annotated[Principal, Depends(needs("admin"))]


class KeyItem(BaseModel):
    """A key without the key."""

    id: str
    name: str
    scopes: list[Scope]
    state: Literal["active", "expired", "revoked"]
    created: str
    created_by: str
    expires: str | None
    last_used: str | None
    revoked: str | None
    replaced_by: str | None


class KeyList(BaseModel):
    """All keys, oldest first."""

    items: list[KeyItem]
    next: None = None
    total: int


class NewKey(BaseModel):
    """What a key is to be."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(min_length=1, max_length=5)
    expires_days: int | None = Field(default=None, ge=1, le=3650)


class Rotation(BaseModel):
    """How long the old key works beside the new one."""

    model_config = ConfigDict(extra="forbid")

    overlap_seconds: int = Field(default=86_400, ge=0, le=30 * 86_400)


class MadeKey(KeyItem):
    """A new key; `key` is told this once."""

    key: str


def _text(ts: int | None) -> str | None:
    return None if ts is None else moment_text(ts)


def _fields(key: Key, now: int) -> dict[str, object]:
    state = "active" if key.works(now) else "revoked" if key.revoked is not None else "expired"
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "state": state,
        "created": moment_text(key.created),
        "created_by": key.created_by,
        "expires": _text(key.expires),
        "last_used": _text(key.last_used),
        "revoked": _text(key.revoked),
        "replaced_by": key.replaced_by,
    }


@router.get("", responses=described(401, 403))
def list_keys(request: Request, _principal: Admin) -> KeyList:
    """All keys with when they were last used, revoked ones too."""
    ring = get_authenticator(request).keys
    ring.flush()
    now = get_clock(request).now()
    items = [KeyItem.model_validate(_fields(key, now)) for key in ring.all()]
    return KeyList(items=items, total=len(items))


@router.post("", status_code=201, responses=described(400, 401, 403, 409, 422))
def create_key(request: Request, wanted: NewKey, principal: Admin) -> MadeKey:
    """Makes a key. It is in the answer and nowhere else: keep it."""
    now = get_clock(request).now()
    expires = None if wanted.expires_days is None else now + wanted.expires_days * DAY_US
    scopes = [str(scope) for scope in wanted.scopes]
    with audited(request, principal, "key.create", name=wanted.name, scopes=scopes) as more:
        text, key = get_authenticator(request).keys.create(
            name=wanted.name, scopes=tuple(scopes), actor=principal.actor, expires=expires
        )
        more["target"] = f"key:{key.id}"
    return MadeKey.model_validate({**_fields(key, now), "key": text})


@router.post("/{key_id}/rotate", status_code=201, responses=described(400, 401, 403, 404, 409, 422))
def rotate_key(
    request: Request, key_id: str, principal: Admin, rotation: Rotation | None = None
) -> MadeKey:
    """Makes a successor with the same name and scopes; the old key works on for a while."""
    overlap = (rotation or Rotation()).overlap_seconds
    with audited(request, principal, "key.rotate", f"key:{key_id}", overlap=overlap) as more:
        text, key = get_authenticator(request).keys.rotate(
            key_id, overlap_seconds=overlap, actor=principal.actor
        )
        more["successor"] = key.id
    return MadeKey.model_validate({**_fields(key, get_clock(request).now()), "key": text})


@router.delete("/{key_id}", responses=described(401, 403, 404))
def revoke_key(request: Request, key_id: str, principal: Admin) -> KeyItem:
    """Ends a key for good, at once."""
    with audited(request, principal, "key.revoke", f"key:{key_id}"):
        key = get_authenticator(request).keys.revoke(key_id)
    return KeyItem.model_validate(_fields(key, get_clock(request).now()))
