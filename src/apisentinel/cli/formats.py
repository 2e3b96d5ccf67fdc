"""``apisentinel formats``: the log formats that can be read."""

import sys

import typer

from apisentinel.cli.messages import did_you_mean, nearest
from apisentinel.parsers import registry

AUTO = "auto"


def check_name(name: str) -> None:
    """Refuses a format that does not exist, with the one that was probably meant.

    ``json:FILE`` names a mapping; whether it can be used is said when it is read.

    Raises:
        BadParameter: There is no such format.
    """
    if name == AUTO or name.startswith(registry.MAPPING_FILE):
        return
    known = [AUTO, *registry.load()]
    if name not in known:
        hint = did_you_mean(nearest(name, known)) or "; 'apisentinel formats' lists all"
        raise typer.BadParameter(f"there is no format '{name}'{hint}", param_hint="'--format'")


def run(*, as_json: bool) -> int:
    """Lists name, meaning and a sample line of every format on standard output.

    Args:
        as_json: One JSON array instead of text.

    Returns:
        Exit code 0.
    """
    formats = [registry.load()[name] for name in sorted(registry.load())]
    if as_json:
        import msgspec

        rows = [
            {"name": item.name, "description": item.title, "sample": item.sample}
            for item in formats
        ]
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(rows), indent=2) + b"\n")
        return 0
    from rich.table import Table

    from apisentinel.cli.console import STYLES, console, foreign

    out = console()
    table = Table(box=None, padding=(0, 2, 1, 0), show_header=False)
    table.add_column(no_wrap=True, style=STYLES["title"])
    table.add_column(overflow="fold")
    for item in formats:
        text = foreign(item.title)
        text.append("\n")
        text.append_text(foreign(item.sample, STYLES["quiet"]))
        table.add_row(item.name, text)
    out.print(table)
    out.print(
        "Use one with --format NAME. Without it, each line is tried with what it looks like (auto)."
    )
    out.print("Any other nginx or Apache format: give its own format string with --log-format.")
    return 0
