"""The commands `promote`, `rollback`, `models`, `behaviour` as data scientists run them, on tiny bundles."""

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest

from classifier.bundle import load_bundle
from training.splits import DEV_PERCENT

COMMAND = Path(sys.executable).with_name("complaint-context")
PATIENCE_S = 180
PLAN, LODGED = "I shall complain soon.", "I lodged a complaint."


def in_dev(name):
    return int.from_bytes(sha256(name.encode()).digest()[:4]) % 100 < DEV_PERCENT


def record(name, label, quote):
    other = " ".join(f"{name.replace('-', 'x')}w{number}" for number in range(12))
    return {
        "id": name,
        "title": "",
        "text": f"{quote} {other}.",
        "labels": [label],
        "evidence": [{"label": label, "quote": quote}],
        "nation": "unknown",
        "borderline": False,
        "phenomena": ["plain"],
    }


def write_lines(file, rows):
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def place(tmp_path_factory, tiny_variant):
    """Stories, cases, two bundles (the second finds no plan clear), and a command that knows them."""
    folder = tmp_path_factory.mktemp("promotion")
    dev = [name for name in (f"U01-{n}" for n in range(400)) if in_dev(name)][:20]
    kinds = [("planned", PLAN), ("ongoing", LODGED)]
    stories = write_lines(
        folder / "stories.jsonl",
        [record(name, *kinds[n % 2]) for n, name in enumerate([*dev, "T10-1", "T10-2"])],
    )
    case = {"id": "m1", "kind": "minimum_function", "phenomenon": "plain", "text": PLAN}
    cases = write_lines(folder / "cases.jsonl", [case | {"labels": ["planned"], "action": "pause"}])
    data = ("--stories", stories, "--behaviour", cases)

    def run(command, *arguments, stdin=""):
        store = ("--tracking-uri", f"sqlite:///{folder / 'mlflow.db'}")
        options = (() if command == "behaviour" else store) + (data if command == "promote" else ())
        return subprocess.run(
            [str(COMMAND), command, *map(str, (*arguments, *options))],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            cwd=folder,
            env=os.environ | {"COLUMNS": "200"},
        )

    return SimpleNamespace(
        run=run,
        cases=cases,
        good=tiny_variant(folder / "good", version=8),
        worse=tiny_variant(folder / "worse", version=9, clear={"planned": 1.0}),
        served=folder / "served",
        folder=folder,
    )


def fault(done):
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr[done.stderr.rindex("complaint-context: ") :].removeprefix("complaint-context: ")


def listed(place):
    done = place.run("models", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_from_the_first_champion_to_a_rollback(place):
    # Nobody says yes: nothing changes.
    done = place.run("promote", place.good, "--into", place.served, stdin="n\n")
    assert fault(done) == "version 1: not promoted, nobody said yes. It stays as challenger.\n"
    assert "Make version 1 (tiny/8) champion? [y/N]:" in done.stderr
    assert not place.served.exists()

    # A person says yes.
    done = place.run("promote", place.good, "--into", place.served, stdin="y\n")
    assert done.returncode == 0, done.stderr
    assert "No champion yet: only the absolute rules apply." in done.stdout
    assert done.stdout.splitlines()[-2:] == ["champion: version 1 (tiny/8)", f"{place.served}: version 1"]
    assert load_bundle(place.served).name == "tiny/8"

    # A worse bundle is refused with what failed, and the stories that it turns wrong are listed.
    done = place.run("promote", place.worse, "--into", place.served, "--yes")
    said = fault(done)
    assert said.startswith(
        "version 2 (tiny/9): the gate refuses it.\n  least_pause_recall: pause recall on dev"
    )
    assert "behaviour_fall: behavioural cases that pass is 0.000, the champion's 1.000" in said
    assert '--accept "...".' in said
    assert "10 right to wrong, 0 wrong to right, 0 wrong to wrong." in done.stdout
    assert load_bundle(place.served).name == "tiny/8"

    # A person overrules the gate.
    reason = "plans are left to people"
    done = place.run("promote", place.worse, "--into", place.served, "--accept", reason, "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["champion: version 2 (tiny/9)", f"{place.served}: version 2"]
    assert load_bundle(place.served).name == "tiny/9"
    assert [(one["number"], one["aliases"], one["accepted"]) for one in listed(place)] == [
        (1, ["previous"], None),
        (2, ["champion"], reason),
    ]

    # And takes it back.
    done = place.run("rollback", "--into", place.served)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["champion: version 1 (tiny/8)", f"{place.served}: version 1"]
    assert load_bundle(place.served).name == "tiny/8"
    assert "no previous champion to go back to" in fault(place.run("rollback"))
    assert fault(place.run("rollback", "--to", 7)).startswith("version 7: not in sqlite:")

    # The champion is promoted already; its files can be put in place again.
    done = place.run("promote", place.good, "--into", place.folder / "again")
    assert done.stdout.splitlines() == [
        "champion: version 1 (tiny/8), as before",
        f"{place.folder / 'again'}: version 1",
    ]
    assert load_bundle(place.folder / "again").name == "tiny/8"

    table = place.run("models").stdout
    assert "champion" in table
    assert reason in " ".join(table.split())


def test_damaged_bundle_is_refused_before_anything_is_measured(place, tiny_variant, tmp_path):
    broken = tiny_variant(tmp_path / "broken", version=10)
    (broken / "encoder.onnx").write_bytes(b"half")
    done = place.run("promote", broken, "--yes")
    assert done.stdout == ""
    assert fault(done) == (
        f"{broken / 'encoder.onnx'}: does not match its checksum in bundle.json. "
        "Fetch the bundle again, or export it anew.\n"
    )


def test_folder_with_other_files_is_refused_before_anything_is_measured(place, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    done = place.run("promote", place.good, "--into", tmp_path, "--yes")
    assert done.stdout == ""
    assert fault(done).startswith(f"{tmp_path}: holds thesis.txt, which a bundle would replace.")


def test_behaviour_prints_pass_rates_and_writes_known_misses(place, tmp_path):
    misses = tmp_path / "misses.toml"
    done = place.run("behaviour", place.cases, "--model", place.worse, "--write-known-misses", misses)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "tiny/9: 0 of 1 cases pass",
        "    0%    0 of   1  minimum_function: plain",
    ]
    assert misses.read_text().splitlines()[2:] == ['m1 = "plain: reads none, not planned"']
    done = place.run("behaviour", place.cases, "--model", place.good, "--json")
    assert json.loads(done.stdout)["passed"] == 1
