import json
from hashlib import sha256
from pathlib import Path

import mlflow
import pytest

from classifier.bundle import load_bundle
from training.behaviour import Case
from training.comments import read_comments
from training.gate import GateError, GateRules
from training.placing import PlaceError
from training.promotion import GateData, admit, crown, measure_bundle, read_gate_data, review, serve
from training.registry import Registry
from training.splits import DEV_PERCENT, fingerprint, split
from training.stories import RecordError, read_stories
from training.versions import Alias

# MLflow's own queries use what SQLAlchemy is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

TELLING = {
    "planned": "I shall complain soon.",
    "ongoing": "I lodged a complaint.",
    "completed": "It was upheld.",
}
CASE = {"id": "m1", "kind": "minimum_function", "phenomenon": "plain", "text": "Tea.", "labels": []}


def in_dev(name):
    return int.from_bytes(sha256(name.encode()).digest()[:4]) % 100 < DEV_PERCENT


def record(name, label):
    # Words that no two stories share, so that each is a family of its own.
    other = " ".join(f"{name.replace('-', 'x')}w{number}" for number in range(12))
    return {
        "id": name,
        "title": "",
        "text": f"{TELLING[label]} {other}." if label else f"{other}.",
        "labels": [label] if label else [],
        "evidence": [{"label": label, "quote": TELLING[label]}] if label else [],
        "nation": "unknown",
        "borderline": False,
        "phenomena": ["plain"],
    }


@pytest.fixture(scope="module")
def stories(tmp_path_factory):
    """20 stories for dev, 5 a label and 5 without; 4 to test; as many as fall there to train."""
    folder = tmp_path_factory.mktemp("stories")
    labels = [*TELLING, None]
    dev = [name for name in (f"U01-{n}" for n in range(400)) if in_dev(name)][:20]
    train = [name for name in (f"U01-{n}" for n in range(20)) if not in_dev(name)]
    names = [*dev, *train, *(f"T10-{n}" for n in range(4))]
    lines = [json.dumps(record(name, labels[n % 4])) for n, name in enumerate(names)]
    (folder / "some.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def data(stories):
    splits = split(read_stories(stories))
    assert (len(splits.dev), len(splits.test)) == (20, 4)
    cases = (Case(**CASE), Case(**CASE | {"id": "m2", "text": TELLING["ongoing"], "labels": ["ongoing"]}))
    return GateData(splits=splits, cases=cases)


@pytest.fixture
def registry(registry_uri):
    return Registry(registry_uri)


@pytest.fixture
def good(tiny_variant, tmp_path):
    return tiny_variant(tmp_path / "good", version=8)


@pytest.fixture
def worse(tiny_variant, tmp_path):
    """Finds no planned complaint clear."""
    return tiny_variant(tmp_path / "worse", version=9, clear={"planned": 1.0})


def reviewed(folder, registry, data):
    return review(registry.register(folder), registry=registry, data=data)


@pytest.fixture
def champion(good, registry, data):
    return crown(reviewed(good, registry, data), registry=registry)


# --- measuring


def test_bundle_is_measured_on_settled_dev_and_test_stories_and_on_cases(good, data):
    found = measure_bundle(good, data=data)
    assert (found.name, found.int8_agreement, found.comments) == ("tiny/8", 1.0, None)
    assert [item.labelled for item in found.dev] == list(data.splits.dev)
    assert (found.dev_figures.macro_f1, found.dev_figures.pause.recall) == (1.0, 1.0)
    assert found.test_figures.stories == 4
    assert (found.behaviour.passed, found.behaviour.cases) == (2, 2)
    assert not found.same_stories


def test_bundle_trained_on_the_same_stories_is_known_by_its_fingerprint(good, data):
    manifest = json.loads((good / "bundle.json").read_text())
    manifest["data"] = {"fingerprint": fingerprint(data.splits.train)}
    (good / "bundle.json").write_text(json.dumps(manifest))
    assert measure_bundle(good, data=data).same_stories


def test_outside_comments_are_measured_when_they_are_given(good, data, tmp_path):
    file = tmp_path / "comments.jsonl"
    file.write_text('{"id": "c1", "text": "I lodged a complaint.", "labels": []}\n')
    with_comments = GateData(splits=data.splits, cases=data.cases, comments=tuple(read_comments(file)))
    assert measure_bundle(good, data=with_comments).comments.false_pauses == ("c1",)


# --- the way of a candidate


def test_first_promotion_needs_no_champion_and_leaves_its_figures(good, registry, data):
    found = reviewed(good, registry, data)
    assert (found.champion, found.failed, found.flips) == (None, (), ())
    admit(found)
    version = crown(found, registry=registry)
    assert (version.number, version.aliases, version.gate) == (1, ("champion",), "passed")
    assert version.figures == {
        "dev_macro_f1": 1.0,
        "dev_pause_recall": 1.0,
        "dev_pause_precision": 1.0,
        "behaviour": 1.0,
    }


def test_worse_candidate_is_refused_with_rules_figures_and_what_to_do(champion, worse, registry, data):
    found = reviewed(worse, registry, data)
    assert found.champion == champion
    with pytest.raises(GateError) as caught:
        admit(found)
    lines = str(caught.value).splitlines()
    assert lines[0] == "version 2 (tiny/9): the gate refuses it."
    assert [line.split(":")[0].strip() for line in lines[1:-1]] == [
        "least_pause_recall",
        "macro_f1_fall",
        "pause_recall_fall",
        "slice_fall",
    ]
    assert "pause recall on dev is 0.500, the champion's 1.000, at most 0.01 lower" in lines[3]
    assert lines[-1] == '  To promote it all the same, give your reason: --accept "...".'
    assert registry.find(Alias.CHAMPION).number == 1
    assert registry.get(2).gate == (
        "refused: least_pause_recall, macro_f1_fall, pause_recall_fall, slice_fall"
    )


def test_flipped_stories_are_those_that_the_candidate_turns_wrong(champion, worse, registry, data):
    found = reviewed(worse, registry, data)
    planned = sorted(story.id for story in data.splits.dev if story.labels == ("planned",))
    assert [(flip.id, flip.before, flip.after) for flip in found.flips] == [
        (name, "planned: pause", "none: review") for name in planned
    ]
    assert f"| right to wrong | {planned[0]} | planned | planned: pause | none: review |" in found.page


def test_person_may_overrule_the_gate_and_the_reason_is_kept(champion, worse, registry, data):
    found = reviewed(worse, registry, data)
    admit(found, accept="planned is to be left to people")
    version = crown(found, registry=registry, accept="planned is to be left to people")
    assert (version.number, version.aliases) == (2, ("champion",))
    assert version.accepted == "planned is to be left to people"


def test_reason_given_to_a_gate_that_passes_is_not_kept(good, registry, data):
    version = crown(reviewed(good, registry, data), registry=registry, accept="no need")
    assert version.accepted is None


@pytest.mark.parametrize("reason", ["", "  "])
def test_overruling_without_a_reason_is_refused(champion, worse, registry, data, reason):
    with pytest.raises(GateError, match=r"--accept: no reason\. Say in a few words"):
        admit(reviewed(worse, registry, data), accept=reason)


def test_gate_page_is_kept_with_the_version(good, registry, data):
    found = reviewed(good, registry, data)
    file = mlflow.MlflowClient(registry.uri).download_artifacts(found.version.run_id, "gate.md")
    assert Path(file).read_text() == found.page


def test_other_rules_may_be_given(good, registry, data):
    rules = GateRules(least_int8_agreement=1.1)
    found = review(registry.register(good), registry=registry, data=data, rules=rules)
    assert [one.rule for one in found.failed] == ["least_int8_agreement"]


# --- files in place


def test_champion_s_files_are_put_in_place_from_the_registry(champion, good, registry, tmp_path):
    (good / "encoder.onnx").unlink()  # what counts is what was registered
    serve(champion, registry=registry, into=tmp_path / "served")
    assert load_bundle(tmp_path / "served").name == "tiny/8"


def test_folder_that_cannot_be_written_leaves_the_champion_as_it_was(
    champion, worse, registry, data, tmp_path
):
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "thesis.txt").write_text("years of work")
    with pytest.raises(PlaceError):
        crown(reviewed(worse, registry, data), registry=registry, accept="so be it", into=tmp_path / "served")
    assert registry.find(Alias.CHAMPION).number == 1


# --- the gate's data


def test_gate_reads_stories_cases_and_comments(stories, tmp_path):
    (tmp_path / "cases.jsonl").write_text(json.dumps(CASE) + "\n")
    (tmp_path / "comments.jsonl").write_text('{"id": "c1", "text": "Tea came.", "labels": []}\n')
    found = read_gate_data(stories, cases=tmp_path / "cases.jsonl", comments=tmp_path / "comments.jsonl")
    assert (len(found.splits.dev), len(found.cases), len(found.comments)) == (20, 1, 1)
    assert read_gate_data(stories, cases=tmp_path / "cases.jsonl").comments == ()


def test_stories_without_dev_or_test_are_refused(tmp_path):
    file = tmp_path / "few.jsonl"
    file.write_text(json.dumps(record("T10-1", "ongoing")) + "\n")
    with pytest.raises(RecordError) as caught:
        read_gate_data(file, cases=tmp_path / "cases.jsonl")
    assert str(caught.value) == (
        f"{file}: no dev or no test story. Give the folder that models are trained from."
    )
