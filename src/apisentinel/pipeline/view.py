"""The request that is being judged, with what is made of it only when needed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy.typing as npt

from apisentinel.detectors.payload import Finding
from apisentinel.enrichment import canonical_address
from apisentinel.enrichment.redact import redact_text
from apisentinel.features import EVENT, Signals
from apisentinel.features.state import KIND_NAMES, KIND_TEXT
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.samples import make_sample
from apisentinel.records.case import Case, EntityKey
from apisentinel.records.evidence import EntityRef, Evidence

_NAMES = EVENT.names or ()


class Outcome(NamedTuple):
    """What became of the evidence of one request: for the verdict of `score`."""

    row: int
    case: Case
    evidence: Evidence


class View:
    """The row that is being judged, with what is made from it only when needed."""

    def __init__(
        self,
        label: Callable[[int], str],
        block: Prepared,
        events: npt.NDArray[Any],
        signals: Signals,
        clients: npt.NDArray[Any],
        on_outcome: Callable[[Outcome], None] | None,
    ) -> None:
        self.label = label
        self.clients = clients
        self.batch = block.batch
        self.events = events
        self.signals = signals
        self.on_outcome = on_outcome
        self.last_counted: dict[EntityKey, int] = {}
        if len(events):
            self.at(0)

    def at(self, row: int) -> None:
        """Moves to another row."""
        self.row = row
        self.event = dict(zip(_NAMES, self.events[row].item(), strict=True))
        self.ts = int(self.event["ts"])
        self.seq = int(self.batch.numbers["seq"][row])
        self.client = int(self.event["client"])
        self.client_key: EntityKey = ("client", self.client)

    @property
    def endpoint(self) -> str:
        """Label of the endpoint of this row."""
        return self.label(self.event["endpoint"])

    def text(self, column: str) -> str:
        """A text field, undecodable bytes replaced."""
        return (self.batch.text(column, self.row) or b"").decode("utf-8", "replace")

    def ordinal(self, kind: str) -> int:
        """Which request of its entity this is."""
        ordinals = self.signals.ordinals.get(kind)
        return int(ordinals[self.row]) if ordinals is not None else 1

    def ref(self, kind: str) -> EntityRef:
        """Kind and text id of an entity of this row."""
        if kind == "endpoint":
            return EntityRef(kind, self.endpoint)
        if kind == "client":
            high, low = int(self.event["address_hi"]), int(self.event["address_lo"])
            if high or low:
                return EntityRef(kind, canonical_address(high, low))
            return EntityRef(kind, self.text("client_ip") or self.text("peer_ip"))
        name = self.text(KIND_TEXT[KIND_NAMES.index(kind)])
        return EntityRef(
            kind, name or f"{self.ref('client').id}~{int(self.event[kind]) & 0xFFFFFF:06x}"
        )

    def sample(self, finding: Finding | None) -> Any:
        """This request for a report, redacted."""
        match = redact_text(finding.match.encode("utf-8", "replace")) if finding else ""
        return make_sample(
            self.batch, self.row, self.ref("client").id, match, finding.where if finding else ""
        )
