"""Spans of a batch as Arrow columns, without a Python object per row."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from apisentinel.kernels.compiler import kernel
from apisentinel.records.batch import RequestBatch


@kernel("int64(uint8[::1], int32[:,::1], int32[::1], uint8[::1])")
def gather(buffer, spans, offsets, out):
    """Copies the first bytes of each span one after the other.

    Args:
        buffer: Bytes the spans point into.
        spans: int32 ``(n, 2)``, begin < 0 for none.
        offsets: int32 ``(n + 1,)``: where each text begins in `out`; the room is its length.
        out: uint8 of at least ``offsets[n]`` bytes.

    Returns:
        Bitwise or of all bytes: below 128 when everything is ASCII.
    """
    seen = np.uint8(0)
    for i in range(spans.shape[0]):
        begin = np.int64(spans[i, 0])
        at = np.int64(offsets[i])
        for k in range(np.int64(offsets[i + 1]) - at):
            byte = buffer[begin + k]
            seen |= byte
            out[at + k] = byte
    return np.int64(seen)


def text_column(batch: RequestBatch, name: str, most: int) -> Any:
    """A text column as a pyarrow string array; null where the batch has none or an empty text.

    Args:
        batch: Requests.
        name: One of `TEXT_COLUMNS`.
        most: Bytes kept of each text.

    Returns:
        Undecodable bytes are replaced, as everywhere where text is shown.
    """
    spans = np.ascontiguousarray(batch.span(name))
    lengths = np.minimum(spans[:, 1] - spans[:, 0], np.int32(most))
    lengths[spans[:, 0] < 0] = 0
    offsets = np.zeros(len(spans) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    data = np.empty(int(offsets[-1]), np.uint8)
    seen = int(gather(batch.buffer, spans, offsets, data))
    valid = lengths > 0
    if seen >= 0x80 and not _is_utf8(data, offsets[:-1][valid]):
        return _replaced(data, offsets, valid)
    return _array(offsets, data, valid)


def sparse_text(rows: int, texts: dict[int, str]) -> Any:
    """A string array with a few texts, null elsewhere; the keys of `texts` are rows."""
    lengths = np.zeros(rows, np.int64)
    valid = np.zeros(rows, np.bool_)
    pieces = []
    for row in sorted(texts):
        piece = texts[row].encode("utf-8", "replace")
        lengths[row] = len(piece)
        valid[row] = True
        pieces.append(piece)
    return _array(_offsets(lengths), np.frombuffer(b"".join(pieces), np.uint8), valid)


def sparse_lists(rows: int, lists: dict[int, list[str]]) -> Any:
    """A list<string> array with a few lists, empty elsewhere."""
    lengths = np.zeros(rows, np.int64)
    values: list[str] = []
    for row in sorted(lists):
        lengths[row] = len(lists[row])
        values += lists[row]
    return pa.ListArray.from_arrays(
        pa.array(_offsets(lengths), pa.int32()), pa.array(values, pa.string())
    )


def chosen(names: list[str | None], index: npt.NDArray[Any]) -> Any:
    """A string array of names picked by number."""
    return pa.array(names, pa.string()).take(pa.array(index))


def numbers(values: npt.NDArray[Any], dtype: Any) -> Any:
    """Numbers as an Arrow array, null where they are negative (unknown)."""
    return pa.array(values, dtype, mask=values < 0)


def _offsets(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    out = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=out[1:])
    return out


def _array(
    offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], valid: npt.NDArray[np.bool_]
) -> Any:
    nulls = int(np.count_nonzero(~valid))
    bitmap = pa.py_buffer(np.packbits(valid, bitorder="little")) if nulls else None
    return pa.StringArray.from_buffers(
        len(valid), pa.py_buffer(offsets), pa.py_buffer(data), bitmap, nulls
    )


def _is_utf8(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int32]) -> bool:
    """Whether each text is UTF-8 by itself: all of them are, and none begins inside a letter."""
    if ((data[starts] & 0xC0) == 0x80).any():
        return False
    try:
        bytes(data.data).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _replaced(
    data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32], valid: npt.NDArray[np.bool_]
) -> Any:
    raw, ends = data.tobytes(), offsets.tolist()
    return pa.array(
        [
            raw[ends[i] : ends[i + 1]].decode("utf-8", "replace") if known else None
            for i, known in enumerate(valid.tolist())
        ],
        pa.string(),
    )
