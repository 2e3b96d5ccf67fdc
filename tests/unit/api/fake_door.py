"""A door that remembers what came, and refuses on demand."""

from typing import Any

from apisentinel.pipeline.door.counters import Counters
from apisentinel.pipeline.door.door import Receipt
from apisentinel.pipeline.door.parse import Rejected


class FakeDoor:
    """Accepts every line but those that say ``broken``."""

    def __init__(self) -> None:
        self.bodies: list[tuple[bytes, str, str | None]] = []
        self.batches: list[tuple[int, dict[str, Any]]] = []
        self.refusal: Exception | None = None
        self.full: Exception | None = None
        self.stopping = False
        self.counters = Counters()

    def check(self, size: int) -> None:
        if self.full is not None and size:
            raise self.full

    def submit_requests(
        self, body: bytes, *, source: str, idempotency: str | None = None, sender: str = ""
    ) -> Receipt:
        if self.refusal is not None:
            raise self.refusal
        self.bodies.append((body, source, idempotency))
        lines = [line for line in body.split(b"\n") if line]
        rejected = tuple(
            Rejected(number, "broken") for number, line in enumerate(lines, 1) if b"broken" in line
        )
        return Receipt(len(lines) - len(rejected), 0, rejected, 1, len(rejected))

    def submit_batch(self, batch: Any, **more: Any) -> Receipt:
        if self.refusal is not None:
            raise self.refusal
        self.batches.append((len(batch), more))
        return Receipt(len(batch), 0, (), 1)
