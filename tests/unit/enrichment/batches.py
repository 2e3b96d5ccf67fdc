"""Batches made from rows of plain values."""

from collections.abc import Sequence
from typing import Any

from apisentinel.kernels.bytes import padded
from apisentinel.records.batch import (
    HEADER_END,
    HEADER_SPLIT,
    TEXT_INDEX,
    RequestBatch,
    empty_columns,
)


def batch_of(rows: Sequence[dict[str, Any]]) -> RequestBatch:
    """A batch of rows; `headers` is a list of (name, value)."""
    spans, numbers = empty_columns(len(rows))
    parts: list[bytes] = []
    at = 0
    for i, row in enumerate(rows):
        for name, value in row.items():
            if name in numbers:
                numbers[name][i] = value
                continue
            raw = _raw(value)
            if raw is not None:
                spans[TEXT_INDEX[name], i] = (at, at + len(raw))
                parts.append(raw)
                at += len(raw)
    return RequestBatch(padded(b"".join(parts)), spans, numbers)


def _raw(value: Any) -> bytes | None:
    if isinstance(value, list):
        return b"".join(
            name.encode() + bytes([HEADER_SPLIT]) + text.encode() + bytes([HEADER_END])
            for name, text in value
        )
    return value.encode() if isinstance(value, str) else value
