"""Settings of the door."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

MIB = 1 << 20


class DoorSettings(BaseModel):
    """What is taken in, and when it is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_body_bytes: int = Field(
        default=20 * MIB,
        ge=1 << 10,
        le=512 * MIB,
        description="Largest body of one submission after decompression; OTLP recommends 20 MiB.",
    )
    max_records: int = Field(
        default=100_000,
        ge=1,
        le=1 << 20,
        description="Most records of one submission; each takes 200 bytes beside its text.",
    )
    max_record_bytes: int = Field(
        default=1 * MIB,
        ge=1 << 8,
        le=4 * MIB,
        description="Largest record; two bodies of the size that is kept, in base64, take 180 KiB.",
    )
    max_errors: int = Field(
        default=1000,
        ge=1,
        description="Broken records listed in an answer; further ones are counted.",
    )
    max_future_seconds: float = Field(
        default=300.0,
        ge=0,
        description="How far a time may lie in the future before the time of arrival replaces it.",
    )
    backlog_bytes: int = Field(
        default=256 * MIB,
        ge=1 * MIB,
        description="Encoded bytes that may wait for judgement; more is refused with 429.",
    )
    commit_timeout_seconds: float = Field(
        default=30.0,
        gt=0,
        description="How long a submission waits for the disk before it is refused with 503.",
    )
    dedup_ids: int = Field(
        default=5_000_000,
        ge=1024,
        description="Newest event ids that are remembered to recognise repeated events.",
    )
    redact: bool = Field(
        default=True,
        description="Replace declared secrets before anything is written to disk.",
    )
    hash_ids: bool = Field(
        default=False,
        description="Store user, session and credential ids as keyed hashes.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "DoorSettings":
        if self.backlog_bytes < self.max_body_bytes:
            raise ValueError(
                f"backlog_bytes ({self.backlog_bytes:,}) must be at least max_body_bytes "
                f"({self.max_body_bytes:,}), or the largest body could never be accepted"
            )
        return self
