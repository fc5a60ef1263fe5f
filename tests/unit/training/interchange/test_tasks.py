"""Do our tasks, annotations and predictions fit the labelling configuration that ships?"""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from classifier.assessment import Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.interchange.annotations import read_tasks
from training.interchange.tasks import to_prediction, to_task
from training.stories import parse_record

CONFIGURATION = Path(__file__).resolve().parents[4] / "data" / "label_studio.xml"
TYPES = {"Choices": "choices", "Labels": "labels", "TextArea": "textarea"}
RECORD = {
    "id": "N01-0001",
    "title": "My complaint 😡",
    "text": "😡 It was upheld. The Ombudsman has it now.",
    "labels": ["completed", "ombudsman"],
    "evidence": [
        {"label": "completed", "quote": "It was upheld."},
        {"label": "ombudsman", "quote": "The Ombudsman has it now."},
        {"label": "completed", "quote": "My complaint"},
    ],
    "nation": "northern_ireland",
    "borderline": True,
    "phenomena": ["pals", "relative"],
}


@pytest.fixture(scope="module")
def configuration():
    return ET.parse(CONFIGURATION).getroot()


@pytest.fixture(scope="module")
def controls(configuration):
    return {tag.get("name"): tag for tag in configuration.iter() if tag.tag in TYPES}


def misfits(result, controls):
    """What Label Studio could not show: regions whose control, field, type or value it does not know."""
    found = []
    for region in result:
        control = controls.get(region["from_name"])
        values = [child.get("value") for child in control] if control is not None else []
        said = region["value"].get("choices", region["value"].get("labels", []))
        fits = (
            control is not None
            and TYPES[control.tag] == region["type"]
            and control.get("toName") == region["to_name"]
            and set(said) <= set(values)
        )
        found += [] if fits else [region]
    return found


def test_every_value_of_a_record_has_its_choice(controls):
    values = {name: [child.get("value") for child in tag] for name, tag in controls.items()}
    assert values == {
        "labels": [*LABELS, "none"],
        "evidence": list(LABELS),
        "title_evidence": list(LABELS),
        "nation": list(Nation),
        "borderline": ["borderline"],
        "phenomena": [],
    }


def test_configuration_shows_the_fields_that_a_task_has(configuration):
    shown = {tag.get("value") for tag in configuration.iter() if (tag.get("value") or "").startswith("$")}
    assert shown == {f"${key}" for key in to_task(parse_record(RECORD))["data"]}


def test_annotation_fits_the_configuration(controls):
    task = to_task(parse_record(RECORD))
    (annotation,) = task["annotations"]
    assert misfits(annotation["result"], controls) == []
    assert [region["id"] for region in annotation["result"]] == [f"r{n}" for n in range(1, 8)]


def test_annotation_says_where_the_words_stand_in_code_points():
    (annotation,) = to_task(parse_record(RECORD))["annotations"]
    marks = [(r["to_name"], r["value"]) for r in annotation["result"] if r["type"] == "labels"]
    assert marks == [
        ("text", {"start": 2, "end": 16, "text": "It was upheld.", "labels": ["completed"]}),
        ("text", {"start": 17, "end": 42, "text": "The Ombudsman has it now.", "labels": ["ombudsman"]}),
        ("title", {"start": 0, "end": 12, "text": "My complaint", "labels": ["completed"]}),
    ]


def test_export_as_label_studio_writes_it_fits_the_configuration(controls):
    file = Path(__file__).with_name("export.json")
    tasks = json.loads(file.read_text(encoding="utf-8"))
    results = [region for task in tasks for one in task["annotations"] for region in one["result"]]
    assert misfits(results, controls) == []
    assert len(read_tasks(file).records) == 2


def test_prediction_fits_the_configuration_and_is_no_annotation(classifier, controls):
    story = Story(id="n-1", title="", text="I lodged a complaint.")
    task = to_prediction(story, assessment=classifier.assess(story), more={"why": "random"})
    assert set(task) == {"data", "predictions"}
    assert task["data"] == {"id": "n-1", "title": "", "text": "I lodged a complaint.", "why": "random"}
    (prediction,) = task["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("tiny/7 care-opinion-uk/2", 0.999998)
    assert misfits(prediction["result"], controls) == []
    assert [(region["from_name"], region["value"]) for region in prediction["result"]] == [
        ("labels", {"choices": ["ongoing"]}),
        ("evidence", {"start": 0, "end": 21, "text": "I lodged a complaint.", "labels": ["ongoing"]}),
        ("nation", {"choices": ["unknown"]}),
    ]


def test_prediction_of_no_label_says_none(classifier):
    story = Story(id="n-1", text="Kind staff.")
    task = to_prediction(story, assessment=classifier.assess(story), more={})
    (prediction,) = task["predictions"]
    assert [region["value"] for region in prediction["result"]] == [
        {"choices": ["none"]},
        {"choices": ["unknown"]},
    ]
