"""``apisentinel series``: an anomaly score for every value of a metric."""

import csv
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from apisentinel.cli import messages
from apisentinel.cli.document import STDOUT, check_destination, write
from apisentinel.cli.interrupt import Interrupt
from apisentinel.cli.outcome import Exit
from apisentinel.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from apisentinel.detectors.series import SeriesDetector
    from apisentinel.sources import FileSource

TIMESTAMP, VALUE = "timestamp", "value"
DIGITS = 9
"""Digits after the point of a score: more than the detector can tell apart."""
CHUNK_BYTES = 1 << 20
"""Read at once; rows of one chunk are judged together."""
SHOWN = 80
"""Characters shown of a row that cannot be read."""
STOPPING = "\nStopping: rows that were read are written. Ctrl-C again ends at once."


class Row(NamedTuple):
    """A row as it was read; without a time or a value it cannot be judged."""

    fields: list[str]
    ts: int | None
    value: float


@dataclass
class Tally:
    """What became of the lines."""

    rows: int = 0
    unread: int = 0
    skipped: int = 0
    first_unread: str = ""


def run(path: str, *, target: str, quiet: bool) -> int:
    """Reads ``timestamp,value``, writes ``timestamp,value,anomaly_score``, row for row.

    A row whose time or value cannot be read scores 0 and is told of at the end.

    Args:
        path: CSV file, packed ones too; ``-`` is standard input.
        target: CSV file; ``-`` is standard output.
        quiet: No summary.

    Returns:
        Exit code of the contract.

    Raises:
        SourceError: The file cannot be read, or is no such CSV.
        ConfigError: The target cannot be written.
    """
    from apisentinel.sources import discover

    if target != STDOUT:
        check_destination("--output", target, [path])
    found = discover([path], chunk_size=CHUNK_BYTES)
    if len(found.sources) != 1:
        raise ConfigError(f"{path}: name one file")
    tally = Tally()
    with Interrupt(STOPPING) as interrupt, closing(found.sources[0]) as source:
        write(target, _scored(source, tally, interrupt))
    if tally.unread:
        messages.note(
            f"{tally.unread:,} of {tally.rows:,} rows could not be read and score 0; the first:"
            f" {tally.first_unread!r}"
        )
    if tally.skipped:
        messages.note(f"{tally.skipped:,} lines were too long and left out")
    if not quiet and target != STDOUT:
        messages.note(f"{tally.rows:,} rows: {target}")
    return Exit.INTERRUPTED if interrupt.stop.is_set() else Exit.DONE


def _scored(source: "FileSource", tally: Tally, interrupt: Interrupt) -> Iterator[bytes]:
    """The answer in pieces."""
    from apisentinel.detectors.series import SeriesDetector

    detector = SeriesDetector()
    yield f"{TIMESTAMP},{VALUE},anomaly_score\n".encode()
    for rows in _blocks(source, tally):
        yield _answer(rows, detector)
        if interrupt.stop.is_set():
            return


def _blocks(source: "FileSource", tally: Tally) -> Iterator[list[Row]]:
    """Rows in pieces."""
    columns: tuple[int, int] | None = None
    for chunk in source.chunks():
        tally.skipped += chunk.skipped
        text = bytes(chunk.buffer[: chunk.size]).decode("utf-8-sig", "replace")
        rows = []
        for line in text.split("\n"):
            if not line.strip():
                continue
            fields = _fields(line.rstrip("\r"))
            if columns is None:
                columns, is_heading = _columns(source.name, fields)
                if is_heading:
                    continue
            rows.append(_row(fields, columns))
            tally.rows += 1
            if rows[-1].ts is None:
                tally.unread += 1
                tally.first_unread = tally.first_unread or line[:SHOWN]
        yield rows
    if columns is None:
        raise SourceError(f"{source.name} is empty: expected rows of {TIMESTAMP},{VALUE}")


def _fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line]))
    except csv.Error:
        return [line[:SHOWN]]


def _columns(name: str, fields: list[str]) -> tuple[tuple[int, int], bool]:
    """Where time and value are, and whether this row is a heading."""
    words = [field.strip().lower() for field in fields]
    if TIMESTAMP in words and VALUE in words:
        return (words.index(TIMESTAMP), words.index(VALUE)), True
    if _row(fields, (0, 1)).ts is not None:
        return (0, 1), False
    raise SourceError(
        f"{name} begins with {','.join(fields)[:SHOWN]!r}: expected the heading {TIMESTAMP},{VALUE}"
    )


def _row(fields: list[str], columns: tuple[int, int]) -> Row:
    from apisentinel.api.query.moments import parse_moment

    when, what = columns
    if max(columns) >= len(fields):
        return Row(fields, None, 0.0)
    shown = [fields[when], fields[what]]
    try:
        value = float(fields[what])
        return Row(shown, parse_moment(fields[when].strip(), 0), value)
    except ValueError:
        return Row(shown, None, 0.0)


def _answer(rows: list[Row], detector: "SeriesDetector") -> bytes:
    import numpy as np

    ts = np.array([0 if row.ts is None else row.ts for row in rows], np.int64)
    values = np.array([np.nan if row.ts is None else row.value for row in rows], np.float64)
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    for row, score in zip(rows, detector.score_many(ts, values).tolist(), strict=True):
        sheet.writerow([*row.fields, f"{score:.{DIGITS}f}"])
    return text.getvalue().encode("utf-8", "replace")
