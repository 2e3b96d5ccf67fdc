"""Labels of training requests: a field of NDJSON lines, found again by the id of the event."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from apisentinel.errors import ConfigError
from apisentinel.records.batch import RequestBatch
from apisentinel.sources import discover

NO_LABEL = -1

ORDINARY = frozenset({"", "0", "false", "none", "benign", "normal", "ordinary", "no"})
"""Texts that say that a request is no attack; any other text names one."""

MOST_LABELS = 5_000_000
"""Labels kept, about 100 bytes each."""
CHUNK = 4 << 20


class Labels:
    """What is known of requests, by event id.

    Requests without an event id have no label: the order of lines says nothing once several files
    are merged by time.
    """

    def __init__(self, known: dict[bytes, int]) -> None:
        self._known = known

    @classmethod
    def read(cls, paths: list[str], field: str) -> "Labels":
        """Labels of all lines of NDJSON files.

        Raises:
            ConfigError: No line has the field and an event id, or the input cannot be read twice.
            SourceError: An input cannot be found or opened.
        """
        if "-" in paths:
            raise ConfigError("--labels reads the input twice: name files instead of -")
        known: dict[bytes, int] = {}
        for document in _documents(paths):
            event, label = document.get("event_id"), document.get(field)
            if event is not None and label is not None and len(known) < MOST_LABELS:
                known[str(event).encode("utf-8", "replace")] = _label(label)
        if not known:
            raise ConfigError(f"--labels: no line has an event_id and the field '{field}'")
        return cls(known)

    def of(self, batch: RequestBatch) -> npt.NDArray[np.int8]:
        """Label of each request: 1 attack, 0 ordinary, `NO_LABEL` unknown."""
        known = self._known
        rows = range(len(batch))
        found = (known.get(batch.text("event_id", row) or b"", NO_LABEL) for row in rows)
        return np.fromiter(found, np.int8, len(batch))


def _label(value: Any) -> int:
    if isinstance(value, str):
        return int(value.strip().lower() not in ORDINARY)
    return int(bool(value))


def _documents(paths: list[str]) -> Iterator[dict[str, Any]]:
    """The objects of all lines; what is none is left out."""
    found = discover(paths, chunk_size=CHUNK)
    try:
        for source in found.sources:
            for chunk in source.chunks():
                for line in chunk.buffer[: chunk.size].tobytes().split(b"\n"):
                    try:
                        document = orjson.loads(line)
                    except orjson.JSONDecodeError:
                        continue
                    if isinstance(document, dict):
                        yield document
    finally:
        for source in found.sources:
            source.close()
