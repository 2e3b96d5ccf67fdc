"""What the live stream says, as plain data in the words of the contracts."""

from collections.abc import Iterable

import msgspec
from msgspec import structs

from apisentinel.pipeline.live.bus import Item
from apisentinel.pipeline.live.incidents import IncidentDocument
from apisentinel.pipeline.samples import time_text
from apisentinel.records.evidence import Alert
from apisentinel.records.report import EndpointSummary
from apisentinel.records.taxonomy import severity_of
from apisentinel.storage.columns import Table


def alert_item(alert: Alert) -> Item:
    """An alert for the stream: the fields of `Alert` with its severity, times as RFC 3339; without
    its explanation, which is as long as the rest again and which a page asks for.
    """
    item: Item = msgspec.to_builtins(structs.replace(alert, explanation=None))
    item["severity"] = severity_of(alert.risk).value
    item["ts"] = time_text(alert.ts)
    item["first_ts"] = time_text(alert.first_ts)
    return item


def event_items(table: Table, rows: Iterable[int]) -> list[Item]:
    """Rows of a table for the event store as the stream tells them; times as RFC 3339."""
    items: list[Item] = table.rows(rows)
    for item in items:
        item["ts"] = time_text(item["ts"])
    return items


def incident_item(document: IncidentDocument) -> Item:
    """An incident for the stream: its document without the samples, which a page asks for."""
    return {name: value for name, value in document.items() if name != "samples"}


def endpoint_row(endpoint: EndpointSummary) -> Item:
    """An endpoint of the report as plain data, its severity included."""
    row: Item = msgspec.to_builtins(endpoint)
    row["severity"] = severity_of(endpoint.risk).value
    return row
