"""What else may be said of a value than what the rules say: the place where learning comes in."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from apisentinel.detectors.payload.fields import Value
from apisentinel.detectors.payload.findings import Finding
from apisentinel.detectors.payload.quotation import Reading


class Looked(NamedTuple):
    """What the rules made of a value.

    Attributes:
        plain: Canonical text.
        findings: Their findings.
        oddity: Bits of odd ways of writing.
        layers: Encodings undone.
        reading: How the text reads, None where that did not matter.
    """

    plain: bytes
    findings: Sequence[Finding]
    oddity: int
    layers: int
    reading: Reading | None = None


class Opinion(Protocol):
    """Has the last word on a value that is read closely. Pure: equal values, equal findings."""

    def findings(self, value: Value, looked: Looked) -> list[Finding]:
        """What counts of a value."""
