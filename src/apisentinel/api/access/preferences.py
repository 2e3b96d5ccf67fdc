"""What a user likes: theme, density, keys, first screen; kept with the account, so that it is the
same in every browser.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, Field, StringConstraints

from apisentinel.api.access.gate import Principal, needs
from apisentinel.api.http.answers import Json
from apisentinel.api.http.context import get_service
from apisentinel.api.http.problems import described
from apisentinel.pipeline.service import Service

MOST_AT_ONCE: Final = 100
"""Preferences that are set in one request."""

router = APIRouter(prefix="/api/v1/me/preferences", tags=["access"])

Self = Annotated[Principal, Depends(needs("signed_in"))]
TheService = Annotated[Service, Depends(get_service)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class Preferences(BaseModel):
    """All preferences of the one who asks, by name."""

    preferences: dict[str, Any] = Field(examples=[{"theme": "dark", "density": "compact"}])


@router.get("", responses=described(401, 403), response_model=Preferences)
def get_preferences(principal: Self, service: TheService) -> Json:
    """One's own preferences; of a key those of that key's name."""
    return Json({"preferences": service.control.preferences(principal.actor)})


@router.put("", responses=described(401, 403, 409, 422), response_model=Preferences)
def set_preferences(
    principal: Self,
    service: TheService,
    given: Annotated[
        dict[Name, Any],
        Body(max_length=MOST_AT_ONCE, description="Null forgets one; the others stay."),
    ],
) -> Json:
    """Sets some of one's own preferences and gives all."""
    return Json({"preferences": service.control.save_preferences(principal.actor, given)})
