"""The commands that run the service."""

from typing import Annotated

import typer

from apisentinel.cli.options import Config

DataDir = Annotated[
    str | None,
    typer.Option(
        metavar="DIR", help="Folder of everything that is kept. [default: apisentinel-data]"
    ),
]
Host = Annotated[
    str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1, this machine only]")
]
Port = Annotated[
    int | None, typer.Option(min=0, max=65_535, help="Port; 0 picks one. [default: 8080]")
]


def serve(
    *, data_dir: DataDir = None, host: Host = None, port: Port = None, config: Config = None
) -> int:
    """Runs the service: takes traffic in, judges, keeps and tells."""
    from apisentinel.cli.serve import run

    run(config, {"data_dir": data_dir, "server.host": host, "server.port": port})


def up(
    *, data_dir: DataDir = None, host: Host = None, port: Port = None, config: Config = None
) -> int:
    """Runs it with made-up traffic, unless sources are configured."""
    from apisentinel.cli.serve import run

    run(config, {"data_dir": data_dir, "server.host": host, "server.port": port}, demo=True)


def register(app: typer.Typer, epilog: str) -> None:
    """Adds the commands."""
    app.command(epilog=epilog)(serve)
    app.command(epilog=epilog)(up)
