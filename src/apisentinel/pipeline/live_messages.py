"""What the live stream says, as plain data in the words of the contracts."""

import msgspec

from apisentinel.pipeline.bus import Item
from apisentinel.pipeline.samples import time_text
from apisentinel.records.evidence import Alert
from apisentinel.records.taxonomy import severity_of


def alert_item(alert: Alert) -> Item:
    """An alert for the stream: the fields of `Alert` with its severity, times as RFC 3339."""
    item: Item = msgspec.to_builtins(alert)
    item["severity"] = severity_of(alert.risk).value
    item["ts"] = time_text(alert.ts)
    item["first_ts"] = time_text(alert.first_ts)
    return item
