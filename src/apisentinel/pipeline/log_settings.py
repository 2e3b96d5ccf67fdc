"""Settings of the log of the service."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class LogSettings(BaseModel):
    """What is logged on stderr, and how it looks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["auto", "json", "console"] = Field(
        default="auto",
        description="json: one object per line; console: lines for people; auto: console on a"
        " terminal and for `up`, else json.",
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important level that is logged."
    )
