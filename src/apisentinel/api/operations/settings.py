"""The effective settings, and the few of them that change while the service runs."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apisentinel.api.access.audit import audited
from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.context import get_service
from apisentinel.api.http.limits import Limits
from apisentinel.api.http.problems import described
from apisentinel.errors import RefusedError
from apisentinel.pipeline.server_settings import LimitSettings

STORED: Final = "live"
"""Name under which changes are kept in the control store."""

MASK: Final = "********"
SECRET_WORDS: Final = ("password", "secret", "token", "passphrase")
"""Settings with one of these words in their last name are shown masked."""

NOT_SECRET: Final = frozenset({"token_hours"})

PREFIX: Final = "server.limits."
LIVE: Final[dict[str, Callable[[Limits], Callable[[int], None]]]] = {
    f"{PREFIX}key_per_minute": lambda limits: limits.keys.change,
    f"{PREFIX}anonymous_per_minute": lambda limits: limits.anonymous.change,
    f"{PREFIX}logins_per_minute": lambda limits: limits.logins.change,
}
"""Settings that change at once, and how."""

router = APIRouter(
    prefix="/api/v1/settings", tags=["settings"], dependencies=[Depends(needs("admin"))]
)


class Settings(BaseModel):
    """The effective settings."""

    settings: dict[str, Any] = Field(description="As in the settings file; secrets are masked.")
    changed: dict[str, int] = Field(description="Changed while running, by dotted name.")
    changeable: list[str] = Field(description="Names that PUT takes.")


class Changes(BaseModel):
    """New values by dotted name; null takes a change back."""

    model_config = ConfigDict(extra="forbid")

    changes: dict[str, int | None] = Field(min_length=1, max_length=100)


@router.get("", responses=described(401, 403))
def get_settings(request: Request) -> Settings:
    """The settings that are in force."""
    stored = _stored(request.app)
    shown = masked(get_service(request).settings.model_dump(mode="json"))
    for name, value in stored.items():
        shown["server"]["limits"][name.removeprefix(PREFIX)] = value
    return Settings(settings=shown, changed=stored, changeable=sorted(LIVE))


@router.put("", responses=described(400, 401, 403, 422))
def put_settings(
    request: Request, wanted: Changes, principal: Annotated[Principal, Depends(needs("admin"))]
) -> Settings:
    """Changes settings at once and for the starts to come; the settings file stays as it is."""
    with audited(request, principal, "settings.change", "settings", changes=wanted.changes):
        stored = _stored(request.app)
        for name, value in wanted.changes.items():
            if name not in LIVE:
                raise RefusedError(
                    422, f"{name[:80]} cannot change while the service runs; set it in its file"
                )
            stored.pop(name, None)
            if value is not None:
                stored[name] = value
        in_force = _validated(request.app, stored)
        get_service(request).control.save_setting(STORED, stored, principal.actor)
        _apply(request.app, in_force)
    return get_settings(request)


def apply_stored(app: FastAPI) -> None:
    """Puts changes of earlier runs in force."""
    _apply(app, _validated(app, _stored(app)))


def masked(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with the secrets among them replaced.

    Example:
        >>> masked({"smtp": {"user": "me", "password": "hunter2"}, "token_hours": 1})
        {'smtp': {'user': 'me', 'password': '********'}, 'token_hours': 1}
    """
    shown: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            shown[name] = masked(value)
        elif name not in NOT_SECRET and any(word in name for word in SECRET_WORDS):
            shown[name] = MASK if value is not None else None
        else:
            shown[name] = value
    return shown


def _stored(app: FastAPI) -> dict[str, int]:
    found = app.state.service.control.setting(STORED)
    values = found[0] if found is not None else {}
    return {name: value for name, value in values.items() if name in LIVE}


def _validated(app: FastAPI, stored: Mapping[str, int]) -> LimitSettings:
    limits: LimitSettings = app.state.service.settings.server.limits
    values = {name.removeprefix(PREFIX): value for name, value in stored.items()}
    try:
        return LimitSettings.model_validate({**limits.model_dump(), **values})
    except ValidationError as problem:
        faults = "; ".join(f"{PREFIX}{each['loc'][0]}: {each['msg']}" for each in problem.errors())
        raise RefusedError(422, faults) from None


def _apply(app: FastAPI, settings: LimitSettings) -> None:
    for name, change in LIVE.items():
        change(app.state.limits)(getattr(settings, name.removeprefix(PREFIX)))
