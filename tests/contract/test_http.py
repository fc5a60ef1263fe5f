"""What clients of the service may rely on, held against the released model."""

import json
import logging
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from classifier.labels import LABELS
from classifier.policy import load_policy
from classifier.profile import stated_profile
from classifier.story import Story
from serve.app import create_app
from serve.cases.database import prepare
from serve.schemas import (
    ClassifyRequest,
    ClassifyResponse,
    Health,
    ModelDocument,
    PolicyDocument,
    Problem,
    ReloadDocument,
    ShadowDocument,
    StoryProblem,
    StoryRequest,
)
from serve.settings import Settings

GOLDEN = Path(__file__).with_name("openapi.json")
WRITE_ANEW = "The contract changed. If that is meant, run: python tests/contract/test_http.py"

WAITING = "I have made a formal complaint to the trust and am still waiting for their response."
THANKS = "Thank you to all the staff on the day unit. They were kind and explained everything."
CANARY = "heliotrope-walrus"
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def client(released, tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('cases') / 'cases.db'}"
    prepare(url)
    patient = Settings(database_url=url, timeout_s=600)  # the longest story on the busiest machine
    app = create_app(lambda: released, patient)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.portal.call(app.state.assessor.settled)
        yield client


def _classify(client, *stories):
    return client.post("/v1/classify", json={"stories": stories})


def _results(client, *stories):
    return _classify(client, *stories).json()["results"]


def test_released_bundle_states_the_profile_that_drift_is_held_against(released):
    assert stated_profile(released.bundle.manifest) is not None


def test_contract_is_the_published_one(client):
    assert client.get("/openapi.json").json() == json.loads(GOLDEN.read_text("utf-8")), WRITE_ANEW


@pytest.mark.parametrize(
    "shape",
    [
        StoryRequest,
        ClassifyRequest,
        ClassifyResponse,
        Problem,
        StoryProblem,
        ModelDocument,
        PolicyDocument,
        Health,
        ReloadDocument,
        ShadowDocument,
    ],
)
def test_each_shape_carries_an_example_that_fits_it(shape):
    (example,) = shape.model_json_schema()["examples"]
    adapter = TypeAdapter(shape)
    assert adapter.dump_python(adapter.validate_python(example), mode="json") == example


def test_example_story_in_the_contract_is_answered(client):
    story = StoryRequest.model_json_schema()["examples"][0]
    (result,) = _results(client, story)
    assert (result["labels"], result["action"], result["nation"]) == (["ongoing"], "pause", "england")
    ClassifyResponse.model_validate({"results": [result]})


def test_ongoing_complaint_is_paused_with_a_message_to_its_author(client):
    (result,) = _results(client, {"id": "s-1", "text": WAITING})
    assert (result["id"], result["labels"], result["action"]) == ("s-1", ["ongoing"], "pause")
    assert [quote["text"] for quote in result["evidence"]] == [WAITING]
    assert [item["audience"] for item in result["guidance"]] == ["moderator", "author"]


def test_ordinary_thanks_continue(client):
    (result,) = _results(client, {"id": "s-1", "text": THANKS})
    assert (result["labels"], result["action"], result["guidance"]) == ([], "continue", [])


def test_confirmed_author_goes_ahead(client):
    (result,) = _results(client, {"id": "s-1", "text": WAITING, "author_confirmed": True})
    assert (result["labels"], result["action"]) == (["ongoing"], "continue")
    assert [item["rule"] for item in result["guidance"]] == ["author-confirmed"]


def test_answer_is_what_python_gives_with_its_keys_in_the_same_order(client, released):
    story = Story(id="s-1", title="My mum 😀", text=WAITING)
    (result,) = _results(client, {"id": story.id, "title": story.title, "text": story.text})
    assert json.dumps(result) == json.dumps(released.assess(story).to_dict())


def test_story_gets_the_same_bytes_alone_and_in_a_batch(client):
    stories = [
        {"id": str(n), "title": "Café 😀" * (n % 2), "text": f"{WAITING} {THANKS * n}"} for n in range(12)
    ]
    alone = [_classify(client, story).content for story in stories]
    inner = [answer.removeprefix(b'{"results":[').removesuffix(b"]}") for answer in alone]
    assert _classify(client, *stories).content == b'{"results":[' + b",".join(inner) + b"]}"


def test_bad_stories_do_not_harm_the_others(client):
    bad = [
        {"id": "2", "text": " "},
        {"text": CANARY},
        {"id": "4", "text": 1},
        {"id": "5", CANARY: 1, "text": "a"},
    ]
    answer = _classify(client, {"id": "1", "text": WAITING}, *bad, {"id": "6", "text": THANKS})
    results = ClassifyResponse.model_validate_json(answer.content).results
    assert answer.status_code == 200
    assert [result.id for result in results] == ["1", "2", None, "4", "5", "6"]
    assert [isinstance(result, StoryProblem) for result in results] == [False, True, True, True, True, False]
    assert CANARY not in answer.text


def test_half_of_a_surrogate_pair_is_the_fault_of_its_story_alone(client):
    body = b'{"stories":[{"id":"1","text":"a\\ud83d"},{"id":"2","text":"Thank you \\ud83d\\ude00"}]}'
    first, second = client.post("/v1/classify", content=body, headers=JSON).json()["results"]
    assert (first["error"]["status"], second["action"]) == (422, "continue")


def test_64_stories_are_answered_and_65_are_not(client):
    stories = [{"id": str(n), "text": THANKS} for n in range(65)]
    assert len(_results(client, *stories[:64])) == 64
    problem = _classify(client, *stories).json()
    assert problem["detail"] == "stories: there are 65. Send at most 64 in one request."


BAD_ENVELOPES = [
    (b"", 400, "not-json"),
    (CANARY.encode(), 400, "not-json"),
    (b'{"stories":[{"id":"1","text":"' + CANARY.encode() + b'\xff"}]}', 400, "not-utf-8"),
    (json.dumps([CANARY]).encode(), 422, "bad-request"),
    (json.dumps({"stories": []}).encode(), 422, "bad-request"),
    (json.dumps({"stories": CANARY}).encode(), 422, "bad-request"),
    (json.dumps({"stories": [{"id": "1", "text": "a"}], CANARY: CANARY}).encode(), 422, "bad-request"),
    (json.dumps({"stories": [{"id": CANARY, "text": CANARY}] * 65}).encode(), 422, "too-many-stories"),
    (json.dumps({"stories": [{"id": "1", "text": CANARY * 500_000}]}).encode(), 413, "body-too-large"),
]


@pytest.mark.parametrize(("body", "status", "kind"), BAD_ENVELOPES)
def test_bad_envelope_is_a_problem_that_repeats_nothing(client, caplog, body, status, kind):
    caplog.set_level(logging.DEBUG)
    answer = client.post("/v1/classify", content=body, headers=JSON)
    problem = Problem.model_validate_json(answer.content)
    assert (answer.status_code, problem.status) == (status, status)
    assert problem.type == f"urn:problem-type:complaint-context:{kind}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text + str(answer.headers)
    assert not [
        record for record in caplog.records if CANARY in record.getMessage() and "serve" in record.name
    ]


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/v1/classify", 405, "method: is not one of this address. Use POST."),
        ("POST", "/v1/policy", 405, "method: is not one of this address. Use GET."),
        ("GET", f"/{CANARY}", 404, "address: there is nothing here. See /docs for those there are."),
        ("POST", "/v1/classify/", 404, "address: there is nothing here. See /docs for those there are."),
    ],
)
def test_wrong_address_or_method_is_a_problem(client, method, path, status, detail):
    answer = client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["status"], answer.json()["detail"]) == (status, status, detail)


def test_story_of_60000_words_is_read_to_its_last_sentence(client):
    text = "We waited in the hall for our turn. " * 7_500 + WAITING
    assert len(text.split()) > 60_000
    (result,) = _results(client, {"id": "long", "text": text})
    assert result["labels"] == ["ongoing"]
    assert result["evidence"][0]["end"] == len(text)


def test_policy_is_the_one_in_force(client):
    answer = client.get("/v1/policy")
    assert answer.json() == load_policy().to_dict()
    PolicyDocument.model_validate_json(answer.content)


def test_model_is_the_one_in_service(client, released):
    document = client.get("/v1/model").json()
    manifest = released.bundle.manifest
    assert list(document) == list(ModelDocument.model_fields)
    assert f"{document['name']}/{document['version']}" == released.bundle.name
    assert document["labels"] == list(LABELS)
    for field in ("format", "thresholds", "calibration", "window"):
        assert document[field] == manifest[field]
    for field in ("data", "figures"):
        assert document[field] == manifest.get(field, {})
    ModelDocument.model_validate(document)


def test_health_and_readiness(client):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_docs_show_the_contract(client):
    answer = client.get("/docs")
    assert (answer.status_code, "/openapi.json" in answer.text) == (200, True)


def test_page_marks_the_words_that_carried_the_label(client):
    (token,) = re.findall(r'name="csrf" value="([^"]+)"', client.get("/try").text)[:1]
    page = client.post("/try", data={"text": f"{THANKS} {WAITING}", "csrf": token}).text
    assert re.search(rf"<mark[^>]*>{re.escape(WAITING)} .*ongoing", page)
    assert "Pause: hold the story" in page


if __name__ == "__main__":
    document = create_app(lambda: pytest.fail("no model is needed here"), Settings()).openapi()
    GOLDEN.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
