import json
import os

import pytest
import typer

from classifier.backlog import cli
from classifier.backlog.places import Form
from classifier.errors import RowError

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def command(tmp_path, tiny_bundle):
    """`complaint-context score` on two stories."""
    source = tmp_path / "stories.jsonl"
    source.write_text('{"id": "a", "text": "I lodged a complaint."}\n{"id": "b", "text": "Kind."}\n')

    def run(output="out.jsonl", **options):
        output = "-" if output == "-" else str(tmp_path / output)
        cli.score(**{"source": str(source), "output": output, "model": tiny_bundle, "workers": 1} | options)

    return run


def test_answers_report_and_summary_are_written(command, tmp_path, capsys):
    command(report=tmp_path / "report.html")
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "out.jsonl",
        "out.manifest.json",
        "report.html",
        "stories.jsonl",
    ]
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{tmp_path / 'out.jsonl'}: stories: 2; 1 pause, 0 review, 0 advise, 1 continue" in err


def test_summary_may_be_json(command, capsys):
    command(as_json=True)
    assert json.loads(capsys.readouterr().err)["stories"] == 2


@pytest.mark.parametrize("output", ["out.jsonl", "-"])
@pytest.mark.parametrize("report", ["report.pdf", "none/report.html"])
def test_report_that_cannot_be_written_is_refused_before_anything_is_scored(
    command, tmp_path, capsys, output, report
):
    with pytest.raises(RowError):
        command(output, report=tmp_path / report)
    assert [file.name for file in tmp_path.iterdir()] == ["stories.jsonl"]
    assert capsys.readouterr() == ("", "")


def test_parquet_is_not_streamed(command):
    with pytest.raises(typer.BadParameter, match="Parquet cannot be streamed"):
        command("-", form=Form.PARQUET)


def test_address_goes_with_a_cluster(command):
    with pytest.raises(typer.BadParameter, match="goes with --engine ray"):
        command(address="auto")


def test_run_without_a_story_is_a_failure(command, tmp_path):
    (tmp_path / "stories.jsonl").write_text("not json\n")
    with pytest.raises(typer.Exit) as caught:
        command()
    assert caught.value.exit_code == 1
    assert (tmp_path / "out.rejects.jsonl").exists()


def test_interrupt_says_what_is_kept(command, monkeypatch, capsys):
    def stop(job, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "score_backlog", stop)
    monkeypatch.setattr(cli, "score_to_stream", lambda job, stream, **options: stop(job))
    for output, wanted in (
        ("out.jsonl", " What is done is kept; the same command goes on from there."),
        ("-", ""),
    ):
        with pytest.raises(SystemExit) as caught:
            command(output)
        assert caught.value.code == 130
        assert capsys.readouterr().err == f"complaint-context: stopped.{wanted}\n"


@pytest.mark.parametrize(("workers", "wanted"), [(1, "InProcess"), (None, "by cores"), (3, "Processes")])
def test_workers_are_processes_where_there_are_several(monkeypatch, recipe, workers, wanted):
    made = []
    monkeypatch.setattr(cli, "Processes", lambda recipe, workers: made.append(workers))
    monkeypatch.setattr(cli, "InProcess", lambda recipe: made.append("here"))
    monkeypatch.setattr(os, "sched_getaffinity", lambda number: {0, 1, 4, 5})
    make_crew = cli._make_crew(cli.Engine.LOCAL, workers, None, 1.0)
    make_crew(recipe)
    assert made == {"InProcess": ["here"], "by cores": [4], "Processes": [3]}[wanted]
