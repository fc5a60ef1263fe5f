"""What the app does around a classifier: readiness, faults, limits, silence."""

import logging
import threading
import time

import pytest
from starlette.testclient import TestClient

from classifier.errors import BundleError
from serve.app import create_app
from serve.settings import Settings

CANARY = "heliotrope-walrus"


def _post(client, *stories):
    return client.post("/v1/classify", json={"stories": stories})


def test_app_is_alive_but_not_ready_while_the_model_loads():
    gate = threading.Event()

    def load():
        gate.wait(10)
        raise BundleError("models: damaged. Fetch the bundle again.")

    app = create_app(load, Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        try:
            assert client.get("/healthz").json() == {"status": "alive"}
            answer = client.get("/readyz")
        finally:
            gate.set()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:problem-type:complaint-context:not-ready",
        "title": "The service is not ready",
        "status": 503,
        "detail": "model: is still being loaded. Try again soon; until then a person takes the story.",
    }


def test_app_is_ready_once_the_classifier_has_read_one_story(serving, assessment):
    read = []
    with serving(lambda story: read.append(story.id) or assessment) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
    assert read == ["warm-up"]


@pytest.mark.parametrize("error", [BundleError("models: damaged."), RuntimeError("models: damaged.")])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/readyz"), ("GET", "/v1/model"), ("GET", "/v1/policy"), ("POST", "/v1/classify")],
)
def test_app_whose_model_cannot_be_loaded_answers_503(error, method, path):
    def load():
        raise error

    app = create_app(load, Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.portal.call(app.state.assessor.settled)
        answer = client.request(method, path)
        assert client.get("/healthz").status_code == 200
    assert (answer.status_code, answer.json()["detail"]) == (
        503,
        "model: cannot be loaded. Ask the operator to look at the log.",
    )


def test_health_is_answered_while_every_thread_reads(serving, assessment):
    gate, begun = threading.Event(), threading.Event()

    def read(story):
        if story.id == "long":
            begun.set()
            gate.wait(10)
        return assessment

    with serving(read, threads=1) as client:
        waiting = threading.Thread(target=_post, args=(client, {"id": "long", "text": "a"}))
        waiting.start()
        try:
            assert begun.wait(5)
            assert client.get("/healthz").status_code == 200
            assert waiting.is_alive()
        finally:
            gate.set()
            waiting.join()


def test_stories_are_read_on_no_more_threads_than_were_set(serving, assessment):
    lock, reading, most = threading.Lock(), 0, 0

    def read(story):
        nonlocal reading, most
        with lock:
            reading += 1
            most = max(most, reading)
        time.sleep(0.01)
        with lock:
            reading -= 1
        return assessment

    with serving(read, threads=3) as client:
        _post(client, *({"id": str(n), "text": "a"} for n in range(12)))
    assert most == 3


def test_results_keep_the_order_of_the_request_whoever_is_done_first(serving, assessment):
    def read(story):
        time.sleep(0.05 if story.id == "0" else 0)
        return type(assessment)(
            **{key: getattr(assessment, key) for key in assessment.__slots__} | {"id": story.id}
        )

    with serving(read, threads=4) as client:
        results = _post(client, *({"id": str(n), "text": "a"} for n in range(5))).json()["results"]
    assert [result["id"] for result in results] == ["0", "1", "2", "3", "4"]


def test_story_on_which_the_classifier_fails_gets_its_own_error(serving, assessment, caplog):
    def read(story):
        if story.id == "bad":
            raise RuntimeError(f"cannot read {story.text}")
        return assessment

    with serving(read) as client:
        answer = _post(client, {"id": "bad", "text": CANARY}, {"id": "1", "text": "a"})
    assert answer.status_code == 200
    assert answer.json()["results"] == [
        {
            "id": "bad",
            "error": {
                "type": "urn:problem-type:complaint-context:failed",
                "title": "The service failed",
                "status": 500,
                "detail": "story: was not assessed. Give it to a person, and tell the operator.",
            },
        },
        assessment.to_dict(),
    ]
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text


def test_unexpected_failure_is_a_bare_500_and_logs_no_words(client, caplog):
    async def fail() -> None:
        raise RuntimeError(CANARY)

    client.app.add_api_route("/broken", fail)
    answer = client.get("/broken")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert CANARY not in answer.text + caplog.text
    assert [record.levelno for record in caplog.records if record.name == "serve.shield"] == [logging.ERROR]


@pytest.mark.parametrize(("text", "status"), [("a" * 964, 200), ("a" * 965, 413)])
def test_body_may_be_as_long_as_the_limit_and_no_longer(serving, text, status):
    body = b'{"stories":[{"id":"1","text":"' + text.encode() + b'"}]}'
    assert len(body) - len(text) == 34
    with serving(max_body_bytes=998) as client:
        sized = client.post("/v1/classify", content=body, headers={"content-type": "application/json"})
        chunked = client.post(
            "/v1/classify",
            content=iter([body[:500], body[500:]]),
            headers={"content-type": "application/json"},
        )
    assert (sized.status_code, chunked.status_code) == (status, status)


def test_body_over_the_limit_is_told_the_limit(serving):
    with serving(max_body_bytes=1000) as client:
        problem = _post(client, {"id": "1", "text": "a" * 1000}).json()
    assert problem["detail"] == "body: is longer than 1,000 bytes. Send less in one request."


def test_number_of_stories_can_be_limited_further(serving):
    with serving(max_stories=1) as client:
        assert _post(client, {"id": "1", "text": "a"}).status_code == 200
        assert _post(client, {"id": "1", "text": "a"}, {"id": "2", "text": "b"}).status_code == 422


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_is_taken_with_and_without_parameters(client, content_type):
    body = b'{"stories":[{"id":"1","text":"a"}]}'
    answer = client.post("/v1/classify", content=body, headers={"content-type": content_type})
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}])
def test_other_media_types_are_refused(client, headers):
    answer = client.post("/v1/classify", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (
        415,
        "content-type: is not application/json. Send it as application/json.",
    )
