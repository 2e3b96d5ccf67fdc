"""Columns of judged requests, the same in the database, in Parquet files and in answers."""

from typing import Final

import pyarrow as pa

EVENT_SCHEMA: Final = pa.schema(
    [
        pa.field("seq", pa.int64(), nullable=False),
        pa.field("ts", pa.int64(), nullable=False),
        pa.field("event_id", pa.string()),
        pa.field("source", pa.string()),
        pa.field("method", pa.string()),
        pa.field("host", pa.string()),
        pa.field("path", pa.string()),
        pa.field("query", pa.string()),
        pa.field("status", pa.int16()),
        pa.field("request_bytes", pa.int64()),
        pa.field("response_bytes", pa.int64()),
        pa.field("duration_us", pa.int64()),
        pa.field("client", pa.string()),
        pa.field("network", pa.string()),
        pa.field("user", pa.string()),
        pa.field("session", pa.string()),
        pa.field("credential", pa.string()),
        pa.field("user_agent", pa.string()),
        pa.field("referer", pa.string()),
        pa.field("agent_kind", pa.string()),
        pa.field("endpoint", pa.string()),
        pa.field("route", pa.string()),
        pa.field("risk", pa.int16()),
        pa.field("score", pa.float32()),
        pa.field("severity", pa.string()),
        pa.field("attack_types", pa.list_(pa.string())),
        pa.field("detectors", pa.list_(pa.string())),
        pa.field("reason", pa.string()),
    ]
)
"""`seq` counts rows from 1, `ts` is µs since the epoch, the text is redacted already."""
