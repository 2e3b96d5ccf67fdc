"""Tables handed to DuckDB without a copy, through the C interface of Arrow.

The interface is three C structures (Apache Arrow, *The Arrow C data interface* and *The Arrow C
stream interface*, 2019–2020); DuckDB reads any object with ``__arrow_c_stream__``. A library for it
would be the largest part of the installation.
"""

import ctypes
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from apisentinel.storage.columns import Column, ColumnType, Table

FORMATS: Final = {
    ColumnType.INT64: b"l",
    ColumnType.INT16: b"s",
    ColumnType.FLOAT32: b"f",
    ColumnType.TEXT: b"u",
    ColumnType.TEXTS: b"+l",
}
"""Arrow's letters for types."""

NULLABLE: Final = 2
"""Flag of a field that may be missing."""

UNKNOWN: Final = -1
"""Number of missing values that nobody has counted."""

FAILED: Final = 5
"""What a callback gives after an error: EIO."""


class _Schema(ctypes.Structure):
    """``struct ArrowSchema``."""


_ReleaseSchema = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))
_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", _ReleaseSchema),
    ("private_data", ctypes.c_void_p),
]


class _Array(ctypes.Structure):
    """``struct ArrowArray``."""


_ReleaseArray = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", _ReleaseArray),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    """``struct ArrowArrayStream``."""


_GetSchema = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))
_GetNext = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))
_GetError = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_Stream))
_ReleaseStream = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))
_Stream._fields_ = [
    ("get_schema", _GetSchema),
    ("get_next", _GetNext),
    ("get_last_error", _GetError),
    ("release", _ReleaseStream),
    ("private_data", ctypes.c_void_p),
]

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]

_CAPSULE: Final = b"arrow_array_stream"


def _schema_released(schema: Any) -> None:
    schema.contents.release = _ReleaseSchema()


def _array_released(array: Any) -> None:
    array.contents.release = _ReleaseArray()


def _stream_released(stream: Any) -> None:
    stream.contents.release = _ReleaseStream()


def _no_words(_stream: Any) -> None:
    return None


_SCHEMA_RELEASED: Final = _ReleaseSchema(_schema_released)
_ARRAY_RELEASED: Final = _ReleaseArray(_array_released)
_STREAM_RELEASED: Final = _ReleaseStream(_stream_released)
_NO_WORDS: Final = _GetError(_no_words)


class Incoming:
    """Tables of one schema as a stream that DuckDB reads.

    It owns everything that the reader is given, so it has to live until the query that reads it is
    over. One query reads it at a time; each begins with the first table.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = [table for table in tables if len(table)]
        self._fields = tables[0].schema
        self._kept: list[Any] = []
        self._next = 0

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """The capsule with the stream."""
        self._kept.clear()
        self._next = 0
        stream = _Stream(
            _GetSchema(self._get_schema),
            _GetNext(self._get_next),
            _NO_WORDS,
            _STREAM_RELEASED,
        )
        self._kept.append(stream)
        return _new_capsule(ctypes.addressof(stream), _CAPSULE, None)

    # ----------------------------------------------------------------------- callbacks, never raise

    def _get_schema(self, _stream: Any, out: Any) -> int:
        try:
            fields = [self._field(name.encode(), type_) for name, type_ in self._fields.items()]
            root = self._schema(b"+s", b"", 0, fields)
            ctypes.memmove(out, ctypes.byref(root), ctypes.sizeof(_Schema))
        except Exception:  # noqa: BLE001 (an error must not cross the C interface)
            return FAILED
        return 0

    def _get_next(self, _stream: Any, out: Any) -> int:
        try:
            if self._next >= len(self._tables):
                ctypes.memset(out, 0, ctypes.sizeof(_Array))  # the end
                return 0
            table = self._tables[self._next]
            self._next += 1
            children = [
                self._column(column, table.begin, len(table)) for column in table.columns.values()
            ]
            root = self._array(len(table), 0, [None], children, 0)
            ctypes.memmove(out, ctypes.byref(root), ctypes.sizeof(_Array))
        except Exception:  # noqa: BLE001 (an error must not cross the C interface)
            return FAILED
        return 0

    # ----------------------------------------------------------------------------------- structures

    def _field(self, name: bytes, type_: ColumnType) -> _Schema:
        members = [self._field(b"item", ColumnType.TEXT)] if type_ is ColumnType.TEXTS else []
        return self._schema(FORMATS[type_], name, NULLABLE, members)

    def _schema(
        self, format_: bytes, name: bytes, flags: int, children: Sequence[_Schema]
    ) -> _Schema:
        schema = _Schema()
        schema.format, schema.name, schema.flags = format_, name, flags
        schema.n_children = len(children)
        schema.children = self._pointers(_Schema, children)
        schema.release = _SCHEMA_RELEASED
        self._kept.append(schema)
        return schema

    def _column(self, column: Column, begin: int, rows: int) -> _Array:
        bits = None
        if column.valid is not None:
            bits = np.packbits(column.valid, bitorder="little")
            self._kept.append(bits)
        buffers = [bits, column.values]
        children = []
        if column.members is not None:
            buffers = [bits, column.offsets]
            children = [self._column(column.members, 0, len(column.members))]
        elif column.offsets is not None:
            buffers = [bits, column.offsets, column.values]
        return self._array(rows, begin, buffers, children, 0 if bits is None else UNKNOWN)

    def _array(
        self,
        length: int,
        offset: int,
        buffers: Sequence[Any],
        children: Sequence[_Array],
        missing: int,
    ) -> _Array:
        array = _Array()
        array.length, array.offset, array.null_count = length, offset, missing
        array.n_buffers, array.n_children = len(buffers), len(children)
        places = (ctypes.c_void_p * len(buffers))(
            *[None if buffer is None else buffer.ctypes.data for buffer in buffers]
        )
        array.buffers = places
        array.children = self._pointers(_Array, children)
        array.release = _ARRAY_RELEASED
        self._kept += [array, places]
        return array

    def _pointers(self, kind: Any, children: Sequence[Any]) -> Any:
        if not children:
            return None
        places = (ctypes.POINTER(kind) * len(children))(*[ctypes.pointer(c) for c in children])
        self._kept.append(places)
        return places
