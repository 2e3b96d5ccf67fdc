"""The redactor of the door: secrets out, attacks kept.

A value under the name of a secret is kept when the payload detector is firm about it, such as a
password field with SQL in it: that is no secret of an honest user, and the attack must still be
found and shown when the batch is judged. The value is asked about in the same kind of place in
which it stood.
"""

import threading

import numpy as np

from apisentinel.detectors.identity.claims import is_odd_head, read_token
from apisentinel.detectors.payload import FIRM, PayloadDetector
from apisentinel.enrichment.redact_batch import BatchRedactor, Place
from apisentinel.kernels.bytes import padded
from apisentinel.kernels.hashing import DEFAULT_KEY, HashKey
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.records.batch import HEADER_END, HEADER_SPLIT, TEXT_INDEX, empty_columns
from apisentinel.records.batch import RequestBatch as Batch

_SPLIT, _END = bytes([HEADER_SPLIT]), bytes([HEADER_END])

WRAPPED = {
    "header": ("headers", b"x-value" + _SPLIT, _END),
    "cookie": ("headers", b"cookie" + _SPLIT + b"v=", _END),
    "json": ("request_body", b'{"v":"', b'"}'),
    "form": ("query", b"v=", b""),
}
"""Column, and what stands around a value of each kind of place."""

LONGEST = 16 << 10
"""Bytes of a value that are asked about."""


class AttackCheck:
    """Tells attacks from secrets. Thread-safe; calls wait for each other."""

    def __init__(self) -> None:
        self._detector = PayloadDetector()
        self._lock = threading.Lock()

    def __call__(self, places: list[Place]) -> list[bool]:
        """True for each value that is an attack by itself."""
        batch = _as_requests(places)
        with self._lock:
            rows = self._detector.screen(batch)
            inspected = self._detector.inspect(batch, rows)
        out = [False] * len(places)
        for row, findings in zip(rows.tolist(), inspected, strict=True):
            out[row] = any(finding.raw_llr >= FIRM for finding in findings)
        return out


def door_redactor(settings: DoorSettings, key: HashKey = DEFAULT_KEY) -> BatchRedactor | None:
    """The redactor that the settings ask for; None when nothing is to be replaced.

    Args:
        settings: Of the door.
        key: Secret of the installation.
    """
    if not settings.redact:
        return None
    return BatchRedactor(
        key, hash_ids=settings.hash_ids, carry_attack=AttackCheck(), is_forged=is_forged
    )


def is_forged(token: bytes) -> bool:
    """True for a JSON web token that no issuer writes: unsigned, or with a key id that is a path or
    a query. It opens nothing where tokens are checked.
    """
    if not is_odd_head(token.partition(b".")[0]):
        return False
    claims = read_token(token)
    return claims is not None and claims.oddity != ""


def _as_requests(places: list[Place]) -> Batch:
    """Each value as a request of its own."""
    spans, numbers = empty_columns(len(places))
    text = bytearray(b"GET/")
    spans[TEXT_INDEX["method"], :] = 0, 3
    spans[TEXT_INDEX["path"], :] = 3, 4
    for row, (place, value) in enumerate(places):
        column, before, after = WRAPPED[place]
        begin = len(text)
        text += before + value[:LONGEST] + after
        spans[TEXT_INDEX[column], row] = begin, len(text)
    return Batch(padded(text), np.ascontiguousarray(spans), numbers)
