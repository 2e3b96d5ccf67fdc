"""Settings of the stores."""

from pydantic import BaseModel, ConfigDict, Field

MIB = 1 << 20


class JournalSettings(BaseModel):
    """How accepted batches are kept until they are judged, and some time after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segment_bytes: int = Field(
        default=64 * MIB,
        ge=64 << 10,
        description="Size at which the journal begins a new file; space is freed file by file.",
    )
    segment_hours: float = Field(
        default=1.0, gt=0, description="Age at which the journal begins a new file."
    )
    group_window_ms: float = Field(
        default=0.0,
        ge=0,
        le=20,
        description="How long a commit waits for more batches. What arrives during a commit goes"
        " into the next one anyway, so 0 costs nothing under load.",
    )
    group_bytes: int = Field(
        default=32 * MIB, ge=64 << 10, description="Compressed size of one commit at most."
    )
    queue_bytes: int = Field(
        default=64 * MIB,
        ge=64 << 10,
        description="Compressed batches that may wait for the disk; more are refused.",
    )
    tail_bytes: int = Field(
        default=32 * MIB,
        ge=0,
        description="Batches that wait for judgement in memory, about half a second of them; those"
        " beyond are read back from disk.",
    )
    compression_level: int = Field(default=1, ge=1, le=19, description="Level of zstd.")
    keep_hours: float = Field(
        default=24.0,
        ge=0,
        description="How long judged batches are kept, for deduplication after a restart.",
    )
    keep_bytes: int = Field(
        default=2048 * MIB, ge=0, description="Size that judged batches may take up."
    )
    idempotency_keys: int = Field(
        default=100_000, ge=0, description="Newest Idempotency-Key answers that are remembered."
    )
    checkpoints: int = Field(
        default=2, ge=1, le=10, description="Checkpoints kept; older ones are a fallback."
    )
    retry_seconds: float = Field(
        default=1.0, ge=0, description="Pause between attempts to write after the disk refused."
    )


class DiskSettings(BaseModel):
    """When the disk counts as full."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    warn_percent: float = Field(default=85.0, gt=0, le=100, description="Used space that warns.")
    refuse_percent: float = Field(
        default=90.0, gt=0, le=100, description="Used space at which nothing more is taken in."
    )
    ballast_percent: float = Field(
        default=95.0, gt=0, le=100, description="Used space at which the ballast file is given up."
    )
    min_free_bytes: int = Field(
        default=256 * MIB, ge=0, description="Free space below which nothing more is taken in."
    )
    ballast_bytes: int = Field(
        default=64 * MIB,
        ge=0,
        description="Space kept in reserve, so that retention can work on a full disk.",
    )
    check_seconds: float = Field(
        default=1.0, ge=0, description="How old a look at the disk may be."
    )


class EventSettings(BaseModel):
    """How judged requests are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flush_rows: int = Field(
        default=20_000,
        ge=1,
        description="Rows at which what is queued is written; a row in a write of 20,000 costs two"
        " thirds of one in a write of 5,000.",
    )
    flush_ms: int = Field(
        default=500, ge=1, le=10_000, description="Age at which what is queued is written."
    )
    queue_rows: int = Field(
        default=100_000,
        ge=1,
        description="Rows that may wait, 400 bytes each; then the pipeline is slowed down.",
    )
    hot_days: int = Field(
        default=2,
        ge=1,
        description="Days kept in the database; older, finished ones become Parquet files.",
    )
    keep_days: int = Field(default=30, ge=1, description="Days after which events are removed.")
    keep_bytes: int = Field(
        default=50 * 1024 * MIB, ge=0, description="Size that Parquet files may take up."
    )
    memory_bytes: int = Field(
        default=128 * MIB,
        ge=64 * MIB,
        description="Memory that the database may take up; larger queries use the disk. With twice"
        " as much, questions to ten million events take a tenth less CPU.",
    )
    threads: int = Field(default=2, ge=1, le=64, description="Threads of one query.")
    maintenance_seconds: float = Field(
        default=60.0, gt=0, description="Pause between looks for days to export or remove."
    )


class FindingSettings(BaseModel):
    """How long alerts, incidents and the audit are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_days: int = Field(
        default=180,
        ge=1,
        description="Days without a change after which incidents that have ended are removed with"
        " their alerts. Incidents that are open, commented, assigned or acknowledged stay.",
    )
    keep_alert_days: int = Field(
        default=90,
        ge=1,
        description="Days after which alerts that belong to no incident are removed.",
    )
    most_incidents: int = Field(
        default=100_000,
        ge=1,
        description="Incidents kept. Beyond that the oldest give way: first those that have ended,"
        " then those that somebody has worked on, open ones last.",
    )
    most_alerts: int = Field(
        default=1_000_000,
        ge=1,
        description="Alerts kept. Beyond that the oldest give way, first those of no incident.",
    )
    audit_days: int = Field(
        default=730, ge=1, description="Days after which entries of the audit are removed."
    )
    most_audit: int = Field(
        default=1_000_000,
        ge=100,
        description="Entries of the audit kept; beyond that the oldest give way.",
    )


class StorageSettings(BaseModel):
    """Everything that the stores can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    journal: JournalSettings = JournalSettings()
    disk: DiskSettings = DiskSettings()
    events: EventSettings = EventSettings()
    findings: FindingSettings = FindingSettings()
    dedup_ids: int = Field(
        default=4_000_000,
        ge=1_024,
        description="Newest event ids that are recognised when they come again.",
    )
    dead_letters: int = Field(
        default=100_000, ge=0, description="Dead letters kept; older ones are removed."
    )
    dead_letter_bytes: int = Field(
        default=64 << 10, ge=256, description="Bytes of a dead letter that are kept for a replay."
    )
