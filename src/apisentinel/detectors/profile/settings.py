"""Settings of the learned profile."""

from typing import Literal

from pydantic import Field

from apisentinel.detectors.base import DetectorSettings


class ProfileSettings(DetectorSettings):
    """Bounds of what is learned, and how much it counts."""

    sample_requests: int = Field(
        default=200_000,
        ge=1_000,
        le=2_000_000,
        description="Requests kept for learning; more only sharpen what is known, and each takes"
        " about half a KiB while training.",
    )
    endpoint_requests: int = Field(
        default=20_000,
        ge=200,
        le=200_000,
        description="Requests kept of one path and method, so that a busy endpoint leaves room for"
        " the others.",
    )
    categories: int = Field(
        default=1 << 19,
        ge=1 << 12,
        le=1 << 21,
        description="Different properties remembered of all parameters, a power of two; each takes"
        " 32 bytes.",
    )
    trim: float = Field(
        default=0.05,
        ge=0.0,
        le=0.2,
        description="Share of the most unusual training requests that may be left out, because"
        " training traffic may hold attacks.",
    )
    actor_share: float = Field(
        default=0.05,
        gt=0.0,
        le=1.0,
        description="Largest share that one client has in what is learned of an endpoint.",
    )
    online: Literal["never", "service", "always"] = Field(
        default="service",
        description="Where the profile is learned from the traffic that is judged: nowhere, in a"
        " running service, or in every scan, too. A profile of a bundle goes first.",
    )
    online_requests: int = Field(
        default=16_384,
        ge=1_000,
        le=200_000,
        description="Requests kept for learning from the traffic that is judged, in each of two"
        " generations twice as many at most; checkpoints hold them.",
    )
