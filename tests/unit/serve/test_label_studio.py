"""``/label-studio/…`` as Label Studio calls it."""

import json
import logging

import pytest
from pydantic import TypeAdapter

from serve.label_studio.shapes import (
    BackendHealth,
    Notice,
    PredictRequest,
    PredictResponse,
    SetupResponse,
    WebhookResponse,
)
from serve.label_studio.tasks import MAX_TASKS

JSON = {"content-type": "application/json"}
CANARY = "heliotrope-walrus"
NO_TASKS = 'tasks: is not a list of one task or more. Send {"tasks": [{"data": {"id": "1", "text": "..."}}]}.'
VERSION = "complaint-context/1 care-opinion-uk/2"
RESULT = [
    {
        "id": "r1",
        "from_name": "labels",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["ongoing"]},
    },
    {
        "id": "r2",
        "from_name": "evidence",
        "to_name": "text",
        "type": "labels",
        "value": {"start": 0, "end": 6, "text": "I have", "labels": ["ongoing"]},
    },
    {
        "id": "r3",
        "from_name": "nation",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": ["northern_ireland"]},
    },
]
PREDICTION = {"model_version": VERSION, "score": 0.9, "result": RESULT}


def _task(text="I have lodged a complaint.", **data):
    """A task as Label Studio sends it, with what is not needed."""
    story = {"id": "N01-0001", "title": "", "text": text} | data
    return {"id": 17, "data": story, "annotations": [], "predictions": [], "meta": {}, "project": 3}


def _predict(client, *tasks):
    body = {
        "tasks": tasks,
        "model_version": "",
        "project": "3.1764158400",
        "label_config": "<View/>",
        "params": {"login": None, "password": None, "context": None},
    }
    return client.post("/label-studio/predict", json=body)


def test_task_gets_what_is_clear_with_its_words_and_the_versions_it_rests_on(client):
    answer = _predict(client, _task())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"results": [PREDICTION], "model_version": VERSION}


def test_health_and_setup_answer_as_an_ml_backend_does(client):
    assert client.get("/label-studio/health").json() == {"status": "UP", "model_class": "ComplaintClassifier"}
    told = {"project": "3.1764158400", "schema": "<View/>", "hostname": "", "access_token": CANARY}
    answer = client.post("/label-studio/setup", json=told)
    assert (answer.status_code, answer.json()) == (200, {"model_version": VERSION})


def test_event_is_heard_and_nothing_is_learnt_of_it(client, tmp_path):
    answer = client.post("/label-studio/webhook", json={"action": "START_TRAINING", "task": _task(CANARY)})
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "result": "Nothing is learnt here. Export the annotations from Label Studio as JSON, "
        "and read them with: complaint-context data import",
    }


def test_task_at_fault_gets_an_empty_prediction_that_says_why_and_harms_no_other(client):
    faults = [_task(" "), _task(None), {"id": 4}, CANARY, _task(id=5), _task("a" * 500_001)]
    found = _predict(client, _task(), *faults, _task(title=None)).json()["results"]
    assert [found[0], found[-1]] == [PREDICTION, PREDICTION]
    empty = {"model_version": VERSION, "score": 0.0, "result": []}
    assert [{key: one[key] for key in empty} for one in found[1:-1]] == [empty] * len(faults)
    assert [one["error"]["detail"] for one in found[1:-1]] == [
        "text: the story is empty. Send the author's words in text (or title).",
        "text: is missing, not text. Send a string.",
        "data: is not an object. Give each task's data an id and a text.",
        "data: is not an object. Give each task's data an id and a text.",
        "id: is int, not text. Send a string.",
        "text: with its title it is longer than 500,000 characters. Give it to a person.",
    ]


def test_story_on_which_the_model_fails_is_empty_and_stays_out_of_the_log(serving, assessment, caplog):
    def read(story):
        if story.text == CANARY:
            raise RuntimeError(CANARY)
        return assessment

    with serving(read) as client:
        found = _predict(client, _task(CANARY), _task()).json()["results"]
    assert (found[0]["result"], found[0]["error"]["status"], found[1]) == ([], 500, PREDICTION)
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text


def test_tasks_may_share_an_id_and_be_more_than_the_stories_of_a_request(serving, assessment):
    read = []
    with serving(lambda story: read.append(story.text) or assessment, max_stories=2) as client:
        answer = _predict(client, *(_task(f"I have {n}") for n in range(5)))
    assert answer.json()["results"] == [PREDICTION] * 5
    assert sorted(read[1:]) == [f"I have {n}" for n in range(5)]


def test_request_holds_so_many_tasks_and_no_more(client):
    assert len(_predict(client, *[_task()] * MAX_TASKS).json()["results"]) == 1000
    answer = _predict(client, *[_task()] * (MAX_TASKS + 1))
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "tasks: there are 1001. Send at most 1000 in one request.",
    )


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"", 400, "body: is not JSON. Send one JSON object in UTF-8."),
        (b"[]", 422, "body: is not an object. Send one JSON object."),
        (
            b"{}",
            422,
            NO_TASKS,
        ),
        (
            json.dumps({"tasks": CANARY}).encode(),
            422,
            NO_TASKS,
        ),
    ],
)
def test_body_of_another_shape_is_a_problem_that_repeats_nothing(client, caplog, body, status, detail):
    caplog.set_level(logging.DEBUG)
    answer = client.post("/label-studio/predict", content=body, headers=JSON)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["detail"]) == (status, detail)
    assert CANARY not in answer.text + caplog.text


@pytest.mark.parametrize("address", ["setup", "webhook"])
def test_notice_has_to_be_an_object(client, address):
    answer = client.post(f"/label-studio/{address}", content=b"[]", headers=JSON)
    assert (answer.status_code, answer.json()["title"]) == (422, "The request does not have the right shape")


def test_no_prediction_is_made_while_the_model_is_not_ready(client):
    client.portal.call(client.app.state.assessor.stop)
    answers = [client.get("/label-studio/health"), _predict(client, _task())]
    assert [answer.status_code for answer in answers] == [503, 503]


@pytest.mark.parametrize(
    "shape", [PredictRequest, PredictResponse, SetupResponse, BackendHealth, Notice, WebhookResponse]
)
def test_each_shape_carries_an_example_that_fits_it(shape):
    (example,) = shape.model_json_schema()["examples"]
    adapter = TypeAdapter(shape)
    dumped = adapter.dump_python(adapter.validate_python(example), mode="json", exclude_unset=True)
    assert dumped == example
