import json

import pytest

from classifier.backlog.manifest import Manifest, list_files, read_manifest, same_facts, write_manifest
from classifier.backlog.places import InputFile
from classifier.backlog.tally import Example, Tally

EXAMPLE = Example(0.25, "é", "pause", 0.75)
MANIFEST = Manifest(
    facts={"model": "tiny/7", "gate": True, "packing": None, "thresholds": {"ongoing": {"clear": 0.8}}},
    files=(("a/é.jsonl", 7), ("b.csv", 0)),
    shards=("one", "two"),
    tally=Tally(stories=2, rejected=1, months={"": {"pause": 2}}, surest=(EXAMPLE,), least_sure=(EXAMPLE,)),
    size=123,
)


def test_record_comes_back_as_it_was(tmp_path):
    file = tmp_path / "out.manifest.json"
    write_manifest(file, MANIFEST)
    assert read_manifest(file) == MANIFEST
    assert list(tmp_path.iterdir()) == [file]


def test_record_can_be_read_by_people(tmp_path):
    file = tmp_path / "out.manifest.json"
    write_manifest(file, MANIFEST)
    found = json.loads(file.read_text(encoding="utf-8"))
    assert list(found) == ["format", "scored_with", "input", "output_bytes", "counts", "shards"]
    assert found["format"] == 1
    assert found["input"] == [{"file": "a/é.jsonl", "bytes": 7}, {"file": "b.csv", "bytes": 0}]
    assert "é.jsonl" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-20],
        lambda text: "[]",
        lambda text: "7",
        lambda text: "{}",
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: text.replace('"shards"', '"sherds"'),
        lambda text: text.replace('"file"', '"fail"'),
        lambda text: text.replace('"months": {', '"months": [], "x": {'),
        lambda text: text.replace('"certainty"', '"certitude"'),
    ],
)
def test_record_that_cannot_be_read_is_none(tmp_path, damage):
    file = tmp_path / "out.manifest.json"
    write_manifest(file, MANIFEST)
    text = file.read_text(encoding="utf-8")
    assert damage(text) != text
    file.write_text(damage(text), encoding="utf-8")
    assert read_manifest(file) is None


def test_record_that_is_missing_or_not_text_is_none(tmp_path):
    assert read_manifest(tmp_path / "none.json") is None
    (tmp_path / "out.manifest.json").write_bytes(b"\xff\xfe")
    assert read_manifest(tmp_path / "out.manifest.json") is None


def test_files_are_listed_with_their_sizes(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"12345")
    files = (InputFile(tmp_path / "a.jsonl", "deep/a.jsonl"), InputFile(tmp_path / "b.jsonl", "b.jsonl"))
    assert list_files(files) == (("deep/a.jsonl", 5), ("b.jsonl", 0))


def test_facts_are_the_same_before_and_after_they_were_written(recipe):
    facts = recipe.facts()
    assert same_facts(facts, json.loads(json.dumps(facts)))
    assert not same_facts(facts, facts | {"gate": False})
    assert not same_facts(facts, {name: facts[name] for name in facts if name != "gate"})
