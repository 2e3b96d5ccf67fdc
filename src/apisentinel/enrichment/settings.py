"""Settings of the enrichment."""

from pydantic import BaseModel, ConfigDict, Field


class EnrichmentSettings(BaseModel):
    """How requests are attributed to clients."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trusted_hops: int = Field(
        default=0,
        ge=0,
        le=16,
        description="Own proxies that append to X-Forwarded-For, the peer included; 0 ignores "
        "what clients write there.",
    )
    agents: int = Field(
        default=1 << 15,
        ge=256,
        description="Different user agents that are not classified again; later ones still are.",
    )
