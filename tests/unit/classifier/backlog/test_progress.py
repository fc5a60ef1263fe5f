import pytest

from classifier import Action
from classifier.backlog.progress import ScoreProgress

ROWS = '{"id": "a", "text": "x"}\n' * 4


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def test_progress_counts_rows_and_held_stories_on_stderr(tmp_path, capsys):
    (tmp_path / "s.jsonl").write_text(ROWS)
    with ScoreProgress(tmp_path / "s.jsonl") as progress:
        for action in (Action.PAUSE, Action.CONTINUE, None, Action.REVIEW):
            progress.count(action)
    out, err = capsys.readouterr()
    assert out == ""
    assert "4/4" in err
    assert "1 pause, 1 review" in err


def test_progress_of_a_missing_file_waits_for_the_fault_to_be_said(tmp_path, capsys):
    with ScoreProgress(tmp_path / "none.jsonl") as progress:
        progress.count(None)
    out, err = capsys.readouterr()
    assert out == ""
    assert "1/?" in err


def test_bar_is_closed_when_scoring_fails(tmp_path, capsys):
    (tmp_path / "s.jsonl").write_text(ROWS)
    with pytest.raises(ZeroDivisionError), ScoreProgress(tmp_path / "s.jsonl"):
        raise ZeroDivisionError
    # A bar still on the screen would not let another begin.
    with ScoreProgress(tmp_path / "s.jsonl") as progress:
        progress.count(Action.ADVISE)
    assert "0 pause, 0 review" in capsys.readouterr().err
