"""Spans of a batch as columns of the event store, without a Python object per row."""

from typing import Any

import numpy as np
import numpy.typing as npt

from apisentinel.kernels.compiler import kernel
from apisentinel.records.batch import RequestBatch
from apisentinel.storage.columns import Column, ColumnType, offsets_of, texts


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


def text_column(batch: RequestBatch, name: str, most: int) -> Column:
    """A text column; missing where the batch has none or an empty text.

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
    offsets = offsets_of(lengths)
    data = np.empty(int(offsets[-1]), np.uint8)
    seen = int(gather(batch.buffer, spans, offsets, data))
    valid = lengths > 0
    if seen >= 0x80 and not _is_utf8(data, offsets[:-1][valid]):
        return _replaced(data, offsets, valid)
    return _column(offsets, data, valid)


def sparse_text(rows: int, found: dict[int, str]) -> Column:
    """A column with a few texts, missing elsewhere; the keys of `found` are rows."""
    lengths = np.zeros(rows, np.int64)
    valid = np.zeros(rows, np.bool_)
    pieces = []
    for row in sorted(found):
        piece = found[row].encode("utf-8", "replace")
        lengths[row] = len(piece)
        valid[row] = True
        pieces.append(piece)
    return _column(offsets_of(lengths), np.frombuffer(b"".join(pieces), np.uint8), valid)


def sparse_lists(rows: int, found: dict[int, list[str]]) -> Column:
    """A column of lists with a few that are not empty."""
    lengths = np.zeros(rows, np.int64)
    values: list[str | None] = []
    for row in sorted(found):
        lengths[row] = len(found[row])
        values += found[row]
    nothing = np.zeros(0, np.uint8)
    return Column(ColumnType.TEXTS, nothing, offsets_of(lengths), members=texts(values))


def chosen(names: list[str | None], index: npt.NDArray[Any]) -> Column:
    """A column of names picked by number."""
    known = texts(names)
    assert known.offsets is not None  # noqa: S101 (texts have them)
    begins, ends = known.offsets[:-1][index], known.offsets[1:][index]
    offsets = offsets_of(ends - begins)
    data = np.empty(int(offsets[-1]), np.uint8)
    spans = np.ascontiguousarray(np.stack([begins, ends], axis=1))
    gather(known.values, spans, offsets, data)
    valid = np.ones(len(index), np.bool_) if known.valid is None else known.valid[index]
    return _column(offsets, data, valid)


def filled(column: Column, rows: npt.NDArray[Any], found: list[str]) -> Column:
    """A text column with texts for some rows that had none.

    Args:
        column: Texts.
        rows: Rows without one, rising.
        found: Their texts, ASCII.
    """
    assert column.offsets is not None  # noqa: S101 (texts have them)
    assert column.valid is not None  # noqa: S101 (else no row would be without one)
    more = texts(found)
    assert more.offsets is not None  # noqa: S101 (texts have them)
    spans = np.stack([column.offsets[:-1], column.offsets[1:]], axis=1)
    spans[rows, 0] = more.offsets[:-1] + len(column.values)
    spans[rows, 1] = more.offsets[1:] + len(column.values)
    offsets = offsets_of(spans[:, 1] - spans[:, 0])
    data = np.empty(int(offsets[-1]), np.uint8)
    gather(np.concatenate([column.values, more.values]), spans, offsets, data)
    valid = column.valid.copy()
    valid[rows] = True
    return _column(offsets, data, valid)


def _column(
    offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], valid: npt.NDArray[np.bool_]
) -> Column:
    return Column(ColumnType.TEXT, data, offsets, valid=None if valid.all() else valid)


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
) -> Column:
    raw, ends = data.tobytes(), offsets.tolist()
    return texts(
        [
            raw[ends[i] : ends[i + 1]].decode("utf-8", "replace") if known else None
            for i, known in enumerate(valid.tolist())
        ]
    )
