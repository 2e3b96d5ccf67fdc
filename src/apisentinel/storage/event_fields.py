"""Fields of events in queries, and their columns in the database."""

from typing import Final

import pyarrow as pa

from apisentinel.storage.events_schema import EVENT_SCHEMA
from apisentinel.storage.query import Field, Fields, Kind

_SQL: Final[dict[str, str]] = {
    "int64": "BIGINT",
    "int16": "SMALLINT",
    "float": "FLOAT",
    "string": "VARCHAR",
    "list<item: string>": "VARCHAR[]",
}
"""DuckDB's name of each type of the schema."""

_KINDS: Final = {
    "BIGINT": Kind.INTEGER,
    "SMALLINT": Kind.INTEGER,
    "FLOAT": Kind.REAL,
    "VARCHAR": Kind.TEXT,
    "VARCHAR[]": Kind.LIST,
}


def _sql_type(field: pa.Field) -> str:
    name = str(field.type)
    return _SQL["list<item: string>" if name.startswith("list<") else name]


DUCKDB_COLUMNS: Final = ", ".join(
    f'"{field.name}" {_sql_type(field)}{"" if field.nullable else " NOT NULL"}'
    for field in EVENT_SCHEMA
)
"""Columns of a table of events."""

COLUMN_NAMES: Final = ", ".join(f'"{name}"' for name in EVENT_SCHEMA.names)


def _field(field: pa.Field) -> Field:
    kind = _KINDS[_sql_type(field)]
    if field.name == "ts":
        kind = Kind.MOMENT
    elif field.name == "client":
        kind = Kind.ADDRESS
    return Field(
        field.name, kind, sortable=kind is not Kind.LIST, filled=field.name in {"seq", "ts"}
    )


EVENT_FIELDS: Final = Fields("seq", [_field(field) for field in EVENT_SCHEMA])
"""Everything that events may be filtered and sorted by."""
