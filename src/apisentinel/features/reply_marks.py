"""Counts what replies should not hold in numbers: addresses of people, and secrets of accounts."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import inline, kernel
from apisentinel.records.batch import TEXT_INDEX, RequestBatch

_REPLY = TEXT_INDEX["response_body"]
MOST_REPLY = 65_536
"""Bytes of a reply that are read."""
MOST_MAILS = 200

SECRETS = 255
"""What stands for a reply with secrets of accounts, whatever else it holds."""


@inline
def _named(byte):
    return 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122


@inline
def _is_hash(buffer, at, end):
    """True where the hash of a password begins: ``$2b$``, ``$argon2``, ``$6$``, ``$scrypt``."""
    if at + 20 > end:
        return False
    byte = buffer[at + 1]
    if byte == 50 and buffer[at + 3] == 36:
        return 97 <= buffer[at + 2] <= 121 and 48 <= buffer[at + 4] <= 57
    if byte == 97 or byte == 115:
        if buffer[at + 2] == 114:
            return buffer[at + 3] == 103
        return buffer[at + 2] == 99 and buffer[at + 3] == 114 and buffer[at + 4] == 121
    return (byte == 53 or byte == 54) and buffer[at + 2] == 36 and _named(buffer[at + 3])


@kernel("void(uint8[::1], int32[:,:,::1], uint8[::1])")
def _mark(buffer, spans, out):
    """Fills the counts. Cost: 1 ns a byte of replies; nothing for access logs."""
    for i in range(spans.shape[1]):
        begin, end = np.int64(spans[_REPLY, i, 0]), np.int64(spans[_REPLY, i, 1])
        count = 0
        if begin >= 0 and end > begin:
            end = min(end, begin + MOST_REPLY)
            for at in range(begin + 1, end - 1):
                byte = buffer[at]
                if byte == 64:
                    if _named(buffer[at - 1]) and _named(buffer[at + 1]) and count < MOST_MAILS:
                        count += 1
                elif byte == 36 and _is_hash(buffer, at, end):
                    count = SECRETS
                    break
        out[i] = np.uint8(count)


def reply_marks(batch: RequestBatch) -> npt.NDArray[Any]:
    """Mail addresses in the reply of each row, uint8 ``(n_rows,)``; `SECRETS` where it holds hashes
    of passwords.
    """
    out = np.zeros(len(batch), np.uint8)
    _mark(batch.buffer, np.ascontiguousarray(batch.spans), out)
    return out
