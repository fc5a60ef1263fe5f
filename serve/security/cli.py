"""``complaint-context keys``: shims over ``serve.security.key_file``."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from serve.security.caller import Role
from serve.security.key_file import KeyFile
from serve.settings import read_settings

keys = typer.Typer(
    help="Make, list and revoke the keys of the service.", no_args_is_help=True, rich_markup_mode=None
)

FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", help="The keys  [default: COMPLAINT_CONTEXT_KEYS_FILE, else complaint-context.keys.json]"
    ),
]


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="Who holds it; stands in the events of cases.")],
    role: Annotated[
        Role, typer.Option(help="classify: assess stories. moderate: work on cases, too. admin: all.")
    ] = Role.CLASSIFY,
    file: FileOption = None,
) -> None:
    """Make a key and print it, this once; a running service knows it at once.

    To replace a key, make another for the same name, hand it over, then revoke the old one.

    Example: complaint-context keys create "night shift" --role moderate
    """
    print(_key_file(file).create(name, role, today=_today()))


@keys.command("list")
def list_keys(file: FileOption = None) -> None:
    """List the keys, oldest first: id, role, day made, day revoked or -, name."""
    for key in _key_file(file).read().keys:
        print(key.id, f"{key.role:8}", key.created, f"{key.revoked or '-'!s:10}", key.name)


@keys.command()
def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as in the list.")],
    file: FileOption = None,
) -> None:
    """End a key and the console sessions begun with it; a running service knows at once."""
    _key_file(file).revoke(id, today=_today())


def _key_file(chosen: Path | None) -> KeyFile:
    return KeyFile(read_settings(keys_file=chosen).keys_file)


def _today() -> date:
    return datetime.now(UTC).date()
