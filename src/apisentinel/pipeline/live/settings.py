"""Settings of the live pipeline: how fast it answers, how it saves itself, what it gives up first
under load.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class DegradationSettings(BaseModel):
    """When the pipeline gives up comfort to keep up; see docs/explanation/live-service.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coarse_lag_s: float = Field(
        default=1.0, gt=0, description="Lag from which live messages are sampled (level 1)."
    )
    sparse_lag_s: float = Field(
        default=3.0,
        gt=0,
        description="Lag from which only events with evidence and a sample are kept (level 2).",
    )
    sampled_lag_s: float = Field(
        default=10.0,
        gt=0,
        description="Lag from which the content of one marked request in four is inspected"
        " (level 3). Behaviour is still judged on every request.",
    )
    hold_s: float = Field(
        default=5.0, ge=0, description="Calm time after which a level is left, one at a time."
    )
    inspect_one_in: int = Field(
        default=4, ge=1, description="Marked requests of which one is inspected on level 3."
    )
    keep_one_in: int = Field(
        default=10, ge=1, description="Events without evidence of which one is kept on level 2."
    )
    force: int | None = Field(
        default=None, ge=0, le=3, description="Stay on this level whatever the load: for tests."
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.coarse_lag_s <= self.sparse_lag_s <= self.sampled_lag_s:
            raise ValueError("coarse_lag_s, sparse_lag_s and sampled_lag_s must rise")
        return self


class RetrainSettings(BaseModel):
    """When the service trains a new bundle from what it has stored; see
    docs/how-to/keep-models-fresh.md.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: float = Field(
        default=0.0,
        ge=0,
        description="Pause between trainings; 0 never trains. A training takes a core for minutes"
        " and about 1 GB for each 300,000 events.",
    )
    days: float = Field(default=7.0, gt=0, description="How far back it learns.")
    least_events: int = Field(
        default=20_000, ge=100, description="Stored events below which it does not train."
    )
    most_events: int = Field(
        default=300_000, ge=100, le=2_000_000, description="Newest events that it learns from."
    )
    trials: int = Field(default=5, ge=0, le=100, description="Parameter sets tried.")
    minutes: float = Field(default=60.0, gt=0, description="A training that takes longer is ended.")
    memory_mb: int = Field(
        default=3_072,
        ge=64,
        description="Resident memory above which a training is ended, in MiB; measured on Linux"
        " only. The service goes on.",
    )
    drift: int = Field(
        default=5,
        ge=1,
        description="Features that have to have moved for a training before its time.",
    )
    promote: bool = Field(
        default=False,
        description="Let a bundle that was trained here judge by itself, once it has found all"
        " planted attacks that the old one finds and agreed with it as its shadow.",
    )
    shadow_hours: float = Field(
        default=24.0, gt=0, description="How long a bundle is a shadow before it may judge."
    )


class RuntimeSettings(BaseModel):
    """How the live pipeline runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    block_rows: int = Field(
        default=8_192,
        ge=1,
        le=1 << 20,
        description="Requests judged in one go; bounds how long readers of the state wait.",
    )
    read_bytes: int = Field(
        default=8 << 20,
        ge=1 << 10,
        description="Bytes taken from the journal in one go.",
    )
    checkpoint_seconds: float = Field(
        default=10.0, gt=0, description="Pause between checkpoints while there is traffic."
    )
    checkpoint_events: int = Field(
        default=1_000_000,
        ge=1,
        description="Requests after which a checkpoint is due at the latest; bounds the replay.",
    )
    checkpoint_share: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Share of the time that checkpoints may take; large states save less often.",
    )
    retrain: RetrainSettings = RetrainSettings()
    quiet_hours: float = Field(
        default=24.0,
        gt=0,
        description="Event time without evidence after which a case is closed.",
    )
    late_seconds: float = Field(
        default=60.0,
        ge=0,
        description="How far behind the newest request another one counts as late; late ones are"
        " judged all the same.",
    )
    incident_seconds: float = Field(
        default=1.0, gt=0, description="Pause between two looks at what belongs together."
    )
    event_sample: int = Field(
        default=50, ge=0, description="Quiet events a second shown on the live stream at most."
    )
    silent_minutes: float = Field(
        default=15.0,
        gt=0,
        description="Time after which a source that has sent before counts as silent.",
    )
    ready_lag_s: float = Field(
        default=60.0, gt=0, description="Lag from which the service says that it is not ready."
    )
    canary_minutes: float = Field(
        default=0,
        ge=0,
        description="Pause between two rounds of attacks on ourselves, judged beside the traffic;"
        " 0 is off. One of each kind that is not found makes the check `canary` fail.",
    )
    degradation: DegradationSettings = DegradationSettings()
