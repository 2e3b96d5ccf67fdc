"""The one interface of detectors."""

from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from apisentinel.records.evidence import Evidence
from apisentinel.records.signal import ActorSignal


class DetectorSettings(BaseModel):
    """Settings that every detector has.

    A weight scales the log-likelihood ratio: 0.5 demands twice the evidence, 0 is the same as
    disabled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="False: this detector gives no evidence.")
    weight: float = Field(
        default=1.0, ge=0.0, le=2.0, description="Factor on its log-likelihood ratio."
    )


class Detector(Protocol):
    """Says what one signal means.

    `evidence` is pure: no I/O, no clock, no memory of earlier calls; it never raises. It returns
    None when the signal is not about its family, when it is disabled, or when the signal is too
    weak to say anything.
    """

    id: str

    def evidence(self, signal: ActorSignal) -> Evidence | None:
        """Evidence for the entity of the signal."""
        ...
