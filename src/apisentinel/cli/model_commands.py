"""The group of commands ``apisentinel models``."""

from typing import Annotated

import typer

from apisentinel.cli.options import Config
from apisentinel.cli.service_commands import DataDir

app = typer.Typer(
    name="models",
    help="Shows, tries and switches model bundles.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

Bundle = Annotated[
    str,
    typer.Argument(metavar="BUNDLE", help="Id, or a beginning of it.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
Why = Annotated[str, typer.Option(metavar="TEXT", help="Reason, kept in the history.")]


@app.command("list")
def list_bundles(*, data_dir: DataDir = None, config: Config = None, json: Json = False) -> int:
    """Lists the bundles: id, state, when and by whom it was signed, size."""
    from apisentinel.cli import models

    return models.listed(config, data_dir, as_json=json)


@app.command("show")
def show_bundle(
    bundle: Annotated[
        str, typer.Argument(metavar="BUNDLE|DIR", help="Id, a beginning of it, or a folder.")
    ],
    *,
    data_dir: DataDir = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Shows what a bundle learned from, how good it was, and what it selected."""
    from apisentinel.cli import models

    return models.shown(config, data_dir, bundle, as_json=json)


@app.command("diff")
def compare_bundles(
    first: Bundle,
    second: Bundle,
    *,
    data_dir: DataDir = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Shows in what two bundles differ."""
    from apisentinel.cli import models

    return models.compared(config, data_dir, first, second, as_json=json)


@app.command("verify")
def verify_bundle(
    bundle: Annotated[
        str, typer.Argument(metavar="BUNDLE|DIR", help="Id, a beginning of it, or a folder.")
    ],
    *,
    data_dir: DataDir = None,
    config: Config = None,
) -> int:
    """Proves that a bundle is genuine and can be used; exits with 1 if not."""
    from apisentinel.cli import models

    return models.verified(config, data_dir, bundle)


@app.command("add")
def add_bundle(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="Folder that 'apisentinel train' wrote.")
    ],
    *,
    data_dir: DataDir = None,
    config: Config = None,
    activate: Annotated[bool, typer.Option("--activate", help="Let it judge at once.")] = False,
) -> int:
    """Takes a copy of a bundle in as a candidate."""
    from apisentinel.cli import models

    return models.added(config, data_dir, folder, activate=activate)


@app.command("activate")
def activate_bundle(
    bundle: Bundle, *, data_dir: DataDir = None, config: Config = None, why: Why = ""
) -> int:
    """Lets a bundle judge; a running service takes it over within seconds."""
    from apisentinel.cli import models

    return models.moved(config, data_dir, "activate", bundle, why)


@app.command("shadow")
def shadow_bundle(
    bundle: Bundle, *, data_dir: DataDir = None, config: Config = None, why: Why = ""
) -> int:
    """Lets a bundle judge beside the active one, without effect."""
    from apisentinel.cli import models

    return models.moved(config, data_dir, "shadow", bundle, why)


@app.command("retire")
def retire_bundle(
    bundle: Bundle, *, data_dir: DataDir = None, config: Config = None, why: Why = ""
) -> int:
    """Takes a bundle out of service."""
    from apisentinel.cli import models

    return models.moved(config, data_dir, "retire", bundle, why)


@app.command("rollback")
def roll_back(*, data_dir: DataDir = None, config: Config = None, why: Why = "") -> int:
    """Goes back to what judged before."""
    from apisentinel.cli import models

    return models.rolled_back(config, data_dir, why)


@app.command("remove")
def remove_bundle(bundle: Bundle, *, data_dir: DataDir = None, config: Config = None) -> int:
    """Forgets a retired bundle or candidate and removes its files."""
    from apisentinel.cli import models

    return models.moved(config, data_dir, "remove", bundle, "")
