import json

import pytest

from classifier import Action
from classifier.backlog.progress import Pace, ScoreProgress
from classifier.backlog.score import Step
from classifier.backlog.tally import Tally


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def terminal(monkeypatch):
    """stderr looks like a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def step(position=0, size=1000, *, rows=0, read=None, rejected=0, **actions):
    tally = Tally(stories=sum(actions.values()), rejected=rejected)
    tally.actions.update(actions)
    return Step(
        position=position, size=size, tally=tally, rows=rows, bytes=position if read is None else read
    )


def said(progress, clock, steps):
    """Shows steps, each at so many seconds from the start."""
    with progress:
        for seconds, one in steps:
            clock.now = 1000.0 + seconds
            progress.show(one)


# ---------------------------------------------------------------- pace


def test_pace_follows_from_rows_bytes_and_seconds():
    pace = Pace(step=step(250, rows=500), elapsed_s=10.0)
    assert (pace.rate, pace.share, pace.left_s) == (50.0, 0.25, 30.0)


def test_pace_of_a_run_that_goes_on_counts_what_it_scored_itself():
    pace = Pace(step=step(600, rows=500, read=100), elapsed_s=10.0)
    assert (pace.rate, pace.share, pace.left_s) == (50.0, 0.6, 40.0)


def test_what_is_unknown_is_none():
    kept = Pace(step=step(600, rows=0, read=0), elapsed_s=10.0)
    assert (kept.rate, kept.share, kept.left_s) == (0.0, 0.6, None)
    stream = Pace(step=step(0, 0, rows=5), elapsed_s=10.0)
    assert (stream.rate, stream.share, stream.left_s) == (0.5, None, None)
    begun = Pace(step=step(10, rows=5), elapsed_s=0.0)
    assert (begun.rate, begun.left_s) == (0.0, 0.0)


def test_pace_at_the_end_has_nothing_left():
    pace = Pace(step=step(1000, rows=5), elapsed_s=10.0)
    assert (pace.share, pace.left_s) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("position", "wanted"),
    [
        (1000, "0 s left"),
        (990, "1 s left"),
        (629, "59 s left"),
        (626, "1 min 00 s left"),
        (500, "1 min 40 s left"),
        (27, "1 h 00 min left"),
        (10, "2 h 45 min left"),
        (1, "27 h 45 min left"),
    ],
)
def test_time_that_is_left_is_told_as_people_do(position, wanted):
    assert wanted in str(Pace(step=step(position), elapsed_s=100.0))


def test_pace_is_told_in_one_line():
    one = step(500, rows=12_000, rejected=2, pause=1_000, review=20, advise=3, **{"continue": 11_000})
    assert str(Pace(step=one, elapsed_s=10.0)) == (
        "12,025 rows (50%); 1,200 a second; 10 s left; 1,000 pause, 20 review, 3 advise; 2 rejected"
    )
    one = step(0, 0, rows=7, pause=7)
    assert str(Pace(step=one, elapsed_s=2.0)) == "7 rows; 4 a second; 7 pause, 0 review, 0 advise"


def test_pace_is_told_to_programs():
    pace = Pace(step=step(333, rows=12, rejected=2, pause=7, **{"continue": 3}), elapsed_s=9.87)
    assert pace.to_dict() == {
        "event": "progress",
        "stories": 10,
        "rejected": 2,
        "actions": {"pause": 7, "review": 0, "advise": 0, "continue": 3},
        "done": 0.333,
        "rows_a_second": 1.2,
        "seconds_left": 20,
        "elapsed_seconds": 9.9,
    }
    unknown = Pace(step=step(0, 0), elapsed_s=0.0).to_dict()
    assert (unknown["done"], unknown["seconds_left"], unknown["rows_a_second"]) == (None, None, 0.0)


# ---------------------------------------------------------------- lines, for logs


def test_log_gets_a_line_each_half_minute(capsys, clock):
    times = [1, 29.9, 30, 31, 59.9, 60, 100, 131]
    steps = [(seconds, step(int(seconds), rows=int(seconds), pause=int(seconds))) for seconds in times]
    said(ScoreProgress(clock=clock), clock, steps)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(" rows")[0] for line in err.splitlines()] == ["30", "60", "100", "131"]
    assert err.splitlines()[0] == ("30 rows (3%); 1 a second; 16 min 10 s left; 30 pause, 0 review, 0 advise")
    assert "\x1b" not in err


def test_log_of_a_short_run_is_empty(capsys, clock):
    said(ScoreProgress(clock=clock), clock, [(1, step(1000, pause=1))])
    assert capsys.readouterr() == ("", "")


# ---------------------------------------------------------------- JSON, for programs


def test_programs_get_a_line_each_second(capsys, clock):
    times = [0.5, 0.99, 1, 1.5, 2, 5]
    steps = [(seconds, step(100, rows=10, pause=1)) for seconds in times]
    said(ScoreProgress(as_json=True, clock=clock), clock, steps)
    out, err = capsys.readouterr()
    assert out == ""
    found = [json.loads(line) for line in err.splitlines()]
    assert [line["elapsed_seconds"] for line in found] == [1.0, 2.0, 5.0]
    assert {line["event"] for line in found} == {"progress"}


def test_programs_get_json_on_a_terminal_too(capsys, clock, terminal):
    said(ScoreProgress(as_json=True, clock=clock), clock, [(1, step(100))])
    assert json.loads(capsys.readouterr().err)["done"] == 0.1


# ---------------------------------------------------------------- a bar, for people


def test_bar_counts_rows_and_held_stories_on_stderr(capsys, clock, terminal):
    steps = [(1, step(250, rows=1, pause=1)), (4, step(1000, rows=4, pause=1, review=1, advise=2))]
    said(ScoreProgress(clock=clock), clock, steps)
    out, err = capsys.readouterr()
    assert out == ""
    assert "100%" in err
    assert "4 rows (100%); 1 a second; 0 s left; 1 pause, 1 review, 2 advise" in err


def test_bar_of_a_stream_has_no_share(capsys, clock, terminal):
    said(ScoreProgress(clock=clock), clock, [(1, step(0, 0, rows=1, pause=1))])
    assert "1 rows; 1 a second; 1 pause, 0 review, 0 advise" in capsys.readouterr().err


def test_fault_before_the_first_step_stands_alone(capsys, clock, terminal):
    with pytest.raises(ZeroDivisionError), ScoreProgress(clock=clock):
        raise ZeroDivisionError
    assert capsys.readouterr() == ("", "")


def test_bar_is_closed_when_scoring_fails(capsys, clock, terminal):
    def fail():
        with ScoreProgress(clock=clock) as progress:
            progress.show(step(100, pause=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    # A bar still on the screen would not let another begin.
    with ScoreProgress(clock=clock) as progress:
        progress.show(step(100, advise=1))
    assert "0 pause, 0 review, 1 advise" in capsys.readouterr().err


def test_time_counts_from_the_start_of_the_block(clock):
    progress = ScoreProgress(clock=clock)
    clock.now += 50
    with progress:
        clock.now += 7
        assert progress.elapsed_s == 7
    clock.now += 1
    assert progress.elapsed_s == 8


def test_actions_that_hold_a_story_or_speak_to_its_author_are_shown():
    line = str(Pace(step=step(1), elapsed_s=1.0))
    assert [str(action) in line for action in Action] == [True, True, True, False]
