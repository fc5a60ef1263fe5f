"""The commands ``complaint-context cases`` and ``complaint-context database``: shims over plain functions."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from classifier.assessment import to_json
from serve.settings import Settings, read_settings

cases = typer.Typer(
    help="Drop old texts of cases; export moderators' verdicts as training records.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
database = typer.Typer(
    help="Bring the database of the cases to this version, or back.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

UrlOption = Annotated[
    str | None,
    typer.Option(
        "--url",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME  [default: COMPLAINT_CONTEXT_DATABASE_URL, "
        "else sqlite:///complaint-context.db]",
    ),
]


@cases.command("drop-text")
def drop_text(url: UrlOption = None) -> None:
    """Drop the texts of closed cases whose time (COMPLAINT_CONTEXT_KEEP_TEXT_DAYS) is over.

    The service does the same once an hour.

    Example: complaint-context cases drop-text
    """
    from serve.cases.upkeep import open_store

    count = open_store(_prepared(url)).drop_overdue_text()
    print(f"texts dropped: {count}", file=sys.stderr)


@cases.command("export")
def export_records(
    output: Annotated[Path, typer.Argument(metavar="OUT.jsonl", help="File to write; - writes to stdout.")],
    url: UrlOption = None,
) -> None:
    """Export moderators' verdicts as labelled records (data/LABELLING.md).

    Only verdicts whose text is still there can be: see COMPLAINT_CONTEXT_KEEP_VERDICT_TEXT.

    Example: complaint-context cases export verdicts.jsonl
    """
    from serve.cases.upkeep import open_store
    from serve.cases.verdicts import export

    found = export(open_store(_prepared(url)).verdicts())
    lines = "".join(f"{to_json(record)}\n" for record in found.records)
    if str(output) == "-":
        sys.stdout.write(lines)
    else:
        output.write_text(lines, encoding="utf-8")
    print(
        f"{output}: records: {len(found.records)}; left out: {found.without_text} without text (dropped, "
        f"edited or withdrawn since), {found.without_words} with a label that no words are marked for",
        file=sys.stderr,
    )


@database.command("upgrade")
def upgrade_database(
    url: UrlOption = None,
    to: Annotated[str, typer.Option(help="Revision; head is the newest.")] = "head",
) -> None:
    """Bring the schema up; cases and events stay.

    Example: complaint-context database upgrade --url postgresql://cases@localhost/cases
    """
    from serve.cases.database import upgrade

    upgrade(_url(url), to=to)
    _say_status(url)


@database.command("downgrade")
def downgrade_database(
    to: Annotated[str, typer.Option(help="Revision; base removes all cases and events.")],
    url: UrlOption = None,
) -> None:
    """Take the schema back for an older version of the service.

    Example: complaint-context database downgrade --to 0001
    """
    from serve.cases.database import downgrade

    downgrade(_url(url), to=to)
    _say_status(url)


@database.command("status")
def show_status(url: UrlOption = None) -> None:
    """Say which schema the database has; exit code 1 if this version cannot run on it.

    Example: complaint-context database status
    """
    if not _say_status(url):
        raise typer.Exit(1)


def _say_status(url: str | None) -> bool:
    from serve.cases.database import shown, status

    found = status(_url(url))
    print(f"{shown(_url(url))}: schema {found.current or 'none'}, newest {found.newest}")
    return found.up_to_date


def _prepared(url: str | None) -> Settings:
    from serve.cases.database import prepare

    settings = read_settings(database_url=url)
    prepare(settings.database_url)
    return settings


def _url(url: str | None) -> str:
    return read_settings(database_url=url).database_url
