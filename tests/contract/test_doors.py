"""The same stories through every door, with the released bundle: the same answers, to the last byte.

Another door is a function from stories to assessments, and a line in ``DOORS``.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import mlflow
import pandas as pd
import pytest
import spacy

from classifier import ComplaintClassifier, Story
from classifier.assessment import to_json
from classifier.bundle import RELEASED
from training.pyfunc.save import save_pyfunc
from training.stories import LabelledStory, read_stories

COMMAND = Path(sys.executable).with_name("complaint-context")
LABELLED = Path(__file__).parents[2] / "data" / "stories"
PATIENCE_S = 600
COUNT = 200
ODD = ("\ufeff", "😀\u00a0", "\r\n\r\n\t ", "e\u0301 \u2003", "👩🏽\u200d⚕️ ", "\u202e ")
"""What some of the stories begin with, so that offsets in bytes, UTF-16 or stripped text would show."""

Assessments = list[dict[str, Any]]


@dataclass(frozen=True)
class House:
    """What doors need: a running service, a folder to write in, the classifier that all are held against."""

    address: str
    folder: Path
    released: ComplaintClassifier


@dataclass(frozen=True)
class Door:
    """A way in; ``every``: it is given each so many-th story, 1 for all."""

    ask: Callable[[list[Story], House], Assessments]
    every: int = 1


def many(stories: list[Story], house: House) -> Assessments:
    """``assess_many``."""
    return [assessment.to_dict() for assessment in house.released.assess_many(stories)]


def classify(stories: list[Story], house: House) -> Assessments:
    """`complaint-context classify --json`, a process for each story."""
    found = []
    for story in stories:
        options = ("--id", story.id, "--title", story.title, "--json", "-")
        done = _run("classify", *options, given=story.text.encode())
        found.append(json.loads(done))
    return found


def score(stories: list[Story], house: House, *options: str) -> Assessments:
    """`complaint-context score`, from JSONL to JSONL."""
    source, output = house.folder / "stories.jsonl", house.folder / "assessments.jsonl"
    source.write_text("".join(f"{to_json(_record(story))}\n" for story in stories), encoding="utf-8")
    _run("score", source, output, "--no-resume", *options)
    return [json.loads(line) for line in output.read_bytes().splitlines()]


def on_ray(stories: list[Story], house: House) -> Assessments:
    """`score` on a Ray cluster that is started for it; in shards so small that there is work for workers."""
    return score(stories, house, "--engine", "ray", "--shard-size", "40")


def rescored(stories: list[Story], house: House) -> Assessments:
    """The new answers of `rescore`, by two processes; nothing is to have changed."""
    score(stories, house)
    source, before, after = (house.folder / f"{n}.jsonl" for n in ("stories", "assessments", "again"))
    changes = house.folder / "changes.jsonl"
    _run("rescore", before, changes, "--stories", source, "--answers", after, "--workers", "2")
    assert changes.read_bytes() == b""
    return [json.loads(line) for line in after.read_bytes().splitlines()]


def http(stories: list[Story], house: House) -> Assessments:
    """``POST /v1/classify``, 64 stories at a time."""
    found: Assessments = []
    for first in range(0, len(stories), 64):
        body = {"stories": [_record(story) for story in stories[first : first + 64]]}
        found += _post(f"{house.address}/v1/classify", body)["results"]
    return found


def in_spacy(stories: list[Story], house: House) -> Assessments:
    """``nlp.pipe``."""
    nlp = spacy.blank("en")
    nlp.add_pipe("complaint_context")
    docs = [nlp.make_doc(story.text) for story in stories]
    for doc, story in zip(docs, stories, strict=True):
        doc._.story_id, doc._.story_title = story.id, story.title
    return [doc._.complaint for doc in nlp.pipe(docs)]


def in_mlflow(stories: list[Story], house: House) -> Assessments:
    """The MLflow model, loaded here; tests/end_to_end/test_mlflow.py has it served."""
    save_pyfunc(RELEASED, house.folder / "model")
    model = mlflow.pyfunc.load_model(str(house.folder / "model"))
    return model.predict(pd.DataFrame([_record(story) for story in stories]))


DOORS = {
    "assess_many": Door(many),
    "classify": Door(classify, every=67),
    "score": Door(score),
    "ray": Door(on_ray),
    "rescore": Door(rescored, every=5),
    "http": Door(http),
    "spacy": Door(in_spacy),
    "mlflow": Door(in_mlflow),
}


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    """Half of them with a label, a few long or with a title; always the same ones."""
    known = sorted(read_stories(LABELLED), key=lambda one: sha256(one.id.encode()).digest())
    chosen = [one for one in known if one.labels][: COUNT // 2]
    chosen += [one for one in known if not one.labels][: COUNT // 2]
    return [_story(one, "" if n % 3 else ODD[n // 3 % len(ODD)]) for n, one in enumerate(chosen)]


@pytest.fixture(scope="module")
def expected(stories, released) -> Assessments:
    """What Python gives for each story alone."""
    return [released.assess(story).to_dict() for story in stories]


@pytest.fixture(scope="module")
def house(released, tmp_path_factory) -> Iterator[House]:
    """A service of its own, and an empty folder."""
    folder = tmp_path_factory.mktemp("doors")
    environment = os.environ | {"COMPLAINT_CONTEXT_TIMEOUT_S": str(PATIENCE_S)}
    with subprocess.Popen(
        [COMMAND, "serve", "--port", "0"], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            ready = re.search(r"http://[\d.]+:\d+", line := process.stderr.readline())
            assert ready, line + process.stderr.read()
            yield House(ready[0], folder, released)
        finally:
            process.kill()


@pytest.mark.parametrize("name", DOORS)
def test_door_gives_what_python_gives(name, stories, expected, house):
    door = DOORS[name]
    found = door.ask(stories[:: door.every], house)
    assert [*map(to_json, found)] == [*map(to_json, expected[:: door.every])]


def test_label_studio_is_shown_what_python_finds_clear(stories, expected, house):
    tasks = [{"id": n, "data": _record(story)} for n, story in enumerate(stories)]
    found = _post(f"{house.address}/label-studio/predict", {"tasks": tasks})["results"]
    assert [_shown(prediction) for prediction in found] == [_showable(one) for one in expected]


def test_stories_are_of_all_kinds(stories, expected):
    """Else the tests above would show little."""
    assert len({story.id for story in stories}) == COUNT
    assert {action["action"] for action in expected} == {"pause", "review", "advise", "continue"}
    assert {label for one in expected for label in one["labels"]} == {
        *("planned", "ongoing", "completed", "ombudsman")
    }
    assert {quote["field"] for one in expected for quote in one["evidence"]} == {"title", "text"}
    assert sum(bool(story.title) for story in stories) > COUNT // 4
    assert all(any(story.text.startswith(odd) for story in stories) for odd in ODD)


def _story(labelled: LabelledStory, odd: str) -> Story:
    story = labelled.story
    return Story(id=story.id, title=story.title, text=odd + story.text)


def _record(story: Story) -> dict[str, str]:
    return {"id": story.id, "title": story.title, "text": story.text}


def _run(*arguments: object, given: bytes | None = None) -> bytes:
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], input=given, capture_output=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def _post(address: str, body: dict[str, Any]) -> dict[str, Any]:
    request = Request(address, json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def _shown(prediction: dict[str, Any]) -> dict[str, Any]:
    """A prediction in the words of an assessment."""
    values = [(region["from_name"], region["value"]) for region in prediction["result"]]
    (labels,) = [value["choices"] for name, value in values if name == "labels"]
    (nation,) = [value["choices"] for name, value in values if name == "nation"]
    fields = {"evidence": "text", "title_evidence": "title"}
    return {
        "version": prediction["model_version"],
        "score": prediction["score"],
        "labels": [] if labels == ["none"] else labels,
        "nation": nation,
        "evidence": [
            (*value["labels"], fields[name], value["start"], value["end"], value["text"])
            for name, value in values
            if name in fields
        ],
    }


def _showable(assessment: dict[str, Any]) -> dict[str, Any]:
    """What a prediction holds of an assessment: the labels that are clear, and their words."""
    return {
        "version": f"{assessment['model']} {assessment['policy']}",
        "score": max(assessment["scores"].values()),
        "labels": assessment["labels"],
        "nation": [assessment["nation"]],
        "evidence": [
            (quote["label"], quote["field"], quote["start"], quote["end"], quote["text"])
            for quote in assessment["evidence"]
            if quote["label"] in assessment["labels"]
        ],
    }
