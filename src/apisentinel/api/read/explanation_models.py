"""Shapes of explanations, for the OpenAPI document and for the page."""

from typing import Any

from pydantic import Field

from apisentinel.api.read.models import Factor, Sample, Severity, Shape


class Sentence(Shape):
    """Who did what, where: as text, and its parts for those who put it into other words."""

    code: str = Field(examples=["incident"])
    params: dict[str, Any] = Field({})
    text: str


class Spoke(Shape):
    """A detector that found something."""

    id: str = Field(examples=["brute_force"])
    score: float = Field(ge=0, le=1, description="How sure it was at its best.")
    attack_types: list[str]
    alerts: int
    succeeded: bool | None = None
    card: str = Field(description="Its page below the address of the documentation.")


class Weighed(Shape):
    """A piece of evidence with what it adds to the risk."""

    detector: str
    attack_type: str
    card: str
    nats: float = Field(description="What it adds to the natural log odds.")
    points: float = Field(description="The same in points of the risk.")
    factors: list[Factor]
    seqs: list[int] = Field([])
    succeeded: bool | None = None


class Matched(Shape):
    """Where in a request something was found."""

    seq: int
    where: str
    match: str
    decoded: list[str] = Field(
        [], description="How the value was written, and what it became layer by layer."
    )


class Counterfactual(Shape):
    """What would have to be different for the risk to be below MEDIUM."""

    without: list[str] = Field(description="Factors that would have to be as usual.")
    risk: int
    text: str


class CatalogueEntry(Shape):
    """An entry of a catalogue."""

    id: str = Field(examples=["CWE-307"])
    url: str


class Reference(Shape):
    """What the catalogues say about a type of attack."""

    attack_type: str
    title: str
    owasp: CatalogueEntry | None = None
    cwe: list[CatalogueEntry] = Field([])
    capec: list[CatalogueEntry] = Field([])
    attack: list[CatalogueEntry] = Field([])


class Explanation(Shape):
    """Why a risk is what it is; base, factors and rest add up to it."""

    id: str
    sentence: Sentence
    base: float
    factors: list[Factor]
    rest: float = Field(description="What rounding and factors that are not shown come to.")
    risk: int
    severity: Severity
    detectors: list[Spoke]
    consensus: float = Field(description="Share of the detectors that found something, 0-1.")
    agree: list[str]
    silent: list[str]
    confidence: int = Field(description="0-100, how much there is to go by.")
    requests: int
    succeeded: bool | None = None
    references: list[Reference]
    in_one_request: bool | None = Field(None, description="Of incidents: one request shows it.")
    samples: list[Sample] | None = Field(None, description="Of incidents.")
    reasons: list[Weighed] | None = Field(None, description="Null for what an old version stored.")
    evidence: list[Matched] | None = None
    counterfactual: Counterfactual | None = None
    log_odds: float | None = None
    data: str | None = Field(None, description="The confidence in words.")
