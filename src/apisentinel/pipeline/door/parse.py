"""A submitted body as a batch and a list of what was wrong with the rest."""

from typing import NamedTuple

import msgspec
import numpy as np

from apisentinel.errors import RefusedError
from apisentinel.kernels.bytes import padded
from apisentinel.parsers.base import REASON_TEXT, Reason
from apisentinel.parsers.document import HEAD, expand, is_document
from apisentinel.parsers.json_formats import NDJSON
from apisentinel.parsers.json_lines import JsonLinesParser
from apisentinel.parsers.json_requests import REQUEST_ERRORS, split_lines
from apisentinel.pipeline.door.settings import DoorSettings
from apisentinel.records.batch import RequestBatch, empty_columns

_parser = JsonLinesParser(NDJSON)


class Rejected(msgspec.Struct, frozen=True):
    """A record that is no request.

    Attributes:
        line: Its number in the submission, from 1: the line of NDJSON, else the how-manieth record.
        error: What is wrong with it.
    """

    line: int
    error: str


class ParsedBody(NamedTuple):
    """What a body holds.

    Attributes:
        batch: Its requests in order.
        rejected: The first broken records.
        broken: Number of all broken records.
    """

    batch: RequestBatch
    rejected: tuple[Rejected, ...]
    broken: int


def parse_body(body: bytes, settings: DoorSettings) -> ParsedBody:
    """Reads NDJSON, a JSON array, concatenated JSON objects, or an envelope around a list.

    Blank lines are nothing; everything else becomes a row or an entry of the list of errors.

    Args:
        body: Decompressed.
        settings: Its limits hold.

    Raises:
        RefusedError: 413, more bytes or records than the settings allow.
    """
    if len(body) > settings.max_body_bytes:
        raise RefusedError(
            413,
            f"the body has {len(body):,} bytes, at most {settings.max_body_bytes:,} are accepted"
            " in one submission: send smaller batches",
        )
    if is_document(body[:HEAD]):
        return _parse_lines(expand(body, limit=settings.max_body_bytes), settings)
    parsed = _parse_lines(body, settings)
    if parsed.broken:
        # objects that share lines or go over several, only not at the beginning
        records = _parse_lines(expand(body, limit=settings.max_body_bytes), settings)
        if len(records.batch) > len(parsed.batch):
            return records
    return parsed


def _parse_lines(body: bytes, settings: DoorSettings) -> ParsedBody:
    """Reads one object a line."""
    if body.count(b"\n") > settings.max_records + 1:
        raise _too_many(settings)
    begin, end = split_lines(body)
    data = np.frombuffer(body, np.uint8)
    if begin.size:
        returns = (end > begin) & (data[np.maximum(end - 1, 0)] == 0x0D)
        end = (end - returns).astype(np.int32)
    filled = np.flatnonzero(end > begin)
    if filled.size > settings.max_records:
        raise _too_many(settings)
    begin = np.ascontiguousarray(begin[filled])
    end = np.ascontiguousarray(end[filled])
    buffer = padded(body)
    spans, numbers = empty_columns(begin.size)
    reason = np.full(begin.size, Reason.TOO_LONG, np.uint8)
    pick = np.flatnonzero(end - begin <= settings.max_record_bytes).astype(np.int32)
    _parser.parse(buffer, begin, end, pick, spans, numbers, reason)
    good = reason == Reason.OK
    if not good.all():
        rows = np.flatnonzero(good)
        spans = np.ascontiguousarray(spans[:, rows])
        numbers = {name: column[rows] for name, column in numbers.items()}
    bad = np.flatnonzero(~good)
    listed = tuple(
        Rejected(int(filled[i]) + 1, _words(Reason(int(reason[i])), settings))
        for i in bad[: settings.max_errors]
    )
    return ParsedBody(RequestBatch(buffer, spans, numbers), listed, int(bad.size))


def _words(reason: Reason, settings: DoorSettings) -> str:
    """What is wrong with a record."""
    if reason == Reason.TOO_LONG:
        return f"the record is longer than {settings.max_record_bytes:,} bytes"
    return REQUEST_ERRORS.get(reason) or REASON_TEXT.get(reason, "cannot be read")


def _too_many(settings: DoorSettings) -> RefusedError:
    return RefusedError(
        413,
        f"more than {settings.max_records:,} records in one submission: send smaller batches",
    )
