"""Settings of the HTTP server and of who may use it."""

from ipaddress import ip_address
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

MIB = 1 << 20


class LimitSettings(BaseModel):
    """What one caller, and all callers together, may ask of the server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bodies_bytes: int = Field(
        default=128 * MIB,
        ge=1 << 20,
        description="Bytes of all ingest bodies that are being received or read at one time;"
        " beyond it callers get 503 and Retry-After.",
    )
    ingest_threads: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Bodies that are decompressed, parsed and waiting for the disk at one time.",
    )
    queue_bytes: int = Field(
        default=16 * MIB,
        ge=1 << 16,
        description="Bytes of bodies in work from which further ones get 503 and Retry-After; two"
        " cores take them in within a second. A compressed byte counts eight times.",
    )
    management_bytes: int = Field(
        default=1 * MIB,
        ge=1 << 10,
        le=64 * MIB,
        description="Largest body of any other request.",
    )
    key_per_minute: int = Field(
        default=60_000, ge=1, description="Requests per minute with one key or one session."
    )
    anonymous_per_minute: int = Field(
        default=600,
        ge=1,
        description="Requests per minute without a valid key or session, per address.",
    )
    logins_per_minute: int = Field(
        default=10, ge=1, description="Attempts to log in per minute, per address and per name."
    )
    header_seconds: int = Field(
        default=15,
        ge=1,
        le=600,
        description="A connection that has not sent a whole request header for so long is closed,"
        " one that says nothing between two requests, too.",
    )
    body_seconds: int = Field(
        default=30,
        ge=1,
        le=600,
        description="A body of which nothing arrives for so long is given up.",
    )


class SessionSettings(BaseModel):
    """How long a login lasts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    idle_minutes: int = Field(default=60, ge=1, description="A session unused for so long ends.")
    hours: int = Field(default=12, ge=1, description="Every session ends after so many hours.")
    token_hours: int = Field(
        default=24, ge=1, description="The one-time token of the first run is valid for so long."
    )
    ticket_seconds: int = Field(
        default=30, ge=5, le=600, description="A ticket for the stream is valid for so long, once."
    )


class ServerSettings(BaseModel):
    """Where the service listens, how it is reached and what it allows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; the default is this machine only."
    )
    port: int = Field(default=8080, ge=0, le=65535, description="Port; 0 picks a free one.")
    tls_cert: Path | None = Field(default=None, description="Certificate chain as PEM.")
    tls_key: Path | None = Field(default=None, description="Private key of the certificate, PEM.")
    tls_client_ca: Path | None = Field(
        default=None, description="Clients must show a certificate of this authority, PEM."
    )
    root_path: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="Path under which a proxy publishes the service, such as /sentinel.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names by which the service may be addressed besides localhost and any plain"
        " address; * allows all. It stops pages that point a name of theirs at this machine.",
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(),
        description="Origins besides its own from which pages may write or open the stream.",
    )
    trusted_hops: int = Field(
        default=0,
        ge=0,
        le=16,
        description="Proxies of your own in front of the service whose X-Forwarded-For and"
        " X-Forwarded-Proto are believed; 0 believes none.",
    )
    metrics_open: bool | None = Field(
        default=None,
        description="Whether /metrics needs no key. Default: only when bound to the loopback.",
    )
    drain_seconds: float = Field(
        default=10.0, ge=0.1, le=600, description="Time that stopping may take."
    )
    limits: LimitSettings = LimitSettings()
    sessions: SessionSettings = SessionSettings()

    @field_validator("allowed_origins")
    @classmethod
    def _plain_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise ValueError(f"{origin!r} is no origin; write it as https://name[:port]")
        return value

    @model_validator(mode="after")
    def _both_tls_files(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key belong together: give both or none")
        if self.tls_client_ca is not None and self.tls_cert is None:
            raise ValueError("tls_client_ca needs tls_cert and tls_key")
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service.

        Example:
            >>> ServerSettings().is_loopback, ServerSettings(host="0.0.0.0").is_loopback
            (True, False)
        """
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
