import json
from hashlib import sha256

import pytest

from training.behaviour import CaseError
from training.run import Plan, choose_baselines, prepare
from training.settings import SettingsError, TrainingSettings
from training.splits import DEV_PERCENT
from training.stories import RecordError

TINY = TrainingSettings(layers=1, hidden=32)


def in_dev(name):
    return int.from_bytes(sha256(name.encode()).digest()[:4]) % 100 < DEV_PERCENT


def record(name, *, borderline=False):
    text = " ".join(f"{name.replace('-', 'x')}w{number}" for number in range(12))
    lists = {"labels": [], "evidence": [], "phenomena": []}
    return {"id": name, "title": "", "text": text, "nation": "unknown", "borderline": borderline} | lists


TRAIN = next(name for name in (f"U01-{number}" for number in range(99)) if not in_dev(name))
DEV = next(name for name in (f"U01-{number}" for number in range(99)) if in_dev(name))
EACH = [record(TRAIN), record(DEV), record("T10-1")]


@pytest.fixture
def plan(tmp_path):
    """Makes a plan over the given records, with whatever else is said."""

    def make(records=EACH, **changes):
        file = tmp_path / "stories.jsonl"
        file.write_text("\n".join(json.dumps(one) for one in records) + "\n")
        usual = {"stories": file, "work": tmp_path / "work", "bundle": tmp_path / "bundle"}
        return Plan(**usual, bundle_version=1, settings=changes.pop("settings", TINY), **changes)

    return make


def test_stories_are_split_and_the_folder_remembers_them(plan):
    made = plan()
    splits = prepare(made)
    assert [[one.id for one in part] for part in (splits.train, splits.dev, splits.test)] == [
        [TRAIN],
        [DEV],
        ["T10-1"],
    ]
    note = json.loads((made.checkpoints(1) / "run.json").read_text())
    assert note["settings"] == TINY.to_dict()


def test_folder_of_another_run_is_refused(plan):
    prepare(plan())
    prepare(plan())
    with pytest.raises(SettingsError, match="holds a run with other settings or stories"):
        prepare(plan(settings=TrainingSettings(layers=1, hidden=32, epochs=9)))


@pytest.mark.parametrize(
    ("records", "counts"),
    [
        (EACH[1:], "0 to train, 1 for dev, 1 to test"),
        ([EACH[0], EACH[2]], "1 to train, 0 for dev, 1 to test"),
        (EACH[:2], "1 to train, 1 for dev, 0 to test"),
        ([EACH[0], record(DEV, borderline=True), EACH[2]], "1 to train, 1 for dev, 1 to test"),
    ],
)
def test_parts_without_a_settled_story_are_refused(plan, records, counts):
    made = plan(records)
    with pytest.raises(RecordError) as caught:
        prepare(made)
    assert str(caught.value) == (
        f"{made.stories}: {counts}; one of them has no settled story. Give a folder with some of each."
    )
    assert not made.work.exists()


def test_comments_and_cases_that_cannot_be_read_are_refused_before_the_folder_is_claimed(plan, tmp_path):
    with pytest.raises(RecordError, match=r"none\.jsonl: No such file"):
        prepare(plan(comments=tmp_path / "none.jsonl"))
    with pytest.raises(CaseError, match=r"none\.jsonl: No such file"):
        prepare(plan(behaviour=tmp_path / "none.jsonl"))
    assert not (tmp_path / "work").exists()


def test_all_baselines_are_fitted_but_those_left_out(plan):
    names = [baseline.name for baseline in choose_baselines(plan())]
    assert names == ["keywords", "tfidf-logistic-regression", "embeddings-svm", "sequence-classification"]
    some = choose_baselines(plan(left_out=("embeddings-svm", "keywords")))
    assert [baseline.name for baseline in some] == [names[1], names[3]]
    assert choose_baselines(plan(baselines=False)) == []


def test_baseline_that_there_is_not_is_refused_before_any_training(plan):
    with pytest.raises(SettingsError, match=r"^baselines: no bert\. There are keywords, .*\.$"):
        prepare(plan(left_out=("bert",)))
