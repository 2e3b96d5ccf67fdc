"""The group of commands ``apisentinel config``."""

from typing import Annotated

import typer

app = typer.Typer(
    name="config",
    help="Checks and shows settings: file, environment, defaults.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

File = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="Settings in TOML."),
]


@app.command()
def check(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="Settings in TOML; without it, only the environment is checked.",
            show_default=False,
        ),
    ] = None,
    *,
    config: File = None,
) -> int:
    """Checks a file and the environment; lists all faults at once."""
    from apisentinel.cli import config as command
    from apisentinel.errors import ConfigError

    if file is not None and config is not None:
        raise ConfigError(f"name one file: {file} or --config {config}")
    return command.check(file or config)


@app.command()
def show(
    *,
    config: File = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Leave out what has its default.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of TOML.")] = False,
) -> int:
    """Prints the settings in effect and where each comes from."""
    from apisentinel.cli import config as command

    return command.show(config, changed=changed, as_json=json)


@app.command()
def schema() -> int:
    """Prints the JSON Schema of a settings file."""
    from apisentinel.cli import config

    return config.schema()
