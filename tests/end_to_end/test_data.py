"""The commands `data import`, `data export`, `data audit` and `suggest` as a data scientist runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.stories import read_stories

COMMAND = Path(sys.executable).with_name("complaint-context")
ROOT = Path(__file__).resolve().parents[2]
T01 = ROOT / "data" / "stories" / "T01.jsonl"
PATIENCE_S = 300


def complaint_context(*arguments, folder):
    """The finished command, run in ``folder``."""
    return subprocess.run(
        [str(COMMAND), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=folder,
        env=os.environ | {"COLUMNS": "140"},
    )


def refused(done):
    """What is said by a command that refuses in one line."""
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1].removeprefix("complaint-context: ")


@pytest.fixture
def few(tmp_path):
    """The first three stories of T01."""
    file = tmp_path / "few.jsonl"
    lines = T01.read_text(encoding="utf-8").splitlines()[:3]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


# --- import and export


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json"])
def test_exported_stories_come_back_the_same(tmp_path, suffix):
    out = complaint_context("data", "export", T01, f"out.{suffix}", folder=tmp_path)
    assert (out.returncode, out.stdout, out.stderr) == (0, "", f"out.{suffix}: 170 stories\n")
    back = complaint_context("data", "import", f"out.{suffix}", "back.jsonl", folder=tmp_path)
    assert (back.returncode, back.stdout, back.stderr) == (0, "", "back.jsonl: 170 stories, 0 faults\n")
    assert read_stories(tmp_path / "back.jsonl") == read_stories(T01)


def test_import_names_every_fault_and_keeps_the_sound_rows(few, tmp_path):
    complaint_context("data", "export", few, "out.csv", folder=tmp_path)
    rows = tmp_path / "out.csv"
    text = rows.read_text(encoding="utf-8")
    assert '"[""planned""]"' in text
    rows.write_text(text.replace('"[""planned""]"', '"planned|ongoing"'), encoding="utf-8")
    done = complaint_context("data", "import", "out.csv", "back.jsonl", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == (
        'out.csv:2: labels: "planned|ongoing" joins 2 labels in one. Write a list: ["planned", "ongoing"].\n'
    )
    assert done.stderr == "back.jsonl: 2 stories, 1 faults\n"
    assert [one.id for one in read_stories(tmp_path / "back.jsonl")] == ["T01-0002", "T01-0003"]


def test_import_lists_annotators_who_disagree(few, tmp_path):
    complaint_context("data", "export", few, "tasks.json", folder=tmp_path)
    tasks = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
    for task in tasks:
        task["annotations"].append(tasks[1]["annotations"][0])
    tasks[2]["annotations"] = [{"result": [], "was_cancelled": True}]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    done = complaint_context("data", "import", "tasks.json", "back.jsonl", folder=tmp_path)
    assert done.stdout == (
        'tasks.json:1: annotators of "T01-0001" disagree: planned (england) / none (england). '
        "Settle it in Label Studio, and export again.\n"
    )
    assert done.stderr == (
        "back.jsonl: 1 stories, 0 faults, 1 left out because annotators disagree, "
        "1 skipped annotations passed over, 1 tasks not labelled yet\n"
    )
    assert done.returncode == 0


def test_import_of_nothing_sound_writes_nothing(tmp_path):
    (tmp_path / "tasks.json").write_text("[]", encoding="utf-8")
    done = complaint_context("data", "import", "tasks.json", "back.jsonl", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "back.jsonl: nothing written, no sound story, 0 faults\n"
    assert [file.name for file in tmp_path.iterdir()] == ["tasks.json"]


def test_missing_columns_are_refused_in_one_line(tmp_path):
    (tmp_path / "rows.csv").write_text("id,text,label\na,Tea.,ongoing\n", encoding="utf-8")
    said = refused(complaint_context("data", "import", "rows.csv", "back.jsonl", folder=tmp_path))
    assert said.startswith("rows.csv: columns, by keys: missing title, labels, evidence,")
    assert "unknown label." in said


@pytest.mark.parametrize(
    ("command", "example"),
    [
        (("data", "import"), "complaint-context data import export.json data/stories/N01.jsonl"),
        (("data", "export"), "complaint-context data export data/stories/T01.jsonl tasks.json"),
        (("data", "audit"), "complaint-context data audit --cases tests/behavioural/cases.jsonl --limit 20"),
        (
            ("suggest",),
            "complaint-context suggest backlog.jsonl tasks.json --count 200 --format label-studio",
        ),
    ],
)
def test_help_has_an_example(tmp_path, command, example):
    done = complaint_context(*command, "--help", folder=tmp_path)
    assert done.returncode == 0
    assert example in " ".join(done.stdout.split())


# --- audit


@pytest.fixture(scope="module")
def doubled(tmp_path_factory):
    """T01, beside a file that holds its first story under another id."""
    folder = tmp_path_factory.mktemp("doubled")
    (folder / "T01.jsonl").write_bytes(T01.read_bytes())
    first = json.loads(T01.read_text(encoding="utf-8").splitlines()[0])
    (folder / "U01.jsonl").write_text(json.dumps(first | {"id": "U01-0001"}) + "\n", encoding="utf-8")
    return folder


def test_audit_shows_twins_leaks_and_suspicions(doubled, tmp_path):
    case = {"id": "mft-1", "text": json.loads(T01.read_text(encoding="utf-8").splitlines()[1])["text"]}
    (tmp_path / "cases.jsonl").write_text(json.dumps(case), encoding="utf-8")
    done = complaint_context(
        *("data", "audit", "--stories", doubled, "--cases", "cases.jsonl", "--limit", 3), folder=tmp_path
    )
    assert done.returncode == 1  # a leak
    lines = done.stdout.splitlines()
    assert lines[0] == "171 labelled stories"
    assert lines[lines.index("Leaks: 1") + 1].split()[0] == "T01-0002"
    assert lines[lines.index("Near-duplicates: 1") + 1].endswith("same words")
    assert "of 171 stories (by tfidf-logistic-regression, out of fold;" in done.stdout
    assert "fitting without each fifth" in done.stderr


def test_audit_as_json_has_everything(doubled, tmp_path):
    done = complaint_context("data", "audit", "--stories", doubled, "--json", folder=tmp_path)
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert list(found) == ["stories", "duplicates", "leaks", "doubted", "opinion", "suspicions"]
    assert [one["ids"] for one in found["duplicates"]] == [["T01-0001", "U01-0001"]]
    assert list(found["suspicions"][0]) == ["id", "given", "suggested", "score", "quotes", "borderline"]
    scores = [one["score"] for one in found["suspicions"]]
    assert scores == sorted(scores)
    assert all(one["given"] != one["suggested"] and one["quotes"] for one in found["suspicions"])


def test_audit_by_a_bundle_doubts_dev_stories_only(tiny_bundle, tmp_path):
    folder = tmp_path / "stories"
    folder.mkdir()
    for name in ("T01", "T02", "T03"):
        (folder / f"{name}.jsonl").write_bytes(T01.with_name(f"{name}.jsonl").read_bytes())
    done = complaint_context(
        *("data", "audit", "--stories", folder, "--model", tiny_bundle, "--json"), folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["opinion"] == "tiny/7"
    assert 50 <= found["doubted"] < found["stories"] / 4


def test_audit_of_a_missing_suite_is_refused_in_one_line(doubled, tmp_path):
    done = complaint_context("data", "audit", "--stories", doubled, "--cases", "none.jsonl", folder=tmp_path)
    assert refused(done) == "none.jsonl: No such file or directory. Name the suite's cases.jsonl."


# --- suggest


@pytest.fixture
def rows(tmp_path):
    """Thirty stories without labels, two of them in the labelled file too, and a broken line."""
    file = tmp_path / "rows.jsonl"
    found = [json.loads(line) for line in T01.read_text(encoding="utf-8").splitlines()[1:31]]
    lines = [json.dumps({key: one[key] for key in ("id", "title", "text")}) for one in found]
    file.write_text("\n".join([*lines, "{"]) + "\n", encoding="utf-8")
    return file


def suggest(rows, few, tiny_bundle, output, *options):
    return complaint_context(
        *("suggest", rows, output, "--count", 10, "--stories", few, "--model", tiny_bundle, *options),
        folder=rows.parent,
    )


def test_suggest_picks_as_many_as_asked_and_says_why(rows, few, tiny_bundle):
    done = suggest(rows, few, tiny_bundle, "next.jsonl")
    assert (done.returncode, done.stdout) == (0, "")
    lines = done.stderr.splitlines()
    assert "rows.jsonl:31: not JSON. Each line must be one JSON object with id, title and text." in lines
    assert lines[-1].startswith("next.jsonl: 10 stories (")
    assert lines[-1].endswith("1 random), 2 passed over, labelled already, 1 rows that are no stories")
    found = [json.loads(line) for line in (rows.parent / "next.jsonl").read_text("utf-8").splitlines()]
    assert len({one["id"] for one in found}) == 10
    assert not {"T01-0002", "T01-0003"} & {one["id"] for one in found}
    assert all(one["why"] and one["model"] == "tiny/7" and "labels" not in one for one in found)


def test_suggest_gives_the_same_again(rows, few, tiny_bundle):
    suggest(rows, few, tiny_bundle, "one.jsonl")
    suggest(rows, few, tiny_bundle, "other.jsonl")
    assert (rows.parent / "one.jsonl").read_bytes() == (rows.parent / "other.jsonl").read_bytes()


def test_suggested_tasks_come_back_as_labelled_stories(rows, few, tiny_bundle):
    done = suggest(rows, few, tiny_bundle, "next.json", "--format", "label-studio")
    assert done.returncode == 0
    tasks = json.loads((rows.parent / "next.json").read_text(encoding="utf-8"))
    for task in tasks:
        task["annotations"] = [{"result": task["predictions"][0]["result"], "was_cancelled": False}]
    (rows.parent / "done.json").write_text(json.dumps(tasks), encoding="utf-8")
    back = complaint_context("data", "import", "done.json", "back.jsonl", folder=rows.parent)
    assert (back.returncode, back.stderr) == (0, "back.jsonl: 10 stories, 0 faults\n")
    texts = {task["data"]["id"]: task["data"]["text"] for task in tasks}
    assert {one.id: one.story.text for one in read_stories(rows.parent / "back.jsonl")} == texts


def test_suggest_in_a_foreign_format_is_wrong_usage(rows, few, tiny_bundle):
    done = suggest(rows, few, tiny_bundle, "next.jsonl", "--format", "doccano")
    assert done.returncode == 2
    assert "--format is jsonl or label-studio" in done.stderr


def test_suggest_from_labelled_stories_only_writes_nothing(few, tiny_bundle):
    done = suggest(few, few, tiny_bundle, "next.jsonl")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == (
        "next.jsonl: nothing written, no story to pick, 3 passed over, labelled already"
    )
    assert not (few.parent / "next.jsonl").exists()
