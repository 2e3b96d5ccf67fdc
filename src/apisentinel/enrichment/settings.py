"""Settings of the enrichment."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class GeoSettings(BaseModel):
    """Local databases of networks and places, in the MaxMind format; read when a scan or the
    service starts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    asn: Path | None = Field(
        default=None, description="Database of autonomous systems, such as GeoLite2-ASN.mmdb."
    )
    country: Path | None = Field(
        default=None,
        description="Database of countries or cities, such as GeoLite2-City.mmdb; cities give"
        " impossible travel its distances.",
    )


class EnrichmentSettings(BaseModel):
    """How requests are attributed to clients."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agents: int = Field(
        default=1 << 15,
        ge=256,
        description="Different user agents that are not classified again; later ones still are.",
    )
    geo: GeoSettings = GeoSettings()
