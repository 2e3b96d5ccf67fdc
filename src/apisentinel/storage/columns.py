"""Columns in the layout of Arrow, made of NumPy arrays: what the event store takes in."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class ColumnType(StrEnum):
    """What a column holds; the values are DuckDB's names."""

    INT64 = "BIGINT"
    INT16 = "SMALLINT"
    FLOAT32 = "FLOAT"
    TEXT = "VARCHAR"
    TEXTS = "VARCHAR[]"


NUMBERS: Final = {
    ColumnType.INT64: np.int64,
    ColumnType.INT16: np.int16,
    ColumnType.FLOAT32: np.float32,
}
"""NumPy's type of each column of numbers."""


class Column(msgspec.Struct, frozen=True):
    """A column.

    Attributes:
        type: What it holds.
        values: Numbers, or the bytes of all texts in UTF-8 one after the other; empty of a list.
        offsets: int32 ``(n + 1,)``, where each text begins in `values` or each list in `members`;
            None of numbers.
        valid: Which rows have a value, None when all have one.
        members: The texts of all lists, None when it is no list.
    """

    type: ColumnType
    values: Array
    offsets: Array | None = None
    valid: npt.NDArray[np.bool_] | None = None
    members: "Column | None" = None

    def __len__(self) -> int:
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    def at(self, row: int) -> Any:
        """The value of a row as Python has it, None when it is missing."""
        if self.valid is not None and not self.valid[row]:
            return None
        if self.offsets is None:
            return self.values[row].item()
        begin, end = int(self.offsets[row]), int(self.offsets[row + 1])
        if self.members is not None:
            return [self.members.at(member) for member in range(begin, end)]
        return self.values[begin:end].tobytes().decode()


def numbers(type_: ColumnType, values: Array, *, missing: bool = False) -> Column:
    """A column of numbers.

    Args:
        type_: One of `NUMBERS`.
        values: Numbers of any type that fit.
        missing: Whether negative ones stand for missing ones.
    """
    whole = np.ascontiguousarray(values, NUMBERS[type_])
    valid = whole >= 0 if missing else None
    return Column(type_, whole, valid=None if valid is None or valid.all() else valid)


def offsets_of(lengths: Array) -> npt.NDArray[np.int32]:
    """Where each of several pieces begins, and where the last ends."""
    out = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=out[1:])
    return out


def texts(values: Sequence[str | None]) -> Column:
    """A column of texts; lone surrogates become question marks."""
    pieces = [b"" if text is None else text.encode("utf-8", "replace") for text in values]
    lengths = np.fromiter(map(len, pieces), np.int64, len(pieces))
    valid = np.fromiter((text is not None for text in values), np.bool_, len(pieces))
    data = np.frombuffer(bytearray().join(pieces), np.uint8)
    return Column(ColumnType.TEXT, data, offsets_of(lengths), valid=None if valid.all() else valid)


def lists(values: Sequence[Sequence[str]]) -> Column:
    """A column of lists of texts."""
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    members = texts([text for each in values for text in each])
    return Column(ColumnType.TEXTS, np.zeros(0, np.uint8), offsets_of(lengths), members=members)


def column_of(type_: ColumnType, values: Sequence[Any]) -> Column:
    """A column of Python values, None for those that are missing; missing lists are empty."""
    if type_ is ColumnType.TEXT:
        return texts(values)
    if type_ is ColumnType.TEXTS:
        return lists([each or () for each in values])
    valid = np.fromiter((each is not None for each in values), np.bool_, len(values))
    filled = np.array([0 if each is None else each for each in values], NUMBERS[type_])
    return Column(type_, filled, valid=None if valid.all() else valid)


class Table:
    """Rows of named columns.

    Attributes:
        columns: By name, all of one length.
        begin: First row that counts: earlier ones are left out without a copy.
    """

    __slots__ = ("begin", "columns")

    def __init__(self, columns: Mapping[str, Column], begin: int = 0) -> None:
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"columns of one table have one length, not {sorted(lengths)}")
        self.columns = dict(columns)
        self.begin = begin

    @classmethod
    def of_rows(
        cls, schema: Mapping[str, ColumnType], rows: Iterable[Mapping[str, Any]]
    ) -> "Table":
        """A table of documents; what a document does not name is missing."""
        held = list(rows)
        return cls(
            {
                name: column_of(type_, [row.get(name) for row in held])
                for name, type_ in schema.items()
            }
        )

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ())) - self.begin

    @property
    def schema(self) -> dict[str, ColumnType]:
        """Names and types of the columns."""
        return {name: column.type for name, column in self.columns.items()}

    def after(self, rows: int) -> "Table":
        """The table without its first rows."""
        return Table(self.columns, self.begin + rows)

    def rows(self, wanted: Iterable[int] | None = None) -> list[dict[str, Any]]:
        """Rows as documents, all of them when none are named."""
        picked = range(len(self)) if wanted is None else wanted
        return [
            {name: column.at(self.begin + row) for name, column in self.columns.items()}
            for row in picked
        ]
