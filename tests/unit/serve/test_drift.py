"""The rates over the last stories, beside the profile that the model states."""

import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from classifier.assess import ComplaintClassifier
from classifier.assessment import Action
from classifier.profile import profile, traits
from classifier.story import Story
from serve.app import create_app
from serve.batcher import Stages
from serve.drift import Drift
from serve.settings import Settings

STORY = Story(id="1", text="I have made a complaint.")
STAGES = Stages(queued_s=0.0, read_s=0.0, batch_stories=1)


MODEL = "complaint-context/1"


def _model(figures, *, name=MODEL):
    return SimpleNamespace(bundle=SimpleNamespace(name=name, manifest={"figures": figures}))


@pytest.fixture
def calm(assessment):
    return replace(assessment, labels=(), action=Action.CONTINUE, signals=())


def _samples(drift):
    return {
        (sample.name.removeprefix("complaint_context_"), *sample.labels.values()): sample.value
        for metric in drift.collect()
        for sample in metric.samples
    }


def test_live_rates_are_over_the_stories_so_far(assessment, calm):
    drift = Drift(stories=10)
    drift.model_changed(_model({}))
    for each in (assessment, calm, calm, calm):
        drift.assessed(STORY, each, STAGES)
    assert drift.live == profile(traits(STORY, each) for each in (assessment, calm, calm, calm))
    assert drift.live.rates["action"]["pause"] == 0.25


def test_only_the_last_stories_count(assessment, calm):
    drift = Drift(stories=2)
    drift.model_changed(_model({}))
    for each in (assessment, assessment, calm):
        drift.assessed(STORY, each, STAGES)
    assert (drift.live.stories, drift.live.rates["action"]["pause"]) == (2, 0.5)
    drift.assessed(STORY, calm, STAGES)
    assert drift.live == profile(traits(STORY, calm) for _ in range(2))


def test_story_that_the_model_before_a_reload_has_read_does_not_count(assessment):
    drift = Drift(stories=10)
    drift.model_changed(_model({}, name="complaint-context/2"))
    drift.assessed(STORY, assessment, STAGES)
    assert drift.live.stories == 0


def test_without_a_story_only_their_number_is_shown():
    drift = Drift(stories=10)
    drift.model_changed(_model({}))
    assert _samples(drift) == {("drift_stories",): 0}


def test_bundle_without_a_profile_has_live_rates_only(assessment):
    drift = Drift(stories=10)
    drift.model_changed(_model({}))
    drift.assessed(STORY, assessment, STAGES)
    found = _samples(drift)
    assert found["live_rate", "action", "pause"] == 1.0
    assert {name for name, *_ in found} == {"drift_stories", "live_rate"}


def test_profile_of_the_bundle_stands_beside_the_live_rates(assessment, calm):
    drift = Drift(stories=10)
    drift.model_changed(_model({"profile": profile([traits(STORY, calm)]).to_dict()}))
    drift.assessed(STORY, assessment, STAGES)
    found = _samples(drift)
    assert (found["live_rate", "action", "pause"], found["reference_rate", "action", "pause"]) == (1.0, 0.0)
    assert (found["drift", "action"], found["drift", "label"], found["drift", "length"]) == (1.0, 1.0, 0.0)


def test_new_model_starts_with_no_story(assessment):
    drift = Drift(stories=10)
    drift.assessed(STORY, assessment, STAGES)
    drift.model_changed(_model({}))
    assert drift.live == profile([])


def test_profile_of_a_bundle_is_told_with_the_model_and_stands_in_the_metrics(
    tiny_variant, tmp_path, assessment
):
    stated = profile([traits(STORY, assessment)]).to_dict()
    classifier = ComplaintClassifier.load(
        tiny_variant(tmp_path / "bundle", version=8, figures={"profile": stated})
    )
    app = create_app(lambda: classifier, Settings(database_url=f"sqlite:///{tmp_path / 'cases.db'}"))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.portal.call(app.state.assessor.settled)
        client.post("/v1/classify", json={"stories": [{"id": "1", "text": "I lodged a complaint."}]})
        assert client.get("/v1/model").json()["figures"]["profile"] == stated
        lines = client.get("/metrics").text.splitlines()
    assert 'complaint_context_reference_rate{feature="action",value="pause"} 1.0' in lines
    assert 'complaint_context_drift{feature="action"} 0.0' in lines


def test_faulty_profile_is_logged_and_the_service_goes_on(caplog):
    drift = Drift(stories=10)
    drift.model_changed(_model({"profile": "many"}))
    assert drift.reference is None
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            logging.WARNING,
            "bundle.json: figures.profile: TypeError at string indices must be integers, not 'str'. "
            "Export the bundle anew. Until then there is nothing to compare the live rates with.",
        )
    ]
