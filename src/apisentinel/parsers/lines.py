"""Cuts a chunk into lines and tells the shape of each, in one pass."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.bytes import find
from apisentinel.kernels.compiler import inline, kernel
from apisentinel.parsers.moments import is_digit
from apisentinel.parsers.prefix import skip_prefix
from apisentinel.parsers.registry import Shape
from apisentinel.records.batch import Bytes

TYPICAL_LINE = 64
"""Bytes per line for which place is reserved at first; shorter lines cost a second call."""

_BLANK, _COMMENT, _JSON, _BRACKET, _SLASH, _DASH, _TEXT = (
    int(s)
    for s in (
        Shape.BLANK,
        Shape.COMMENT,
        Shape.JSON,
        Shape.BRACKET,
        Shape.SLASH_DATE,
        Shape.DASH_DATE,
        Shape.TEXT,
    )
)


@inline
def _shape(buffer, body, end):
    """Shape of the line that begins at `body`."""
    if body >= end:
        return _BLANK
    first = buffer[body]
    if first == 123:
        return _JSON
    if first == 91:
        return _BRACKET
    if first == 35:
        return _COMMENT
    if is_digit(first) and body + 10 < end and is_digit(buffer[body + 3]):
        if buffer[body + 4] == 47 and buffer[body + 7] == 47:
            return _SLASH
        if buffer[body + 4] == 45 and buffer[body + 7] == 45:
            return _DASH
    return _TEXT


@kernel("void(uint8[::1], int32[::1], int32[::1], int32[::1], uint8[::1])")
def find_shapes(buffer, begins, ends, pick, shapes):
    """Skips the prefixes of the picked lines (moves `begins`) and sets their shapes."""
    for p in range(pick.shape[0]):
        row = pick[p]
        end = np.int64(ends[row])
        body = skip_prefix(buffer, np.int64(begins[row]), end)
        begins[row] = body
        shapes[row] = _shape(buffer, body, end)


@kernel("int64(uint8[::1], int64, int64[::1], int32[::1], int32[::1], int32[::1], uint8[::1])")
def cut_lines(buffer, size, position, starts, bodies, ends, shapes):
    r"""Fills the arrays from ``position[0]`` on until they are full or the chunk ends; gives the
    number of lines.

    A line ends before ``\\n`` or ``\\r\\n``; a last line without a line end counts. ``position[0]``
    is moved behind the last line.
    """
    n, i = np.int64(0), position[0]
    while i < size and n < starts.shape[0]:
        stop = find(buffer, i, size, 10)
        end = stop
        while end > i and buffer[end - 1] == 13:
            end -= 1
        body = skip_prefix(buffer, i, end)
        shape = _shape(buffer, body, end)
        starts[n] = i
        bodies[n] = body
        ends[n] = end
        shapes[n] = shape
        n += 1
        i = stop + 1
    position[0] = min(i, size)
    return n


class Lines:
    """The lines of a chunk.

    Attributes:
        starts: int32 ``(n_lines,)``, first byte of each line.
        bodies: int32, first byte behind the prefixes of shippers (see `prefix`).
        ends: int32, index after the last byte, without the line end.
        shapes: uint8, `Shape` of what begins at `bodies`.
    """

    __slots__ = ("bodies", "ends", "shapes", "starts")

    def __init__(self, buffer: Bytes, size: int) -> None:
        room = size // TYPICAL_LINE + 1024
        position = np.zeros(1, np.int64)
        parts: list[tuple[npt.NDArray[Any], ...]] = []
        while True:
            arrays = (
                np.empty(room, np.int32),
                np.empty(room, np.int32),
                np.empty(room, np.int32),
                np.empty(room, np.uint8),
            )
            n = cut_lines(buffer, size, position, *arrays)
            parts.append(tuple(array[:n] for array in arrays))
            if position[0] >= size:
                break
            room *= 4
        columns = (
            parts[0]
            if len(parts) == 1
            else tuple(np.concatenate(column) for column in zip(*parts, strict=True))
        )
        self.starts, self.bodies, self.ends, self.shapes = columns

    def __len__(self) -> int:
        return int(self.starts.size)
