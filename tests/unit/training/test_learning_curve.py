import json
import random
from hashlib import sha256

import numpy as np
import pytest

from classifier.assessment import Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.learning_curve import (
    CurvePlan,
    Part,
    measure_point,
    prepare_curve,
    read_shares,
    share_out,
    write_curve,
)
from training.settings import SettingsError, TrainingSettings
from training.splits import DEV_PERCENT
from training.stories import LabelledStory, RecordError

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS
TINY = TrainingSettings(layers=1, hidden=32)


def labelled(name, *labels, tags=(), borderline=False):
    dice = random.Random(name)  # as good as unique words, so that no two stories are near-duplicates
    return LabelledStory(
        story=Story(id=name, text=" ".join(f"w{dice.randrange(10**6)}" for _ in range(20))),
        labels=labels,
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=borderline,
        phenomena=tags,
    )


def ids(stories):
    return [story.id for story in stories]


# --- shares


def test_shares_are_read_from_words():
    assert read_shares("0.25,0.5,1") == (0.25, 0.5, 1.0)
    assert read_shares(" 1 ") == (1.0,)


@pytest.mark.parametrize("words", ["", "half", "0,1", "0.5,1.5", "0.5,0.25", "0.5,0.5", "nan", "0.5,,1"])
def test_shares_that_are_no_growing_numbers_are_refused(words):
    with pytest.raises(SettingsError) as caught:
        read_shares(words)
    assert str(caught.value) == (
        f'shares: "{words}" are not growing numbers up to 1. Write them like 0.25,0.5,1.'
    )


def test_shares_are_nested_and_the_whole_is_all_stories_in_their_order():
    stories = [labelled(f"U01-{number}") for number in range(40)]
    found = share_out(stories, shares=(0.25, 0.5, 1.0), seed=1)
    assert [len(part) for part in found.values()] == [10, 20, 40]
    assert set(ids(found[0.25])) < set(ids(found[0.5]))
    assert ids(found[1.0]) == ids(stories)
    assert ids(found[0.25]) == [name for name in ids(stories) if name in ids(found[0.25])]


def test_shares_follow_from_the_seed():
    stories = [labelled(f"U01-{number}") for number in range(40)]
    one, same, other = (share_out(stories, shares=(0.5,), seed=seed)[0.5] for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize("seed", range(5))
def test_families_are_never_parted_and_a_share_is_never_exceeded(seed):
    stories = [labelled(f"U01-{n}", tags=(f"pair:{n // 3}",)) for n in range(30)]
    for share, part in share_out(stories, shares=(0.15, 0.5, 0.95), seed=seed).items():
        assert len(part) == {0.15: 3, 0.5: 15, 0.95: 27}[share]
        assert all(len([s for s in part if s.phenomena == one.phenomena]) == 3 for one in part)


# --- checks before training


def in_dev(name):
    return int.from_bytes(sha256(name.encode()).digest()[:4]) % 100 < DEV_PERCENT


def write_stories(folder, names):
    keys = {"labels": [], "evidence": [], "nation": "unknown", "borderline": False, "phenomena": []}
    rows = [{"id": name, "title": "", "text": labelled(name).story.text, **keys} for name in names]
    file = folder / "stories.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return file


def plan(stories, folder, shares=(0.5, 1.0), settings=TINY):
    return CurvePlan(stories=stories, work=folder / "work", shares=shares, settings=settings)


NAMES = [f"U01-{number}" for number in range(40)]
TRAIN = [name for name in NAMES if not in_dev(name)]


def test_each_share_gets_its_stories_and_its_folder(tmp_path):
    prepared = prepare_curve(plan(write_stories(tmp_path, NAMES), tmp_path))
    assert [(part.share, part.folder) for part in prepared.parts] == [
        (0.5, tmp_path / "work" / "share-0.5"),
        (1.0, tmp_path / "work" / "share-1"),
    ]
    assert ids(prepared.parts[1].stories) == TRAIN
    assert len(prepared.parts[0].stories) == len(TRAIN) // 2
    assert ids(prepared.dev) == [name for name in NAMES if in_dev(name)]


def test_folder_of_another_run_is_refused(tmp_path):
    file = write_stories(tmp_path, NAMES)
    prepare_curve(plan(file, tmp_path))
    prepare_curve(plan(file, tmp_path))
    with pytest.raises(SettingsError, match=r"share-0\.5: holds a run with other settings or stories"):
        prepare_curve(plan(file, tmp_path, settings=TrainingSettings(layers=1, hidden=32, epochs=9)))


def test_share_without_a_story_and_stories_without_dev_are_refused(tmp_path):
    with pytest.raises(RecordError, match=r"no story in a share of 0\.01\. Give a larger one\."):
        prepare_curve(plan(write_stories(tmp_path, NAMES), tmp_path, shares=(0.01, 1.0)))
    with pytest.raises(RecordError, match=r"no dev story\. Give the folder that models are trained from\."):
        prepare_curve(plan(write_stories(tmp_path, TRAIN), tmp_path))


# --- figures


def test_point_measures_settled_dev_stories_once_calibrated_and_thresholded():
    dev = tuple(labelled(f"U01-{n}", *((ONGOING,) if n % 2 else ()), borderline=n >= 20) for n in range(24))
    logits = np.full((24, 4), -3.0, dtype=np.float32)
    for row, story in enumerate(dev[:20]):
        logits[row, 1] = 3.0 if story.labels else -3.0
    logits[1, 1] = -4.0  # one of the ten ongoing stories is ranked last
    point = measure_point(Part(share=0.5, stories=dev[:3], folder=None), logits, dev)
    assert (point.share, point.stories) == (0.5, 3)
    assert point.f1[ONGOING] == pytest.approx(18 / 19)  # nine found, none wrong, one missed
    # precision at the recall of 0.9 is 1; to reach the tenth, all 20 stories have to be read
    assert point.average_precision[ONGOING] == pytest.approx(0.9 + 0.1 * 10 / 20)
    assert {label: point.average_precision[label] for label in LABELS if label != ONGOING} == dict.fromkeys(
        (PLANNED, COMPLETED, OMBUDSMAN)
    )
    assert point.macro_f1 == pytest.approx(
        (18 / 19 + sum(point.f1[one] for one in LABELS if one != ONGOING)) / 4
    )


def test_curve_is_written_as_json_and_as_a_picture(tmp_path):
    dev = tuple(labelled(f"U01-{n}", *((ONGOING,) if n % 2 else ())) for n in range(8))
    logits = np.where(np.arange(8)[:, None] % 2, 2.0, -2.0).astype(np.float32).repeat(4, axis=1)
    points = [measure_point(Part(share=s, stories=dev, folder=None), logits, dev) for s in (0.5, 1.0)]
    figures, plot = write_curve(tmp_path / "new" / "curve.v2", points, plan=plan(tmp_path, tmp_path))
    assert (figures, plot) == (tmp_path / "new" / "curve.v2.json", tmp_path / "new" / "curve.v2.png")
    found = json.loads(figures.read_text())
    assert found["settings"] == TINY.to_dict()
    assert [point["share"] for point in found["points"]] == [0.5, 1.0]
    assert found["points"][0]["f1"]["ongoing"] == points[0].f1[ONGOING]
    assert plot.read_bytes().startswith(b"\x89PNG")
