"""Builds batches of a few requests."""

import numpy as np

from apisentinel.kernels.bytes import padded
from apisentinel.records.batch import TEXT_INDEX, RequestBatch, empty_columns


def batch_of(*requests: dict[str, bytes]) -> RequestBatch:
    """A batch whose rows are the given columns."""
    spans, numbers = empty_columns(len(requests))
    text = bytearray()
    for row, request in enumerate(requests):
        for name, value in request.items():
            spans[TEXT_INDEX[name], row] = (len(text), len(text) + len(value))
            text += value
        numbers["seq"][row] = row
    return RequestBatch(padded(bytes(text)), np.ascontiguousarray(spans), numbers)


def headers(**pairs: bytes) -> bytes:
    """A header block of the batch's format."""
    return b"".join(
        name.replace("_", "-").encode() + b"\x1f" + value + b"\x1e" for name, value in pairs.items()
    )
