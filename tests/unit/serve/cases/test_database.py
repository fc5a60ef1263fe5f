"""How the database is opened and brought up to date."""

import os
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from classifier.labels import Label
from serve.cases import database
from serve.cases.database import DatabaseError, connect, downgrade, prepare, scrub, shown, status, upgrade
from serve.cases.tables import metadata

NEWEST = "0002"


def test_new_file_gets_the_newest_schema_and_belongs_to_its_owner_alone(tmp_path):
    file = tmp_path / "cases.db"
    prepare(f"sqlite:///{file}")
    assert status(f"sqlite:///{file}") == database.SchemaStatus(current=NEWEST, newest=NEWEST)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600


def test_file_is_durable_and_strict(database_url):
    engine = connect(database_url)
    with engine.connect() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    engine.dispose()
    full, on = 2, 1
    assert found == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": on,
        "secure_delete": on,
        "busy_timeout": 5_000,
    }


def test_request_waits_seconds_for_a_connection_of_which_there_is_one_for_each_thread(database_url):
    for url in (database_url, "postgresql://cases@localhost/cases"):
        pool = connect(url).pool
        assert (pool.timeout(), pool.size(), pool._max_overflow) == (5, 20, 20)


def test_migration_may_wait_longer_for_the_file(database_url):
    engine = connect(database_url, patient=True)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 30_000
    engine.dispose()


def test_log_is_emptied_once_nobody_reads_it_any_longer(store, story, assessed, tmp_path, database_url):
    log, engine = tmp_path / "cases.db-wal", connect(database_url)
    store.open(story, assessed(story, Label.ONGOING), "pipeline")
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM cases"))
        assert scrub(engine) is False
        assert log.stat().st_size > 0
    assert scrub(engine) is True
    assert log.stat().st_size == 0
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 5_000
    engine.dispose()


def test_tables_are_those_that_the_migrations_make(database_url):
    engine = connect(database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_cases_and_events_survive_the_way_down_and_up_again(store, story, assessed, database_url):
    case = store.open(story, assessed(story, Label.ONGOING), "pipeline")
    events = store.events(case.id)
    downgrade(database_url, to="0001")
    assert status(database_url).current == "0001"
    assert not status(database_url).up_to_date
    upgrade(database_url)
    assert status(database_url).up_to_date
    assert (store.get(case.id), store.events(case.id)) == (case, events)


def test_way_down_to_the_base_leaves_nothing(database_url):
    downgrade(database_url, to="base")
    assert status(database_url).current is None


def test_upgrade_may_be_run_again(database_url):
    upgrade(database_url)
    assert status(database_url).up_to_date


def test_schema_of_a_later_version_is_refused_in_one_line(database_url):
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseError, match="is unknown to this version") as found:
        prepare(database_url)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "database url: is none. Write sqlite:///FILE or postgresql://USER@HOST/NAME."),
        ("cases.db", "database url: is none. Write sqlite:///FILE or postgresql://USER@HOST/NAME."),
        (
            "mysql://a:secret@b/c",
            "database url: mysql is not supported. Write sqlite:///FILE or postgresql://USER@HOST/NAME.",
        ),
        ("sqlite://", "database url: names no file. Write sqlite:///FILE."),
        ("sqlite:///", "database url: names no file. Write sqlite:///FILE."),
        ("sqlite:///:memory:", "database url: names no file. Write sqlite:///FILE."),
    ],
)
def test_url_of_no_database_that_can_be_used_is_refused(url, fault):
    with pytest.raises(DatabaseError) as found:
        connect(url)
    assert str(found.value) == fault


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_understood_and_its_password_hidden(scheme):
    engine = connect(f"{scheme}://cases:secret@localhost/cases")
    assert (engine.dialect.name, engine.driver) == ("postgresql", "psycopg")
    assert shown(f"{scheme}://cases:secret@localhost/cases") == (
        "postgresql+psycopg://cases:***@localhost/cases"
    )


def test_database_that_cannot_be_reached_is_said_in_one_line_without_the_password():
    url = "postgresql://cases:secret@127.0.0.1:1/cases"
    with pytest.raises(DatabaseError) as found:
        prepare(url)
    assert str(found.value) == (
        "postgresql+psycopg://cases:***@127.0.0.1:1/cases: cannot be used (OperationalError). "
        "Check that it runs and lets you in."
    )


def test_file_that_cannot_be_written_or_is_no_database_is_said_in_one_line(tmp_path):
    with pytest.raises(DatabaseError, match="No such file or directory"):
        prepare(f"sqlite:///{tmp_path}/no/folder.db")
    (tmp_path / "letter.db").write_text("Dear reader, " * 100)
    with pytest.raises(DatabaseError, match=r"cannot be used \(DatabaseError\)"):
        prepare(f"sqlite:///{tmp_path}/letter.db")


def test_fault_of_the_database_repeats_no_story(store, story, assessed, database_url):
    engine = connect(database_url)
    with pytest.raises(Exception, match="SQL parameters hidden") as found, engine.begin() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:words)"), {"words": "heliotrope-walrus"})
    engine.dispose()
    assert "heliotrope-walrus" not in str(found.value)
