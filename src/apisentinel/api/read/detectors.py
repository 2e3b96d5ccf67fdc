"""The cards of the detectors: what each catches and misses, so that nobody needs the documentation
to read an explanation.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from msgspec import structs
from pydantic import Field

from apisentinel.api.access.gate import needs
from apisentinel.api.http.answers import Json
from apisentinel.api.http.context import get_service
from apisentinel.api.read.models import Listing, Shape, problems
from apisentinel.errors import RefusedError
from apisentinel.pipeline.detector_cards import DetectorCard, card_named, detector_cards
from apisentinel.pipeline.explaining import card_of
from apisentinel.pipeline.service import Service

router = APIRouter(
    prefix="/api/v1/detectors", tags=["detectors"], dependencies=[Depends(needs("read"))]
)

TheService = Annotated[Service, Depends(get_service)]
Name = Annotated[str, Path(max_length=64, examples=["brute_force"])]


class DetectorRow(Shape):
    """A detector as its card tells; code in the texts stands between backticks."""

    id: str = Field("", examples=["brute_force"])
    text: list[str] = Field([], description="What it looks at, a paragraph each.")
    catches: str = ""
    misses: str = ""
    cost: str = ""
    references: str = ""
    page: str = Field("", description="Its page below the address of the documentation.")
    enabled: bool = True
    weight: float = Field(1.0, description="Factor on what it says.")


def _shown(card: DetectorCard, service: Service) -> dict[str, Any]:
    wanted = getattr(service.settings.detection.detectors, card.id)
    return {
        **structs.asdict(card),
        "page": card_of(card.id),
        "enabled": wanted.enabled,
        "weight": wanted.weight,
    }


@router.get("", response_model=Listing[DetectorRow], responses=problems(), summary="List detectors")
def list_detectors(service: TheService) -> Json:
    """All detectors with what they catch and miss."""
    items = [_shown(card, service) for card in detector_cards().values()]
    return Json({"items": items, "next": None, "total": len(items)})


@router.get(
    "/{name}", response_model=DetectorRow, responses=problems(404), summary="Show a detector"
)
def show_detector(name: Name, service: TheService) -> Json:
    """One detector, by its id or a name that evidence goes by."""
    card = card_named(name)
    if card is None:
        raise RefusedError(404, "there is no detector of this name")
    return Json(_shown(card, service))
