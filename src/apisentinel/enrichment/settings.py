"""Settings of the enrichment."""

from pydantic import BaseModel, ConfigDict, Field


class EnrichmentSettings(BaseModel):
    """How requests are attributed to clients."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agents: int = Field(
        default=1 << 15,
        ge=256,
        description="Different user agents that are not classified again; later ones still are.",
    )
