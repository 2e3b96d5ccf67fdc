"""The request that is being judged, with what is made of it only when needed."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy.typing as npt

from apisentinel.detectors.payload import Finding
from apisentinel.enrichment import canonical_address
from apisentinel.enrichment.redact import redact_text
from apisentinel.features import Signals
from apisentinel.features.state import KIND_NAMES, KIND_TEXT
from apisentinel.pipeline.decoding_chain import decoded_chain
from apisentinel.pipeline.prepare import Prepared
from apisentinel.pipeline.samples import make_sample
from apisentinel.records.case import Case, EntityKey
from apisentinel.records.evidence import EntityRef, Evidence

VIEWED = (
    "ts", "client", "session", "user", "credential", "endpoint", "agent", "network", "status",
    "address_hi", "address_lo", "agent_flags", "client_agents", "session_given",
    "object",
)  # fmt: skip
"""Columns of `EVENT` that judging asks for."""


ADDRESSES_KEPT = 4_096
"""Addresses whose text is remembered; it takes longer to write than most evidence to weigh."""
_address_text = lru_cache(ADDRESSES_KEPT)(canonical_address)


class Outcome(NamedTuple):
    """What became of the evidence of one request: for the verdict of `score`."""

    row: int
    case: Case
    evidence: Evidence


class View:
    """The row that is being judged, with what is made from it only when needed."""

    def __init__(  # noqa: PLR0913, PLR0917 (one place makes it)
        self,
        label: Callable[[int], str],
        block: Prepared,
        events: npt.NDArray[Any],
        signals: Signals,
        clients: npt.NDArray[Any],
        on_outcome: Callable[[Outcome], None] | None,
        rows: list[int],
    ) -> None:
        self.label = label
        self.clients = clients
        self.batch = block.batch
        self.unusual = block.unusual
        self.rows = rows
        some = events[rows]
        self._events = list(zip(*(some[name].tolist() for name in VIEWED), strict=True))
        self._seq = block.batch.numbers["seq"][rows].tolist()
        self.signals = signals
        self.on_outcome = on_outcome
        self.last_counted: dict[EntityKey, int] = {}
        if rows:
            self.at(0)

    def at(self, place: int) -> None:
        """Moves to the row with this place in `rows`."""
        self.row = self.rows[place]
        self.event: dict[str, int] = dict(zip(VIEWED, self._events[place], strict=True))
        self.ts = self.event["ts"]
        self.seq: int = self._seq[place]
        self.client = self.event["client"]
        self.client_key: EntityKey = ("client", self.client)

    @property
    def principal_key(self) -> EntityKey:
        """The user where one is known, else the session that was sent, else the client."""
        if self.event["user"]:
            return ("user", self.event["user"])
        if self.event["session_given"] and self.event["session"]:
            return ("session", self.event["session"])
        return self.client_key

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
            high, low = self.event["address_hi"], self.event["address_lo"]
            if high or low:
                return EntityRef(kind, _address_text(high, low))
            return EntityRef(kind, self.text("client_ip") or self.text("peer_ip"))
        name = self.text(KIND_TEXT[KIND_NAMES.index(kind)])
        return EntityRef(kind, name or f"{self.ref('client').id}~{self.event[kind] & 0xFFFFFF:06x}")

    def sample(self, finding: Finding | None) -> Any:
        """This request for a report, redacted."""
        match = redact_text(finding.match.encode("utf-8", "replace")) if finding else ""
        return make_sample(
            self.batch, self.row, self.ref("client").id, match, finding.where if finding else "",
            decoded_chain(self.batch, self.row, finding) if finding else (),
        )  # fmt: skip
