import io
from pathlib import Path

import pytest
from rich.console import Console

from classifier.backlog.job import Job
from classifier.backlog.score import Outcome
from classifier.backlog.summary import print_summary, summarise
from classifier.backlog.tally import Tally

JOB = Job(source="stories.jsonl", output="out.jsonl")


def tallied(*, rejected=0, months=None, labels=None, signals=None, **actions):
    tally = Tally(stories=sum(actions.values()), rejected=rejected, months=months or {})
    tally.actions.update(actions)
    tally.labels.update(labels or {})
    tally.signals.update(signals or {})
    return tally


def outcome(tally=None, *, shards=4, **options):
    return Outcome(
        tally=tally or tallied(pause=1), rejects=options.pop("rejects", None), shards=shards, **options
    )


def printed(outcome, job=JOB, *, width=200):
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_summary(job, outcome, seconds=1.25, console=console)
    return console.file.getvalue()


def told(*args, **options):
    """The lines below the table."""
    return printed(*args, **options).splitlines()[9:]


def test_programs_get_all_that_came_of_it():
    found = summarise(
        JOB,
        outcome(
            tallied(rejected=2, pause=3, months={"2026-01": {"pause": 3}}, labels={"ongoing": 2}),
            rejects=Path("out.rejects.jsonl"),
            kept=1,
            redone=2,
            changed=("policy",),
        ),
        seconds=1.25,
    )
    assert found == {
        "event": "done",
        "output": "out.jsonl",
        "rejects": "out.rejects.jsonl",
        "stories": 3,
        "rejected": 2,
        "actions": {"pause": 3, "review": 0, "advise": 0, "continue": 0},
        "labels": {"planned": 0, "ongoing": 2, "completed": 0, "ombudsman": 0},
        "signals": {},
        "months": {"2026-01": {"pause": 3}},
        "shards": 4,
        "shards_done_before": 1,
        "shards_done_anew": 2,
        "changed": ["policy"],
        "seconds": 1.2,
    }
    assert summarise(JOB, outcome(), seconds=0.0)["rejects"] is None


def test_table_has_each_action_and_label_with_its_share():
    tally = tallied(pause=2, review=1, labels={"ongoing": 2, "planned": 1}, **{"continue": 1_997})
    lines = printed(outcome(tally)).splitlines()
    assert [line.split() for line in lines[:9]] == [
        ["stories", "share"],
        ["pause", "2", "0.10%"],
        ["review", "1", "0.05%"],
        ["advise", "0", "0.00%"],
        ["continue", "1,997", "99.85%"],
        ["label", "planned", "1", "0.05%"],
        ["label", "ongoing", "2", "0.10%"],
        ["label", "completed", "0", "0.00%"],
        ["label", "ombudsman", "0", "0.00%"],
    ]
    assert lines[9:] == ["out.jsonl: stories: 2000; 2 pause, 1 review, 0 advise, 1997 continue"]


def test_run_without_a_story_has_no_shares():
    lines = printed(outcome(tallied(), shards=0)).splitlines()
    assert lines[1].split() == ["pause", "0", "-"]
    assert lines[9:] == ["out.jsonl: stories: 0; 0 pause, 0 review, 0 advise, 0 continue"]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, []),
        ({"kept": 1}, ["1 of 4 shards had been scored before and were kept."]),
        (
            {"kept": 4},
            ["All of it had been scored before, with the same model and policy; nothing was left to do."],
        ),
        ({"redone": 2}, ["2 shards had been scored from other stories, and were scored anew."]),
        (
            {"redone": 4, "changed": ("policy", "gate")},
            ["4 shards had been scored with another policy, gate, and were scored anew."],
        ),
        (
            {"kept": 3, "redone": 1},
            [
                "3 of 4 shards had been scored before and were kept.",
                "1 shards had been scored from other stories, and were scored anew.",
            ],
        ),
    ],
)
def test_what_was_kept_and_what_was_done_anew_is_told(options, wanted):
    assert told(outcome(**options))[1:] == wanted


def test_rejects_are_told_with_their_file():
    found = told(outcome(tallied(pause=1, rejected=2), rejects=Path("out.rejects.jsonl")))
    assert found[1:] == [
        "out.rejects.jsonl: rows that are no stories: 2, each with its reason. "
        "Mend them and score them again."
    ]
    found = told(outcome(tallied(pause=1, rejected=2)))
    assert found[1:] == ["rows that are no stories: 2, each with its reason. Mend them and score them again."]


@pytest.mark.parametrize("name", ["runs[old]/out.jsonl", "[/b]out.jsonl", "a:smile:.jsonl", "[red]out.jsonl"])
def test_names_of_files_are_printed_to_the_letter(name):
    found = told(
        outcome(tallied(pause=1, rejected=1), rejects=Path(name)), Job(source="stories.jsonl", output=name)
    )
    assert [line.split(": ")[0] for line in found] == [name, name]


def test_long_line_is_not_broken():
    """What looks for it in a log would not find it."""
    assert len(told(outcome(kept=4), width=40)) == 2


def test_words_that_may_not_have_been_read_are_told():
    shown = printed(outcome(tallied(pause=3, signals={"encoding_fault": 2, "other_language": 1, "pals": 3})))
    assert (
        "Stories with damaged characters (signal encoding_fault): 2. Where there are many, look at" in shown
    )
    assert "Stories with words in another language, which are not read: 1." in shown
    assert "pals" not in shown
    assert "damaged" not in printed(outcome())
