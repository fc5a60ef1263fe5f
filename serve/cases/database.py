"""The database of the cases: SQLite in a file, or PostgreSQL by URL; how it is opened and brought up to date.

    complaint-context database upgrade --url postgresql://...

A service brings its own SQLite file up to date when it starts. PostgreSQL may have other users, so there it
only looks, and refuses to start on a schema that is not this version's.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from classifier.errors import ComplaintContextError

MIGRATIONS = Path(__file__).with_name("migrations")
NEWEST = "head"

_POOL = {"pool_timeout": 5, "pool_size": 20, "max_overflow": 20}  # as many as a service has threads
_CONNECT_TIMEOUT_S = 5
_LIMITS = "-c lock_timeout=5000 -c statement_timeout=15000"  # milliseconds
_BUSY_TIMEOUT_S = 5
_PATIENT_BUSY_TIMEOUT_S = 30
_SCRUB_TIMEOUT_MS = 500
_SPELLINGS = ("postgres", "postgresql", "postgresql+psycopg")


class DatabaseError(ComplaintContextError):
    """The database cannot be used as it is; the message never holds its password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """The database's revision (None: empty, or none of ours) and the newest one."""

    current: str | None
    newest: str

    @property
    def up_to_date(self) -> bool:
        """Whether a service of this version can run on it."""
        return self.current == self.newest


def connect(url: str, *, patient: bool = False) -> Engine:
    """An engine for ``url``; nothing is opened before the first use.

    It gives up after seconds, as a request waits for it; a ``patient`` one lets migrations take their time.

    Raises:
        DatabaseError: it is no URL of SQLite or PostgreSQL.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, busy_timeout_s=_PATIENT_BUSY_TIMEOUT_S if patient else _BUSY_TIMEOUT_S)
    return _postgresql(parsed, limits="" if patient else _LIMITS)


def prepare(url: str) -> None:
    """Makes the database ready for a service of this version, or says what the operator has to do.

    Raises:
        DatabaseError: it cannot be reached, or its schema is not this version's.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        _make_private(parsed)
        upgrade(url)
        return
    found = status(url)
    if not found.up_to_date:
        raise DatabaseError(
            f"{shown(url)}: its schema is {found.current or 'empty'}, this version needs {found.newest}. "
            "Run: complaint-context database upgrade --url URL"
        )


def status(url: str) -> SchemaStatus:
    """Which schema the database has.

    Raises:
        DatabaseError: it cannot be reached.
    """
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    return SchemaStatus(current=_run(url, _current), newest=str(newest))


def upgrade(url: str, *, to: str = NEWEST) -> None:
    """Brings the schema up to revision ``to``; its cases and events stay.

    Raises:
        DatabaseError: it cannot be reached, or is of a version unknown here.
    """
    _run(url, lambda connection: command.upgrade(_config(connection), to))


def downgrade(url: str, *, to: str) -> None:
    """Takes the schema back to an older revision; ``base`` removes everything.

    Raises:
        DatabaseError: it cannot be reached, or there is no such revision.
    """
    _run(url, lambda connection: command.downgrade(_config(connection), to))


def scrub(engine: Engine) -> bool:
    """Empties SQLite's log file, which would otherwise keep dropped words until later writes cover them.

    Nothing of the kind is done for PostgreSQL: there they stay in dead rows, log and backups until those are
    rewritten (serve/README.md).

    Returns:
        False where somebody still reads what the log holds: try again later.
    """
    if engine.dialect.name != "sqlite":
        return True
    connection = engine.raw_connection()
    try:
        return _empty_log(connection.cursor())
    finally:
        connection.close()


def _empty_log(cursor: Any) -> bool:
    # Whoever waits here for a reader lets nobody write meanwhile, so it may not be long.
    (usual_ms,) = cursor.execute("PRAGMA busy_timeout").fetchone()
    cursor.execute(f"PRAGMA busy_timeout = {_SCRUB_TIMEOUT_MS}")
    try:
        busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        cursor.execute(f"PRAGMA busy_timeout = {usual_ms}")
    return busy == 0


def shown(url: str) -> str:
    """``url`` with its password hidden."""
    return _parse(url).render_as_string(hide_password=True)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise DatabaseError(
            "database url: is none. Write sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from None
    if parsed.drivername == "sqlite":
        if parsed.database in (None, "", ":memory:"):  # each connection would have a database of its own
            raise DatabaseError("database url: names no file. Write sqlite:///FILE.")
        return parsed
    if parsed.drivername in _SPELLINGS:
        return parsed.set(drivername="postgresql+psycopg")
    raise DatabaseError(
        f"database url: {parsed.drivername} is not supported. Write sqlite:///FILE or "
        "postgresql://USER@HOST/NAME."
    )


def _postgresql(url: URL, *, limits: str) -> Engine:
    given = url.normalized_query
    told = {
        "connect_timeout": given.get("connect_timeout", (_CONNECT_TIMEOUT_S,))[-1],
        "options": " ".join((limits, *given.get("options", ()))),  # of two that differ the later one counts
    }
    # Errors would repeat a statement's values, and those are stories.
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=told, **_POOL)


def _sqlite(url: URL, *, busy_timeout_s: int) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": busy_timeout_s}, **_POOL)

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN would come too late to lock
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # what is acknowledged survives a power cut
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # dropped words are overwritten, not just unlinked

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its lock first: one that had read before could not wait for another writer's end.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_private(url: URL) -> None:
    """Creates the file for its owner alone, as it will hold stories; SQLite's other files follow it."""
    try:
        os.close(os.open(str(url.database), os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseError(
            f"{url.database}: {error.strerror}. Name a file that the service can write."
        ) from None


def _run(url: str, act: Any) -> Any:
    engine = connect(url, patient=True)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            return act(connection)
    except CommandError:
        raise DatabaseError(
            f"{shown(url)}: its schema, or the one asked for, is unknown to this version. "
            "See the revisions with: complaint-context database status"
        ) from None
    except SQLAlchemyError as error:
        # The driver's words may repeat values; its kind says enough.
        raise DatabaseError(
            f"{shown(url)}: cannot be used ({type(error).__name__}). Check that it runs and lets you in."
        ) from None
    finally:
        engine.dispose()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
