"""The terminal as a place to write: how wide it is, what it can show, and its colours."""

import os
import sys
from dataclasses import dataclass
from typing import IO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from apisentinel.cli.visible import clip, pieces
from apisentinel.records.taxonomy import Severity

MIN_WIDTH, MAX_WIDTH = 60, 200
"""Narrower than 60 columns nothing can be laid out; wider than 200 no eye finds the next line."""

PIPED_WIDTH = 100
"""Columns when nobody says how wide the output is: fits mails, tickets and half a screen."""

PROSE = 110
"""Columns of running text: longer lines are hard to follow even where there is room."""

MAX_TEXT = 200
"""Characters shown of attacker text where nothing else is said; other reports have more."""

STYLES = {
    "CRITICAL": "bold #0E1318 on #EE4368",
    "HIGH": "bold #0E1318 on #FBA044",
    "MEDIUM": "bold #0E1318 on #F7F590",
    "LOW": "bold #0E1318 on #018AD8",
    "quiet": "dim",
    "title": "bold",
    "escape": "reverse",
    "bad": "bold red",
    "good": "green",
}
"""Severity as a chip with its own ink, so that it can be read on light and dark terminals alike."""


@dataclass(frozen=True)
class Glyphs:
    """Signs that depend on what the terminal's encoding can carry."""

    shapes: dict[str, str]
    blocks: str
    yes: str
    no: str
    dot: str
    arrow: str
    rule: str
    bar: str
    ellipsis: str


UNICODE = Glyphs(
    {"CRITICAL": "◆", "HIGH": "▲", "MEDIUM": "■", "LOW": "●"},
    " ▁▂▃▄▅▆▇█",
    "✔",
    "✘",
    "·",
    "→",
    "─",
    "█",
    "…",
)
ASCII = Glyphs(
    {"CRITICAL": "!", "HIGH": "^", "MEDIUM": "=", "LOW": "o"},
    " .:-=+*#@",
    "+",
    "x",
    "-",
    "->",
    "-",
    "#",
    "...",
)


TYPEWRITER = str.maketrans("–−…·\N{NO-BREAK SPACE}", "--~- ")
"""Typographic signs of our own texts, one for one, for terminals without them."""


class _Plain(Console):
    """A console that leaves it to the command what a reader that has gone means."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(stream: IO[str] | None = None, *, width: int | None = None) -> Console:
    """A console that never interprets what it prints.

    Args:
        stream: Where to write; standard output by default.
        width: Columns; by default those of the terminal, of ``COLUMNS``, or a width for files.

    Returns:
        A Rich console without markup, emoji codes or highlighting, which honours ``NO_COLOR``.
    """
    target = stream or sys.stdout
    terminal = target.isatty()
    if width is None and not terminal:
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdecimal() else PIPED_WIDTH
    made = _Plain(
        file=target,
        force_terminal=None if terminal else False,
        color_system="auto" if terminal else None,
        markup=False,
        emoji=False,
        highlight=False,
        width=width,
    )
    made.width = min(max(made.width, MIN_WIDTH), MAX_WIDTH)
    return made


def glyphs(made: Console) -> Glyphs:
    """Signs that this console can show."""
    return UNICODE if made.encoding.lower().startswith("utf") else ASCII


def foreign(text: str, style: str = "", *, limit: int = MAX_TEXT) -> Text:
    """Text of a stranger: hidden characters as escapes, cut to `limit` characters."""
    shown = Text(style=style, overflow="fold")
    for piece, escaped in pieces(clip(text, limit)):
        shown.append(piece, STYLES["escape"] if escaped else "")
    return shown


def folded(text: Text, width: int) -> Text:
    """The text broken every `width` columns; breaking at spaces tears URLs and log lines apart."""
    cuts, used = [], 0
    for index, char in enumerate(text.plain):
        columns = cell_len(char)
        if used + columns > width:
            cuts.append(index)
            used = 0
        used += columns
    return Text("\n").join(text.divide(cuts)) if cuts else text


def chip(severity: Severity, signs: Glyphs) -> Text:
    """A severity as colour, shape and word; a line may end between chips, not inside one."""
    shown = f" {signs.shapes[severity]}\N{NO-BREAK SPACE}{severity.value} "
    return Text(shown, STYLES[severity])
