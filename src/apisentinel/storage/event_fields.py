"""Fields of events in queries, and their columns in the database."""

from typing import Final

from apisentinel.storage.columns import ColumnType
from apisentinel.storage.events_schema import EVENT_SCHEMA, FILLED
from apisentinel.storage.query import Field, Fields, Kind

_KINDS: Final = {
    ColumnType.INT64: Kind.INTEGER,
    ColumnType.INT16: Kind.INTEGER,
    ColumnType.FLOAT32: Kind.REAL,
    ColumnType.TEXT: Kind.TEXT,
    ColumnType.TEXTS: Kind.LIST,
}

_SPECIAL: Final = {"ts": Kind.MOMENT, "client": Kind.ADDRESS}
"""Fields whose column says less than is known of them."""

DISTINCT: Final = frozenset({"event_id", "path", "session"})
"""Columns whose values hardly repeat. A dictionary of them is read as a whole for one row; packed
in small frames they cost half as much to read row by row, less to write, and a tenth more space.
"""


def _column(name: str, type_: ColumnType) -> str:
    needed = " NOT NULL" if name in FILLED else ""
    return f'"{name}" {type_}{needed}{" USING COMPRESSION zstd" if name in DISTINCT else ""}'


DUCKDB_COLUMNS: Final = ", ".join(_column(name, type_) for name, type_ in EVENT_SCHEMA.items())
"""Columns of a table of events."""

COLUMN_NAMES: Final = ", ".join(f'"{name}"' for name in EVENT_SCHEMA)


def _field(name: str, type_: ColumnType) -> Field:
    kind = _SPECIAL.get(name, _KINDS[type_])
    network = "network" if kind is Kind.ADDRESS else ""
    return Field(name, kind, "", kind is not Kind.LIST, name in FILLED, network)


EVENT_FIELDS: Final = Fields("seq", [_field(name, type_) for name, type_ in EVENT_SCHEMA.items()])
"""Everything that events may be filtered and sorted by."""
