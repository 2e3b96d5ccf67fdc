"""The known log formats by name. Each family file registers its own; nothing else has to be edited
for a new format.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from importlib import import_module

from apisentinel.errors import ConfigError
from apisentinel.parsers.base import Parser


class Shape(IntEnum):
    """What a line looks like from its first bytes; decides which formats are tried on it.

    A function of the line alone, so the result of a line never depends on its neighbours.
    """

    BLANK = 0
    COMMENT = 1
    JSON = 2
    """``{``"""
    BRACKET = 3
    """``[``"""
    SLASH_DATE = 4
    """``2024/01/31 ``"""
    DASH_DATE = 5
    """``2024-01-31``"""
    TEXT = 6
    """Anything else."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One log format.

    Attributes:
        name: What ``--format`` takes.
        title: One sentence for ``apisentinel formats``.
        sample: One line of it.
        make: Gives a new parser; a parser may hold state of one file, so every file gets its own.
        shapes: Lines of these shapes are tried with this format in ``auto``; empty = only on
            demand.
        rank: Order among the formats of one shape, lowest first; part of the result where two
            formats accept a line.
        family: ``text``, ``json`` or ``document`` (the input as a whole is one document, not
            lines).
    """

    name: str
    title: str
    sample: str
    make: Callable[[], Parser]
    shapes: tuple[Shape, ...] = ()
    rank: int = 100
    family: str = "text"


FORMATS: dict[str, Format] = {}
"""Name to format, filled by `load`."""

FAMILIES = ("clf", "nginx", "apache", "haproxy", "envoy", "aws", "w3c", "application", "json_lines")
"""Modules of this package that register formats when imported."""

MAPPING_FILE = "json:"
"""What stands before the path of a mapping file in a format name."""

_loaded: list[str] = []


def register(entry: Format) -> Format:
    """Makes a format known.

    Raises:
        ConfigError: The name is taken.
    """
    if entry.name in FORMATS:
        raise ConfigError(f"log format {entry.name!r} is registered twice")
    FORMATS[entry.name] = entry
    return entry


def load() -> dict[str, Format]:
    """All formats by name; imports the family modules on first use."""
    if not _loaded:
        _loaded.extend(FAMILIES)
        for family in FAMILIES:
            import_module(f"apisentinel.parsers.{family}")
    return FORMATS


def make(name: str) -> Parser:
    """A new parser of the format with this name, or of the mapping file in ``json:FILE``.

    Raises:
        ConfigError: No such format, or no usable mapping.
    """
    formats = load()
    if name.startswith(MAPPING_FILE):
        # Loaded when asked for only: the model of the file costs more start-up time than all else.
        module = import_module("apisentinel.parsers.mapping_file")
        parser: Parser = module.mapping_parser(name[len(MAPPING_FILE) :])
        return parser
    if name not in formats:
        raise ConfigError(
            f"unknown log format {name!r}; known are: auto, {', '.join(sorted(formats))}"
        )
    return formats[name].make()


def automatic(shape: Shape) -> list[Format]:
    """Formats that ``auto`` tries on lines of one shape, in their fixed order."""
    return sorted((f for f in load().values() if shape in f.shapes), key=lambda f: (f.rank, f.name))
