"""Cases on a real SQLite file and a real PostgreSQL server: migrations, concurrent clicks, kill -9."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from classifier.assessment import Action, Assessment, Evidence, Nation, Reason
from classifier.labels import LABELS, Label
from classifier.story import Story
from serve.cases.case import CaseQuery, Kind, NoCaseError, StaleCaseError, State, Step, Verdict
from serve.cases.database import DatabaseError, connect, downgrade, prepare, status, upgrade
from serve.cases.store import CaseStore
from serve.cases.tables import cases, metadata

COMMAND = Path(sys.executable).with_name("complaint-context")
WORKER = Path(__file__).with_name("case_worker.py")
WORKERS = 4
PATIENCE_S = 180
AFTER_KILL = "an event cannot be changed|an event goes only when its case is erased"
WORDS = 'NUL \0, é, 😀, "quotes", back\\slash, \\u0041 and a complaint'


def _assessment(story: Story, *labels: Label) -> Assessment:
    reason = {"clear": True, "score": 0.9, "threshold": 0.7}
    quote = {"text": story.text[:5], "field": "text", "start": 0, "end": 5, "score": 0.9}
    return Assessment(
        id=story.id,
        labels=labels,
        scores=dict.fromkeys(LABELS, 0.0),
        action=Action.PAUSE,
        reasons=tuple(Reason(label=label, rule=f"{label}-complaint", **reason) for label in labels),
        evidence=tuple(Evidence(label=label, **quote) for label in labels),
        signals=(),
        nation=Nation.UNKNOWN,
        guidance=(),
        model="m/1",
        policy="p/1",
    )


@contextmanager
def _opened(url: str) -> Iterator[CaseStore]:
    store = CaseStore(connect(url))
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def database(empty_database):
    """The URL of a database that is up to date, once of each kind."""
    upgrade(empty_database)
    return empty_database


@pytest.fixture
def store(database):
    """A store on it."""
    with _opened(database) as store:
        yield store


@pytest.fixture
def case(store):
    """A paused case whose words are as awkward as can be."""
    story = Story(id=WORDS * 100, title=WORDS, text=WORDS)
    return store.open(story, _assessment(story, Label.ONGOING), WORDS)


def test_words_of_any_kind_come_back_to_the_letter(store, case):
    found = store.get(case.id)
    assert (found.story_id, found.title, found.text) == (WORDS * 100, WORDS, WORDS)
    assert (found, store.events(case.id)[0].actor) == (case, WORDS)
    assert store.find(CaseQuery(label=Label.ONGOING)).cases == (case,)


def test_whole_life_of_a_case(store, case):
    store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "m")
    for step in (Step.ASK, Step.CONFIRM, Step.RESUME):
        closed = store.take(case.id, step, "m")
    assert (closed.state, closed.title, closed.text) == (State.RESUMED, None, None)
    assert [event.kind for event in store.events(case.id)] == [
        Kind.OPENED,
        Kind.VERDICT,
        Kind.ASK,
        Kind.CONFIRM,
        Kind.RESUME,
        Kind.TEXT_DROPPED,
    ]
    assert store.counts() == dict.fromkeys(State, 0) | {State.RESUMED: 1}
    ((judged, verdict),) = store.verdicts()
    assert (judged, verdict.details["labels"]) == (closed, ["ongoing"])
    store.erase(case.id, "a")
    with pytest.raises(NoCaseError):
        store.get(case.id)
    assert [event.kind for event in store.events(case.id)] == [Kind.ERASED]


def test_closed_cases_are_listed_last_and_the_latest_of_them_first(store):
    ids = []
    for number in range(4):
        story = Story(id=str(number), text="I complained.")
        ids.append(store.open(story, _assessment(story, Label.ONGOING), "p").id)
    store.take(ids[0], Step.WITHDRAW, "m")
    store.take(ids[2], Step.WITHDRAW, "m")
    assert [case.id for case in store.find(CaseQuery()).cases] == [ids[1], ids[3], ids[2], ids[0]]


@pytest.mark.parametrize("statement", ["UPDATE events SET actor = 'x'", "DELETE FROM events"])
def test_database_itself_keeps_events_as_they_were(store, case, database, statement):
    engine = connect(database)
    for erase in (False, True):
        if erase:
            store.erase(case.id, "a")
        with pytest.raises(DBAPIError, match=AFTER_KILL), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()
    assert [event.kind for event in store.events(case.id)] == [Kind.ERASED]


def test_postgresql_lets_nobody_empty_the_events(postgresql):
    upgrade(url := postgresql.create())
    engine = connect(url)
    with pytest.raises(DBAPIError, match=AFTER_KILL), engine.begin() as connection:
        connection.execute(text("TRUNCATE events"))
    engine.dispose()


def test_postgresql_is_waited_for_only_so_long_and_may_be_told_otherwise(postgresql):
    url = postgresql.create()
    assert _waits(url) == ("5", "5s", "15s")
    assert _waits(url, patient=True) == ("5", "0", "0")
    more = "&connect_timeout=9&options=-c%20lock_timeout%3D9000%20-c%20geqo%3Doff"
    assert _waits(url + more) == ("9", "9s", "15s")
    engine = connect(url + more)
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW geqo")) == "off"
    engine.dispose()


def _waits(url, **kind):
    """How long for a connection, a lock, a statement."""
    engine = connect(url, **kind)
    with engine.connect() as connection:
        told = connection.connection.driver_connection.info.get_parameters()
        found = [connection.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "statement_timeout")]
    engine.dispose()
    return told["connect_timeout"], *found


def test_case_that_is_erased_during_an_export_is_left_out_of_it(postgresql):
    upgrade(url := postgresql.create())
    with _opened(url) as store:
        first, second = _two_verdicts(store)
        verdicts = store.verdicts()
        assert next(verdicts)[0].id == first
        store.erase(second, "a")
        assert list(verdicts) == []


def _two_verdicts(store):
    ids = []
    for number in range(2):
        story = Story(id=str(number), text="I complained.")
        ids.append(store.open(story, _assessment(story, Label.ONGOING), "p").id)
        store.record_verdict(ids[-1], Verdict(labels=(Label.ONGOING,)), "m")
    return ids


def test_migrations_go_down_and_up_with_all_that_the_database_holds(store, case, database):
    store.take(case.id, Step.ASK, "m")
    before = store.get(case.id), store.events(case.id)
    downgrade(database, to="0001")
    assert (status(database).current, status(database).up_to_date) == ("0001", False)
    assert (store.get(case.id), store.events(case.id)) == before
    upgrade(database)
    assert status(database).up_to_date
    assert (store.get(case.id), store.events(case.id)) == before
    assert store.take(case.id, Step.CONFIRM, "m").last_event == 3
    downgrade(database, to="base")
    assert status(database).current is None
    upgrade(database)
    assert store.find(CaseQuery()).total == 0


def test_migrations_make_the_tables_that_the_code_knows(database):
    engine = connect(database)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_migration_that_fails_half_way_leaves_the_old_schema(empty_database, monkeypatch):
    upgrade(empty_database, to="0001")
    engine = connect(empty_database)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE events"))
    engine.dispose()
    with pytest.raises(DatabaseError, match="cannot be used"):
        upgrade(empty_database)
    assert status(empty_database).current == "0001"


def _at_once(*calls):
    """What each call gave or raised; all start together."""
    ready, outcomes = threading.Barrier(len(calls)), []

    def run(call):
        ready.wait()
        try:
            outcomes.append(call())
        except StaleCaseError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    return outcomes


def test_of_many_clicks_at_once_exactly_one_wins(store, case):
    steps = [Step.ASK, Step.CONFIRM, Step.WITHDRAW, Step.ASK, Step.CONFIRM, Step.WITHDRAW]
    outcomes = _at_once(
        *(lambda step=step: store.take(case.id, step, "m", expected_event=1) for step in steps)
    )
    (winner,) = [outcome for outcome in outcomes if not isinstance(outcome, StaleCaseError)]
    assert len(outcomes) == 6
    assert store.get(case.id) == winner


def test_story_that_arrives_many_times_at_once_is_one_case(store):
    story = Story(id="s", text="I complained.")
    outcomes = _at_once(*[lambda: store.open(story, _assessment(story, Label.ONGOING), "p")] * 6)
    assert len(outcomes) == 6
    assert len({case.id for case in outcomes}) == 1
    assert [event.number for event in store.events(outcomes[0].id)] == [1]


@dataclass(frozen=True)
class Line:
    """What a worker wrote once an event of its was acknowledged."""

    worker: int
    case_id: str
    number: int
    kind: Kind


class Workers:
    """Processes that write events; ``lines`` are those read so far."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen([sys.executable, WORKER, url, str(WORKERS)], stdout=subprocess.PIPE)
        self.lines: list[Line] = []
        while len(self.ids) < WORKERS:  # all are at work
            self._read(self._process.stdout.readline())

    @property
    def ids(self) -> list[int]:
        """The processes that have written."""
        return sorted({line.worker for line in self.lines})

    def kill_one(self, id: int) -> None:
        """Ends one in the middle of whatever it does."""
        os.kill(id, signal.SIGKILL)

    def finish(self) -> list[Line]:
        """All that was acknowledged by workers that are all dead by now."""
        for line in self._process.stdout:
            self._read(line)
        self._process.stdout.close()
        self._process.wait(PATIENCE_S)
        return self.lines

    def _read(self, line: bytes) -> None:
        worker, case_id, number, kind = line.decode().split()
        self.lines.append(Line(int(worker), case_id, int(number), Kind(kind)))


def _check(url: str, acknowledged: list[Line]) -> None:
    """No acknowledged event is lost, and every case is whole."""
    with _opened(url) as store:
        kinds = {
            (id, event.number): event.kind
            for id in {line.case_id for line in acknowledged}
            for event in store.events(id)
        }
        assert [kinds.get((line.case_id, line.number)) for line in acknowledged] == [
            line.kind for line in acknowledged
        ]
        for id in _all_ids(url):
            case, events = store.get(id), store.events(id)
            assert [event.number for event in events] == list(range(1, case.last_event + 1))
            moved = [event.details["to"] for event in events if "to" in event.details]
            assert case.state == moved[-1]
            assert (case.text is None) is case.state.closed


def _all_ids(url: str) -> list[str]:
    engine = connect(url)
    with engine.connect() as connection:
        found = list(connection.scalars(select(cases.c.id)))
    engine.dispose()
    return found


def test_service_killed_at_any_moment_loses_no_acknowledged_event(database):
    moments = random.Random(4)
    workers = Workers(database)
    for id in workers.ids:
        time.sleep(moments.uniform(0, 0.5))
        workers.kill_one(id)
    acknowledged = workers.finish()
    _check(database, acknowledged)
    with _opened(database) as store:
        written = sum(store.get(id).last_event for id in _all_ids(database))
    # What was under way may have been written; a closing writes two events at once.
    assert 0 <= written - _count(acknowledged) <= 2 * WORKERS


def test_postgresql_killed_at_any_moment_loses_no_acknowledged_event(postgresql):
    upgrade(url := postgresql.create())
    workers = Workers(url)
    time.sleep(random.Random(5).uniform(0.2, 0.7))
    postgresql.kill()
    acknowledged = workers.finish()
    postgresql.start()
    _check(url, acknowledged)


def _count(acknowledged: list[Line]) -> int:
    """How many events these lines stand for; a closing writes two and is acknowledged once."""
    latest: dict[str, int] = {}
    for line in acknowledged:
        latest[line.case_id] = max(line.number, latest.get(line.case_id, 0))
    return sum(latest.values())


def _run(*arguments):
    return subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def test_service_on_an_old_schema_refuses_to_start_and_names_the_command(postgresql):
    upgrade(url := postgresql.create(), to="0001")
    with pytest.raises(DatabaseError) as found:
        prepare(url)
    assert "its schema is 0001, this version needs 0002" in str(found.value)
    assert str(found.value).endswith("Run: complaint-context database upgrade --url URL")


def test_operator_upgrades_looks_and_goes_back_with_one_command(empty_database):
    done = _run("database", "upgrade", "--url", empty_database)
    assert (done.returncode, done.stdout.split(": ")[-1]) == (0, "schema 0002, newest 0002\n"), done.stderr
    assert _run("database", "downgrade", "--url", empty_database, "--to", "0001").returncode == 0
    done = _run("database", "status", "--url", empty_database)
    assert (done.returncode, done.stdout.split(": ")[-1]) == (1, "schema 0001, newest 0002\n")
