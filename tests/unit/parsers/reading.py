"""What tests say about lines: bytes in, plain values out."""

from typing import Any

from apisentinel.kernels.bytes import padded
from apisentinel.parsers.base import REASON_TEXT
from apisentinel.parsers.router import LineRouter, ParsedChunk
from apisentinel.records.batch import MISSING, NO_TIME, TEXT_COLUMNS

REASON_NAME = {text: reason.name for reason, text in REASON_TEXT.items()}


def parse(data: bytes, router: LineRouter | None = None, *, final: bool = True) -> ParsedChunk:
    """One chunk through a router."""
    return (router or LineRouter()).parse_chunk(padded(data), len(data), final=final)


def row(parsed: ParsedChunk, i: int = 0) -> dict[str, Any]:
    """All known fields of a request; texts as Latin-1, headers as pairs."""
    batch = parsed.batch
    out: dict[str, Any] = {}
    for name in TEXT_COLUMNS:
        text = batch.text(name, i)
        if name == "headers" and text is not None:
            out[name] = [[a.decode("latin-1"), b.decode("latin-1")] for a, b in batch.headers(i)]
        elif text is not None:
            out[name] = text.decode("latin-1")
    for name, column in batch.numbers.items():
        if int(column[i]) not in {MISSING, NO_TIME}:
            out[name] = int(column[i])
    return out


def rows(parsed: ParsedChunk) -> list[dict[str, Any]]:
    """All requests of a chunk."""
    return [row(parsed, i) for i in range(len(parsed.batch))]


def reasons(parsed: ParsedChunk) -> dict[str, int]:
    """Names of the reasons of refused lines and how many there are."""
    return {REASON_NAME[text]: count for text, (count, _) in parsed.rejected.items()}
