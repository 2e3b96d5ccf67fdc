"""The groups of commands ``apisentinel keys`` and ``apisentinel users``."""

from typing import Annotated

import typer

from apisentinel.cli.service_commands import DataDir

keys = typer.Typer(
    name="keys",
    help="Makes, lists, rotates and revokes API keys.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
users = typer.Typer(
    name="users",
    help="Adds, lists, disables and resets users.",
    rich_markup_mode=None,
    no_args_is_help=True,
)

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The part of the key before its dot.")]
UserName = Annotated[str, typer.Argument(metavar="NAME", help="Login name.")]


@keys.command("create")
def create_key(
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="What the key is for.")],
    scopes: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="Some of ingest, read, respond, admin, bouncer, with commas."
        ),
    ],
    data_dir: DataDir = None,
    expires_days: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, max=3650, help="Days until it ends. [default: never]"),
    ] = None,
) -> int:
    """Makes a key and prints it, this once."""
    from apisentinel.cli import accounts

    return accounts.create_key(data_dir, name, scopes, expires_days)


@keys.command("list")
def list_keys(*, data_dir: DataDir = None) -> int:
    """Lists keys: id, state, scopes, last use, name, with tabs between."""
    from apisentinel.cli import accounts

    return accounts.list_keys(data_dir)


@keys.command("revoke")
def revoke_key(key_id: KeyId, *, data_dir: DataDir = None) -> int:
    """Ends a key for good."""
    from apisentinel.cli import accounts

    return accounts.revoke_key(data_dir, key_id)


@keys.command("rotate")
def rotate_key(
    key_id: KeyId,
    *,
    data_dir: DataDir = None,
    overlap_hours: Annotated[
        float,
        typer.Option(metavar="H", min=0, max=720, help="How long the old key works on, in hours."),
    ] = 24.0,
) -> int:
    """Makes the successor of a key and prints it, this once."""
    from apisentinel.cli import accounts

    return accounts.rotate_key(data_dir, key_id, overlap_hours)


@users.command("add")
def add_user(
    name: UserName,
    *,
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="viewer, analyst, responder or admin.")
    ] = "viewer",
    data_dir: DataDir = None,
) -> int:
    """Adds a user; asks for the password, or reads it from a pipe."""
    from apisentinel.cli import accounts

    return accounts.add_user(data_dir, name, role)


@users.command("list")
def list_users(*, data_dir: DataDir = None) -> int:
    """Lists users: name, role, state, last login, with tabs between."""
    from apisentinel.cli import accounts

    return accounts.list_users(data_dir)


@users.command("disable")
def disable_user(name: UserName, *, data_dir: DataDir = None) -> int:
    """Keeps a user out and ends their sessions."""
    from apisentinel.cli import accounts

    return accounts.disable_user(data_dir, name)


@users.command("reset")
def reset_user(name: UserName, *, data_dir: DataDir = None) -> int:
    """Gives a user another password and lets them in again."""
    from apisentinel.cli import accounts

    return accounts.reset_user(data_dir, name)
