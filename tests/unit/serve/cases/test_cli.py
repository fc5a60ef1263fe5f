"""The commands ``cases`` and ``database``, without a process of their own."""

import json

import pytest
from typer.testing import CliRunner

from classifier.labels import Label
from serve.cases import cli
from serve.cases.case import Step, Verdict
from serve.cases.database import downgrade
from serve.cases.retention import Retention


@pytest.fixture
def run(database_url):
    """Runs a command on the database of the test."""

    def run_command(app, *arguments, **environment):
        return CliRunner().invoke(app, [*arguments, "--url", database_url], env=environment)

    return run_command


@pytest.fixture
def case(store, story, assessed):
    """A case with a verdict."""
    case = store.open(story, assessed(story, Label.ONGOING), "pipeline")
    return store.record_verdict(case.id, Verdict(labels=(Label.ONGOING,)), "moderator")


def test_verdicts_are_exported_to_a_file_and_those_left_out_are_counted(run, case, store, tmp_path):
    file = tmp_path / "verdicts.jsonl"
    done = run(cli.cases, "export", str(file))
    (record,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert (record["title"], record["labels"]) == ("Café 😀", ["ongoing"])
    assert done.stderr == (
        f"{file}: records: 1; left out: 0 without text (dropped, edited or withdrawn since), "
        "0 with a label that no words are marked for\n"
    )
    store.take(case.id, Step.WITHDRAW, "moderator")
    done = run(cli.cases, "export", "-")
    assert (done.stdout, "records: 0; left out: 1 without text" in done.stderr) == ("", True)


def test_old_texts_are_dropped_as_the_operator_says(run, make_store, case):
    make_store(Retention(keep_text_days=36_500)).take(
        case.id, Step.RESUME, "moderator", note="It is about a bank."
    )
    done = run(cli.cases, "drop-text", COMPLAINT_CONTEXT_KEEP_TEXT_DAYS="36500")
    assert done.stderr == "texts dropped: 0\n"
    done = run(cli.cases, "drop-text", COMPLAINT_CONTEXT_KEEP_VERDICT_TEXT="true")
    assert done.stderr == "texts dropped: 0\n"
    assert run(cli.cases, "drop-text").stderr == "texts dropped: 1\n"


def test_status_tells_whether_this_version_can_run_on_the_database(run, database_url):
    done = run(cli.database, "status")
    assert (done.exit_code, done.stdout) == (0, f"{database_url}: schema 0002, newest 0002\n")
    downgrade(database_url, to="0001")
    done = run(cli.database, "status")
    assert (done.exit_code, done.stdout) == (1, f"{database_url}: schema 0001, newest 0002\n")


def test_schema_goes_down_and_up(run, database_url):
    assert run(cli.database, "downgrade", "--to", "base").stdout == (
        f"{database_url}: schema none, newest 0002\n"
    )
    assert run(cli.database, "upgrade", "--to", "0001").stdout.endswith("schema 0001, newest 0002\n")
    assert run(cli.database, "upgrade").stdout.endswith("schema 0002, newest 0002\n")
