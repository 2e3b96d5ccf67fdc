"""Settings of the sources that the service reads by itself."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

NAME = Field(
    default="", max_length=64, description="Name in counters and events; made up when empty."
)
FORMAT = Field(
    default="auto", description="Format of the lines, see 'apisentinel formats', or auto."
)


class TailSettings(BaseModel):
    """Log files that are followed as they grow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["file", "log"] = "file"
    path: str = Field(min_length=1, description="File or glob; files that appear later count, too.")
    name: str = NAME
    format: str = FORMAT
    start: Literal["end", "beginning"] = Field(
        default="end", description="Where a file is begun that was never followed before."
    )
    poll_seconds: float = Field(
        default=0.25, gt=0, le=60, description="Pause between two looks at a file."
    )
    max_files: int = Field(
        default=256, ge=1, le=4096, description="Files that are followed at once; each is open."
    )


class SyslogSettings(BaseModel):
    """A port that takes syslog messages whose text is a log line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["syslog"] = "syslog"
    protocol: Literal["udp", "tcp", "tls"] = "udp"
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=5514, ge=0, le=65535, description="Port; 0 takes a free one.")
    name: str = NAME
    format: str = FORMAT
    tls_cert: str | None = Field(default=None, description="PEM file of the certificate chain.")
    tls_key: str | None = Field(default=None, description="PEM file of its key.")
    tls_client_ca: str | None = Field(
        default=None, description="PEM file of the authority whose clients alone are let in."
    )
    max_message_bytes: int = Field(
        default=64 << 10, ge=480, le=1 << 20, description="Longest message; longer ones are cut."
    )
    max_connections: int = Field(
        default=256, ge=1, le=10_000, description="Connections at once; further ones are closed."
    )
    idle_seconds: float = Field(
        default=600.0, gt=0, description="Silence after which a connection is closed."
    )
    partial_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Time for the handshake, and for a message once it has begun.",
    )
    queue_bytes: int = Field(
        default=16 << 20,
        ge=1 << 16,
        description="Datagrams that wait to be written; further ones are shed and counted.",
    )

    @model_validator(mode="after")
    def _complete(self) -> "SyslogSettings":
        if self.protocol == "tls" and not (self.tls_cert and self.tls_key):
            raise ValueError("protocol tls needs tls_cert and tls_key")
        if self.protocol != "tls" and (self.tls_cert or self.tls_key or self.tls_client_ca):
            raise ValueError("tls_cert, tls_key and tls_client_ca need protocol = tls")
        return self


Input = Annotated[TailSettings | SyslogSettings, Field(discriminator="type")]


class SourceSettings(BaseModel):
    """What the service reads beside what is sent to it over HTTP."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: tuple[Input, ...] = Field(
        default=(), max_length=256, description="Files to follow and ports to listen on."
    )
