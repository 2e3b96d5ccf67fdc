"""How a value was written and what it became: the layers of encoding, for people."""

from apisentinel.detectors.payload import Finding
from apisentinel.detectors.payload.decode import decode
from apisentinel.enrichment.redact import redact_text
from apisentinel.records.batch import RequestBatch

MOST_RAW = 4_096
"""Bytes of a value that are decoded again for showing it."""
SHOWN = 160
"""Characters of each layer."""


def decoded_chain(batch: RequestBatch, row: int, finding: Finding) -> tuple[str, ...]:
    """The value of a finding before each layer was undone, and after; empty when it was written as
    it is, or stands in a place from which it is not taken out again (JSON, headers).
    """
    if finding.decode_layers == 0:
        return ()
    raw = _raw(batch, row, finding.where)
    if not raw:
        return ()
    done = decode(raw[:MOST_RAW])
    if not done.stages:
        return ()
    return tuple(redact_text(text)[:SHOWN] for text in (*done.stages, done.text))


def _raw(batch: RequestBatch, row: int, where: str) -> bytes:
    """The value as it was sent."""
    place, _, name = where.partition(" ")
    if place == "path":
        return batch.text("path", row) or b""
    column = {"query": "query", "body": "request_body"}.get(place)
    text = (batch.text(column, row) or b"") if column is not None else b""
    wanted = name.encode("utf-8", "replace")
    for part in text[: 16 * MOST_RAW].split(b"&"):
        key, equals, value = part.partition(b"=")
        if equals and key == wanted:
            return value
    return b""
