"""Settings of the comparison of endpoints where people sign in."""

from pydantic import Field

from apisentinel.detectors.base import DetectorSettings


class SprayingSettings(DetectorSettings):
    """Settings of the comparison of endpoints."""

    slices: bool = Field(
        default=False,
        description="Tests first outcomes for each network and each program of an endpoint, too:"
        " for campaigns of a few tries a day that share a rare program or a rented network.",
    )
