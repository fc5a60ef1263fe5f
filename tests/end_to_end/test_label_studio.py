"""A prediction that an annotator accepts comes back as a record."""

import json

import pytest
from starlette.testclient import TestClient

from classifier.story import Story
from serve.app import create_app
from serve.settings import Settings
from training.interchange.files import import_stories
from training.stories import read_stories

STORIES = [
    {"id": "N01-0001", "title": "😡 I lodged a complaint.", "text": "I lodged a complaint.\r\nThank you."},
    {"id": "N01-0002", "title": "", "text": "Kind staff.\u00a0 They had time 😀 for us."},
    {"id": "N01-0003", "title": "Ward 7", "text": "It was upheld. The ombudsman has it."},
]


@pytest.fixture
def predictions(classifier, tmp_path):
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'cases.db'}", keys_file=tmp_path / "keys.json")
    app = create_app(lambda: classifier, settings)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.portal.call(app.state.assessor.settled)
        tasks = [{"id": n, "data": story} for n, story in enumerate(STORIES)]
        return client.post("/label-studio/predict", json={"tasks": tasks}).json()["results"]


def _accepted(story, prediction):
    """The task in an export, once its prediction was submitted unchanged: Label Studio keeps both."""
    regions = [region | {"origin": "prediction"} for region in prediction["result"]]
    kept = {"id": 5, "model_version": prediction["model_version"], "score": prediction["score"]}
    annotation = {
        "id": 9,
        "result": regions,
        "was_cancelled": False,
        "prediction": kept | {"result": prediction["result"]},
        "parent_prediction": 5,
    }
    return {"id": 1, "data": story, "annotations": [annotation], "predictions": [5]}


def test_accepted_prediction_becomes_a_record_with_the_models_labels_and_words(
    classifier, predictions, tmp_path
):
    export, records = tmp_path / "export.json", tmp_path / "N01.jsonl"
    export.write_text(json.dumps(list(map(_accepted, STORIES, predictions))), encoding="utf-8")
    assert import_stories(export, records).faults == ()
    for sent, labelled in zip(STORIES, read_stories(records), strict=True):
        assessment = classifier.assess(Story(**sent))
        assert labelled.story == Story(**sent)
        assert (labelled.labels, labelled.nation) == (assessment.labels, assessment.nation)
        assert [
            (quote.label, quote.span.field, labelled.story.quote(quote.span)) for quote in labelled.evidence
        ] == [(quote.label, quote.field, quote.text) for quote in assessment.evidence]
