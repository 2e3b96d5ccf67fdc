"""Columns of judged requests, the same in the database, in Parquet files and in answers."""

from typing import Final

from apisentinel.storage.columns import ColumnType

EVENT_SCHEMA: Final[dict[str, ColumnType]] = {
    "seq": ColumnType.INT64,
    "ts": ColumnType.INT64,
    "event_id": ColumnType.TEXT,
    "source": ColumnType.TEXT,
    "method": ColumnType.TEXT,
    "host": ColumnType.TEXT,
    "path": ColumnType.TEXT,
    "query": ColumnType.TEXT,
    "status": ColumnType.INT16,
    "request_bytes": ColumnType.INT64,
    "response_bytes": ColumnType.INT64,
    "duration_us": ColumnType.INT64,
    "client": ColumnType.TEXT,
    "network": ColumnType.TEXT,
    "user": ColumnType.TEXT,
    "session": ColumnType.TEXT,
    "credential": ColumnType.TEXT,
    "user_agent": ColumnType.TEXT,
    "referer": ColumnType.TEXT,
    "agent_kind": ColumnType.TEXT,
    "endpoint": ColumnType.TEXT,
    "route": ColumnType.TEXT,
    "risk": ColumnType.INT16,
    "score": ColumnType.FLOAT32,
    "severity": ColumnType.TEXT,
    "attack_types": ColumnType.TEXTS,
    "detectors": ColumnType.TEXTS,
    "reason": ColumnType.TEXT,
}
"""`seq` counts rows from 1, `ts` is µs since the epoch, the text is redacted already."""

FILLED: Final = frozenset({"seq", "ts"})
"""Columns of which every row has a value."""
