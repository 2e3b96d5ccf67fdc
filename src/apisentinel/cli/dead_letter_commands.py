"""The group of commands ``apisentinel dead-letters``."""

from typing import Annotated

import typer

from apisentinel.cli.options import Config
from apisentinel.cli.service_commands import DataDir

app = typer.Typer(
    name="dead-letters",
    help="Shows input that gave no request, and sends it in again.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list")
def list_letters(
    *,
    data_dir: DataDir = None,
    config: Config = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Most letters shown.")] = 100,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were sent in again already.")
    ] = False,
) -> int:
    """Lists them: number, time, source, reason, place, beginning."""
    from apisentinel.cli import dead_letters

    return dead_letters.listed(config, data_dir, limit=limit, everything=everything)


@app.command("show")
def show_letter(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the letter.")],
    *,
    data_dir: DataDir = None,
    config: Config = None,
) -> int:
    """Prints the content of a letter; secrets are replaced in it."""
    from apisentinel.cli import dead_letters

    return dead_letters.shown(config, data_dir, number)


@app.command("replay")
def replay_letters(
    numbers: Annotated[
        list[int] | None,
        typer.Argument(metavar="[NUMBER]…", help="Which ones. [default: all]", show_default=False),
    ] = None,
    *,
    data_dir: DataDir = None,
    config: Config = None,
    format_name: Annotated[
        str, typer.Option("--format", metavar="NAME|auto", help="Format of the lines.")
    ] = "auto",
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where the service runs. [default: it does not run now]"),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            envvar="APISENTINEL_AGENT_KEY",
            help="API key with the scope ingest, for a running service.",
        ),
    ] = None,
) -> int:
    """Reads them again and sends in those that now give a request."""
    from apisentinel.cli import dead_letters

    return dead_letters.replayed(
        config, data_dir, list(numbers or ()), format_name=format_name, url=url, key=key
    )
