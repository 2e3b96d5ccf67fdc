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


class BotSettings(BaseModel):
    """Local files by which programs are known that come under their own name; read when a scan or
    the service starts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ranges: dict[str, Path] = Field(
        default_factory=dict,
        description="Word of a user agent, such as googlebot → file with the networks that its"
        " operator publishes: JSON, or one network a line.",
    )
    keys: tuple[Path, ...] = Field(
        default=(),
        description="JWKS files with Ed25519 keys for Web Bot Auth, each named by the host of"
        " Signature-Agent, such as bot.example.json.",
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
    bots: BotSettings = BotSettings()
