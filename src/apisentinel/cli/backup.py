"""``apisentinel backup`` and ``apisentinel restore``."""

from pathlib import Path
from typing import Annotated

import typer

from apisentinel.cli.outcome import Exit


def backup(
    *,
    data_dir: Annotated[str, typer.Option(metavar="DIR", help="Data folder of the service.")],
    output: Annotated[
        str, typer.Option(metavar="FILE", help="File to write, such as backup.tar.zst.")
    ],
) -> int:
    """Writes all that is kept into one file, also while it runs."""
    from apisentinel.cli import messages
    from apisentinel.clock import SystemClock
    from apisentinel.storage import backup as work

    manifest = work.backup(Path(data_dir), Path(output), SystemClock())
    size = Path(output).stat().st_size
    messages.note(f"{output}: {len(manifest.files)} files, {size / 1e6:,.1f} MB")
    return Exit.DONE


def restore(
    *,
    source: Annotated[
        str, typer.Option("--input", metavar="FILE", help="File that 'backup' wrote.")
    ],
    data_dir: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Folder to make; it must be new or empty."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only check every byte of the backup.")
    ] = False,
) -> int:
    """Makes a data folder out of a backup that was checked before."""
    from apisentinel.cli import messages
    from apisentinel.errors import ConfigError
    from apisentinel.storage import backup as work

    if check:
        manifest = work.verify(Path(source))
        messages.note(f"{source} is whole: {len(manifest.files)} files")
        return Exit.DONE
    if data_dir is None:
        raise ConfigError("name the folder to make with --data-dir")
    manifest = work.restore(Path(source), Path(data_dir))
    messages.note(f"{data_dir}: {len(manifest.files)} files restored")
    return Exit.DONE


def register(app: typer.Typer, epilog: str) -> None:
    """Adds the commands."""
    app.command(epilog=epilog)(backup)
    app.command(epilog=epilog)(restore)
