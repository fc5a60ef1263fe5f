"""The command `complaint-context` as its users run it: arguments, files, pipes; two streams and a code."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from classifier import ComplaintClassifier, Story
from classifier.assessment import to_json
from classifier.policy import load_policy
from classifier.policy.page import render_policy

COMMAND = Path(sys.executable).with_name("complaint-context")
PATIENCE_S = 180
SMALL_POLICY = Path(__file__).parents[1] / "unit" / "classifier" / "policy" / "small_policy.toml"

WORDS = "Kind nurses 😀.\r\nI lodged a complaint with the cafe\u0301 &amp; PALS.\n"
TEXTS = {"a": WORDS, "b": 'It was "upheld", in full', "c": "They were kind.", "d": "ongoing300000"}


@pytest.fixture
def run(tiny_bundle, tmp_path):
    """Runs a command in an empty folder, with the tiny bundle where it needs a model."""

    def run(command, *arguments, stdin=b"", model=tiny_bundle):
        needs = [] if command == "policy" else ["--model", str(model)]
        return subprocess.run(
            [str(COMMAND), command, *needs, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONWARNINGS": "default"},
            timeout=PATIENCE_S,
        )

    return run


@pytest.fixture
def score(run, tmp_path):
    """Scores a file of the folder; returns the exit code and the last line of stderr."""

    def score(source, output):
        done = run("score", source, output)
        assert done.stdout == b""
        assert b"Traceback" not in done.stderr
        return done.returncode, done.stderr.decode().splitlines()

    return score


def answer(done):
    """What stands on stdout of a run that went well and had nothing else to say."""
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout.decode()


def fault(done):
    """The one line of a run that failed."""
    assert (done.returncode, done.stdout) == (1, b"")
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("complaint-context: ")
    return line.removeprefix("complaint-context: ")


def plain(classifier, *, name="story", title="", text, **options):
    return classifier.assess(Story(id=name, title=title, text=text), **options).to_dict()


def test_text_is_classified_for_a_reader(run):
    shown = answer(run("classify", WORDS, "--title", "My stay"))
    assert shown.startswith("PAUSE")
    for part in ("My stay", "ongoing", "I lodged a complaint with the cafe\u0301 &amp; PALS.", "tiny/7"):
        assert part in shown


def test_file_is_classified_as_json_with_places_as_in_the_file(run, classifier, tmp_path):
    (tmp_path / "story.txt").write_bytes(WORDS.encode())
    shown = answer(run("classify", "--file", "story.txt", "--json", "--id", "7", "--title", "My stay"))
    found = plain(classifier, name="7", title="My stay", text=WORDS)
    assert shown == to_json(found) + "\n"
    (quote,) = found["evidence"]
    assert WORDS[quote["start"] : quote["end"]] == quote["text"]


def test_pipe_is_classified_as_the_file_is(run, classifier):
    shown = answer(run("classify", "-", "--json", stdin=WORDS.encode()))
    assert shown == to_json(plain(classifier, text=WORDS)) + "\n"


def test_pipe_is_read_where_no_text_is_given_and_the_author_may_have_confirmed(run, tiny_bundle):
    options = ("--json", "--author-confirmed", "--policy", SMALL_POLICY)
    found = json.loads(answer(run("classify", *options, stdin=b"I lodged it.")))
    classifier = ComplaintClassifier.load(tiny_bundle, policy=SMALL_POLICY)
    assert found == plain(classifier, text="I lodged it.", author_confirmed=True)
    assert (found["action"], found["policy"]) == ("continue", "small/1")


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["--file", "none.txt"], b"", "none.txt: No such file or directory. Name a text file."),
        (["-"], b"caf\xe9 heliotrope", "text: byte 3 is not UTF-8. Save the text as UTF-8."),
        (
            ["-"],
            b" \r\n",
            "text: the story is empty. Send the author's words in text (or title).",
        ),
        (
            ["Words.", "--policy", "none.toml"],
            b"",
            "none.toml: cannot be read (No such file or directory). Give the path of a policy file.",
        ),
    ],
    ids=["missing file", "not UTF-8", "empty", "missing policy"],
)
def test_fault_is_said_in_one_line(run, arguments, stdin, message):
    assert fault(run("classify", *arguments, stdin=stdin)) == message


def test_damaged_bundle_is_said_in_one_line(run, tmp_path):
    (tmp_path / "bundle.json").write_text("{")
    message = f"{tmp_path / 'bundle.json'}: not JSON in UTF-8. Fetch the bundle again, or export it anew."
    assert fault(run("classify", "I lodged it.", "--json", model=tmp_path)) == message


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("classify", ["Words.", "--file", "story.txt"]),
        ("classify", ["Words.", "--colour"]),
        ("score", ["stories.jsonl"]),
        ("score", ["stories.jsonl", "out.jsonl", "--workers", "0"]),
    ],
    ids=["text and file", "unknown option", "no output", "no workers"],
)
def test_wrong_usage_is_told_apart(run, command, arguments):
    done = run(command, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Usage: complaint-context" in done.stderr
    assert b"Traceback" not in done.stderr


def test_jsonl_is_scored_and_bad_rows_are_kept_apart(score, classifier, tmp_path):
    lines = [to_json({"id": name, "text": text}) for name, text in TEXTS.items()]
    (tmp_path / "in.jsonl").write_text("\n".join([lines[0], "heliotrope", *lines[1:]]), encoding="utf-8")
    code, told = score("in.jsonl", "out.jsonl")
    assert code == 0
    assert "stories: 4; 1 pause, 1 review, 1 advise, 1 continue" in told[-2]
    assert told[-1].startswith("out.rejects.jsonl: rows that are no stories: 1,")
    alone = [to_json(plain(classifier, name=name, text=text)) + "\n" for name, text in TEXTS.items()]
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "".join(alone)
    (reject,) = map(json.loads, (tmp_path / "out.rejects.jsonl").read_bytes().splitlines())
    assert (reject["place"], reject["id"]) == ("in.jsonl:2", None)
    assert "heliotrope" not in reject["error"] + "".join(told)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"in.jsonl", "out.jsonl", "out.manifest.json", "out.rejects.jsonl"}


def test_csv_is_scored_to_parquet(score, classifier, tmp_path):
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("id", "text"), *TEXTS.items()])
    code, told = score("in.csv", "out.parquet")
    assert (code, "stories: 4;" in told[-1]) == (0, True)
    alone = [plain(classifier, name=name, text=text) for name, text in TEXTS.items()]
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == alone


def test_parquet_is_scored_to_csv(score, classifier, tmp_path):
    pq.write_table(pa.table({"id": list(TEXTS), "text": list(TEXTS.values())}), tmp_path / "in.parquet")
    code, told = score("in.parquet", "out.csv")
    assert (code, "stories: 4;" in told[-1]) == (0, True)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    alone = [plain(classifier, name=name, text=text) for name, text in TEXTS.items()]
    for row, wanted in zip(rows, alone, strict=True):
        assert list(row) == list(wanted)
        assert (row["id"], row["action"], row["model"]) == (wanted["id"], wanted["action"], "tiny/7")
        assert json.loads(row["evidence"]) == wanted["evidence"]


def test_file_without_a_single_story_is_a_fault(score, tmp_path):
    (tmp_path / "in.jsonl").write_text("not json\n")
    code, told = score("in.jsonl", "out.jsonl")
    assert code == 1
    assert told[-1].startswith("out.rejects.jsonl: rows that are no stories: 1,")


def test_file_that_cannot_be_scored_leaves_nothing(score, tmp_path):
    (tmp_path / "in.parquet").write_bytes(b"no parquet")
    code, told = score("in.parquet", "out.csv")
    assert code == 1
    assert told[-1] == "complaint-context: in.parquet: not a sound Parquet file. Write it again."
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def changes(run, *arguments):
    """The rows that rescore wrote, and what it said last."""
    done = run("rescore", "out.jsonl", "changes.jsonl", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stderr.decode()


def test_other_policy_is_weighed_without_the_stories(run, score, tmp_path):
    lines = [to_json({"id": name, "text": text}) for name, text in TEXTS.items()]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    score("in.jsonl", "out.jsonl")
    assert "stories whose decision changes: 0 of 4." in changes(run)
    policy = SMALL_POLICY.read_text(encoding="utf-8")
    (tmp_path / "mild.toml").write_text(policy.replace('"pause"', '"review"'), encoding="utf-8")
    (tmp_path / "in.jsonl").unlink()
    told = changes(run, "--policy", "mild.toml")
    rows = [json.loads(line) for line in (tmp_path / "changes.jsonl").read_bytes().splitlines()]
    moved = [(row["id"], row["why"], row["before"]["action"], row["after"]["action"]) for row in rows]
    assert ("a", "policy", "pause", "review") in moved
    assert f"stories whose decision changes: {len(moved)} of 4." in told


def test_other_model_needs_the_stories(run, score, tiny_bundle, tmp_path):
    lines = [to_json({"id": name, "text": text}) for name, text in TEXTS.items()]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    score("in.jsonl", "out.jsonl")
    other = shutil.copytree(tiny_bundle, tmp_path / "other")
    manifest = json.loads((other / "bundle.json").read_text(encoding="utf-8"))
    manifest["thresholds"]["ongoing"] = {"review": 0.2, "clear": 0.25}
    (other / "bundle.json").write_text(json.dumps(manifest), encoding="utf-8")
    refused = run("rescore", "out.jsonl", "changes.jsonl", model=other)
    assert b"so the stories have to be read again. Give them with --stories." in refused.stderr
    done = run("rescore", "out.jsonl", "changes.jsonl", "--stories", "in.jsonl", model=other)
    assert done.returncode == 0, done.stderr.decode()
    (row,) = [json.loads(line) for line in (tmp_path / "changes.jsonl").read_bytes().splitlines()]
    found = (row["id"], row["why"], row["changed"], row["before"]["action"], row["after"]["action"])
    assert found == ("d", "thresholds", ["labels", "action", "reasons"], "review", "pause")
    assert not (tmp_path / "changes.jsonl.answers").exists()


def test_policy_is_printed_as_a_page(run):
    assert answer(run("policy")) == render_policy(load_policy()) + "\n"


def test_policy_of_another_site_is_printed_as_json(run):
    shown = answer(run("policy", "--json", "--policy", SMALL_POLICY))
    assert shown == to_json(load_policy(SMALL_POLICY).to_dict()) + "\n"
