"""What a decision may touch and how long it may last."""

from ipaddress import ip_network

from pydantic import BaseModel, ConfigDict, Field, field_validator


class ResponseSettings(BaseModel):
    """Guards of decisions. They hold for everybody, administrators included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow: tuple[str, ...] = Field(
        default=(
            "127.0.0.0/8",
            "::1/128",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "169.254.0.0/16",
            "fc00::/7",
            "fe80::/10",
        ),
        description="Networks that no decision may touch: your own balancers, offices, monitors."
        " Private networks stand there from the start; repeat them when you add yours.",
    )
    max_share: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="A decision is refused when it would have hit more than this share of the"
        " last day's requests by clients without any alert.",
    )
    responder_hours: int = Field(
        default=7 * 24, ge=1, le=365 * 24, description="Longest decision of a responder or a key."
    )
    admin_hours: int = Field(
        default=90 * 24, ge=1, le=365 * 24, description="Longest decision of an administrator."
    )
    active: int = Field(
        default=10_000, ge=1, le=100_000, description="Decisions that are in force at one time."
    )

    @field_validator("allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                ip_network(text)
            except ValueError as error:
                raise ValueError(f"{text!r} is no network: {error}") from None
        return value
