"""Chooses how a file is read, and says why in words."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from apisentinel.errors import ConfigError
from apisentinel.kernels.bytes import padded
from apisentinel.parsers.apache_format import compile_apache
from apisentinel.parsers.base import Parser
from apisentinel.parsers.nginx_format import compile_nginx
from apisentinel.parsers.registry import make
from apisentinel.parsers.router import LineRouter, ParsedChunk
from apisentinel.records.batch import NO_TIME

AUTO = "auto"

MOST_SAMPLE = 256 << 10
"""Bytes of a file that are looked at before it is read."""


@dataclass(frozen=True)
class Choice:
    """How a file is read.

    Attributes:
        router: Ready to parse its chunks.
        why: What was chosen and why, one sentence.
    """

    router: LineRouter
    why: str


def compile_log_format(text: str) -> Parser:
    """A parser for a format string of nginx (``$remote_addr …``) or Apache (``%h …``).

    Raises:
        ConfigError: The string is neither, or cannot be parsed without doubt.
    """
    if "$" in text:
        return compile_nginx(text)
    if "%" in text:
        return compile_apache(text)
    raise ConfigError(
        f"the log format {text!r} holds neither an nginx variable ($remote_addr) nor an "
        "Apache directive (%h);"
        " copy the string behind log_format or LogFormat"
    )


def whole_lines(head: bytes) -> bytes:
    """The head of a file up to its last line end; all of it when it has none."""
    cut = head.rfind(b"\n", 0, MOST_SAMPLE)
    return head[:MOST_SAMPLE] if cut < 0 else head[: cut + 1]


def sample(router: LineRouter, head: bytes) -> ParsedChunk:
    """What the first lines give; leaves the router as it is."""
    lines = whole_lines(head)
    return router.copy().parse_chunk(padded(lines), len(lines))


def choose_parser(head: bytes, format_name: str = AUTO, log_format: str | None = None) -> Choice:
    """The router for a file.

    Args:
        head: Its first bytes, up to `MOST_SAMPLE`.
        format_name: ``auto`` or a name of the registry.
        log_format: nginx or Apache format string of the user; goes before `format_name`.

    Raises:
        ConfigError: Unknown name, or a format string that cannot be parsed.
    """
    if log_format:
        return Choice(
            LineRouter(compile_log_format(log_format), "custom"),
            "read with the given log format, other formats line by line",
        )
    if format_name != AUTO:
        return Choice(
            LineRouter(make(format_name), format_name),
            f"read as {format_name}, as asked; other formats line by line",
        )
    parsed = sample(LineRouter(), head)
    if not parsed.formats:
        looked = parsed.lines - sum(
            count
            for reason, (count, _) in parsed.rejected.items()
            if reason.startswith(("empty", "comment"))
        )
        why = (
            f"no known format among the first {looked:,} lines; every line is tried with "
            "all formats"
            if looked
            else "no lines at the start"
        )
        return Choice(LineRouter(None, "unknown"), why)
    return Choice(
        LineRouter(None, parsed.formats.most_common(1)[0][0]),
        describe(parsed.formats, parsed.lines),
    )


def describe(formats: Counter[str], lines: int) -> str:
    """One sentence about the formats of a sample."""
    total = sum(formats.values())
    ordered = sorted(formats.items(), key=lambda item: (-item[1], item[0]))
    first, count = ordered[0]
    text = f"{first}: {count:,} of the first {lines:,} lines have this format"
    if len(ordered) > 1:
        text += "; also " + ", ".join(
            f"{name} ({100 * n / total:.0f} %)" for name, n in ordered[1:4]
        )
    return text


def first_time(router: LineRouter, head: bytes) -> int | None:
    """Time of the first request of a file in µs, None when its first lines have none."""
    parsed = sample(router, head)
    times = parsed.batch.numbers["ts"]
    known = np.flatnonzero(times != NO_TIME)
    return int(times[known[0]]) if known.size else None
