"""What the ensemble may say."""

from pydantic import Field

from apisentinel.detectors.base import DetectorSettings


class AnomalySettings(DetectorSettings):
    """Switch, weight and restraint of the ensemble."""

    prior: bool = Field(
        default=True,
        description="Use the models that come with the product, beside a trained bundle and without"
        " one. They were trained on simulated traffic alone.",
    )
    sequence: bool = Field(
        default=False,
        description="Sessions are also told to the sequence model, when the bundle has one.",
    )
    peers: int = Field(
        default=30,
        ge=1,
        description="Entities of a kind that have to be known before the ensemble alerts alone.",
    )
    usual_share: float = Field(
        default=0.1,
        gt=0.0,
        lt=1.0,
        description="Share of the peers that may look as odd as an entity while it counts in full;"
        " from two and a half times this share on it counts for nothing.",
    )
