"""How many parameters the query of each request has."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import kernel
from apisentinel.records.batch import TEXT_INDEX, RequestBatch

_QUERY = TEXT_INDEX["query"]
LEAST_QUERY, MOST_QUERY = 40, 16_384
"""Bytes of a query from which on it is read, and bytes that are read."""
MOST = 65_535


@kernel("void(uint8[::1], int32[:,::1], uint16[::1])")
def _count(buffer, spans, out):
    """Fills the counts. Cost: below 1 ns a byte of queries that are long enough for several."""
    for i in range(spans.shape[0]):
        begin, end = np.int64(spans[i, 0]), np.int64(spans[i, 1])
        count = 0
        if begin >= 0 and end - begin >= LEAST_QUERY:
            count = 1
            for at in range(begin, min(end, begin + MOST_QUERY)):
                count += np.int64(buffer[at] == 38)
        out[i] = np.uint16(min(count, MOST))


def parameter_counts(batch: RequestBatch) -> npt.NDArray[Any]:
    """Parameters in the query of each row, uint16 ``(n_rows,)``; 0 for short queries."""
    out = np.zeros(len(batch), np.uint16)
    _count(batch.buffer, np.ascontiguousarray(batch.spans[_QUERY]), out)
    return out
