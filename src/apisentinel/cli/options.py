"""Options that several commands share, and readers of values that are more than a word."""

from typing import Annotated

import typer

from apisentinel.cli.messages import did_you_mean, nearest

SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
"""Bands in rising order, those of `records.taxonomy`; repeated to spare ``--help`` imports."""

UNITS = {
    "": 1,
    "B": 1,
    "K": 1 << 10,
    "KIB": 1 << 10,
    "KB": 10**3,
    "M": 1 << 20,
    "MIB": 1 << 20,
    "MB": 10**6,
    "G": 1 << 30,
}
UNITS |= {"GIB": 1 << 30, "GB": 10**9}

MIN_CHUNK, MAX_CHUNK = 1 << 10, 64 << 20
"""Limits of ``--chunk-size``, those of `pipeline.settings` (a test compares)."""


Config = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Settings in TOML. The command line and APISENTINEL_… variables come first.",
    ),
]
Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH",
        help="Log files, folders or globs, .gz and .zst too; - is standard input.",
        show_default=False,
    ),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME|auto",
        help="Format of the lines, see 'apisentinel formats'. [default: auto, per file]",
    ),
]
NoProgress = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
NoSummary = Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")]
Rate = Annotated[
    float, typer.Option(metavar="R", help="Mean requests per second of honest traffic.")
]
Model = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Model bundle that 'apisentinel train' wrote."),
]
RulesOnly = Annotated[
    bool, typer.Option("--rules-only", help="Leave out all that was trained or learned.")
]
ModelsOnly = Annotated[
    bool, typer.Option("--models-only", help="Leave out all that was written by hand.")
]


def model_options(model: str | None, *, rules_only: bool, models_only: bool) -> dict[str, object]:
    """Settings of the options about models; None where nothing was said.

    Raises:
        BadParameter: Both halves are left out.
    """
    if rules_only and models_only:
        raise typer.BadParameter("--rules-only and --models-only leave nothing; take one of them")
    return {
        "model": model,
        "models": False if rules_only else None,
        "rules": False if models_only else None,
    }


def severity(value: str | None) -> str | None:
    """A severity in capitals.

    Raises:
        BadParameter: There is no such severity.
    """
    if value is None or value.upper() in SEVERITIES:
        return value and value.upper()
    known = [name.lower() for name in SEVERITIES]
    hint = did_you_mean(nearest(value, known)) or f"; use {', '.join(known)}"
    raise typer.BadParameter(f"there is no severity '{value}'{hint}")


def size(value: str | None) -> int | None:
    """Bytes of a size such as ``64MiB``, ``500k`` or ``65536``.

    Raises:
        BadParameter: It is no size, or outside the limits.

    Example:
        >>> size("4MiB")
        4194304
    """
    if value is None:
        return None
    number = value.strip().rstrip("KMGIBkmgib")
    unit = value.strip()[len(number) :].upper()
    try:
        amount = float(number)
    except ValueError:
        amount = -1.0
    if unit not in UNITS or not 0 <= amount < float(MAX_CHUNK) * 2:
        raise typer.BadParameter(
            f"'{value}' is no size; write a number of bytes or one such as 64KiB, 4MiB"
        )
    total = int(amount * UNITS[unit])
    if not MIN_CHUNK <= total <= MAX_CHUNK:
        raise typer.BadParameter(f"'{value}' is outside 1KiB … 64MiB")
    return total
