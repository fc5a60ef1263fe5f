"""Request ids and trace contexts: taken, made, and given back on every answer."""

import re
import threading

import pytest
from starlette.testclient import TestClient

from serve.app import create_app
from serve.settings import Settings
from serve.trace import Trace, current_trace

MADE = re.compile("[0-9a-f]{32}")
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("id", ["a", "3f2c.A-b_9", "x" * 128])
def test_request_id_of_the_client_comes_back(client, id):
    assert client.get("/healthz", headers={"x-request-id": id}).headers["x-request-id"] == id


@pytest.mark.parametrize("id", ["", "x" * 129, "two words", "a/b", "é".encode("latin-1"), "a\tb"])
def test_request_id_of_another_shape_is_replaced(client, id):
    made = client.get("/healthz", headers={"x-request-id": id}).headers["x-request-id"]
    assert MADE.fullmatch(made)


def test_request_without_an_id_gets_its_own(client):
    first, second = (client.get("/healthz").headers["x-request-id"] for _ in range(2))
    assert MADE.fullmatch(first)
    assert MADE.fullmatch(second)
    assert first != second


def test_request_with_two_ids_gets_a_new_one(client):
    headers = [("x-request-id", "a"), ("x-request-id", "b")]
    assert MADE.fullmatch(client.get("/healthz", headers=headers).headers["x-request-id"])


def test_valid_traceparent_is_passed_on(client):
    assert client.get("/healthz", headers={"traceparent": PARENT}).headers["traceparent"] == PARENT


@pytest.mark.parametrize(
    "parent",
    [
        "ff" + PARENT[2:],
        PARENT.upper(),
        PARENT + "-00",
        PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        PARENT.replace("00f067aa0ba902b7", "0" * 16),
        "00-4bf9-00f0-01",
        "",
    ],
)
def test_faulty_traceparent_is_left_out(client, parent):
    assert "traceparent" not in client.get("/healthz", headers={"traceparent": parent}).headers


FAULTS = [
    (400, "POST", "/v1/classify", b"{"),
    (404, "GET", "/elsewhere", None),
    (404, "GET", "/v1/model/shadow", None),
    (405, "GET", "/v1/classify", None),
    (413, "POST", "/v1/classify", b'{"stories":[{"id":"1","text":"' + b"a" * 1000 + b'"}]}'),
    (422, "POST", "/v1/classify", b"{}"),
    (500, "GET", "/v1/model", None),  # the classifier made by hand has no bundle
]


@pytest.mark.parametrize(("status", "method", "path", "body"), FAULTS)
def test_faults_carry_the_ids_too(serving, status, method, path, body):
    with serving(max_body_bytes=1000) as client:
        headers = {"x-request-id": "r-1", "traceparent": PARENT} | (JSON if body else {})
        answer = client.request(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.headers.get_list("x-request-id") == ["r-1"]
    assert answer.headers.get_list("traceparent") == [PARENT]


def test_answer_of_a_service_that_is_not_ready_carries_the_id():
    gate = threading.Event()
    app = create_app(lambda: gate.wait(10), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        try:
            answer = client.get("/readyz", headers={"x-request-id": "r-1"})
        finally:
            gate.set()
    assert (answer.status_code, answer.headers["x-request-id"]) == (503, "r-1")


def test_answer_that_took_too_long_carries_the_id(serving, assessment):
    gate = threading.Event()

    def read(story):
        if story.id != "warm-up":
            gate.wait(10)
        return assessment

    with serving(read, timeout_s=0.05) as client:
        try:
            body = {"stories": [{"id": "1", "text": "a"}]}
            answer = client.post("/v1/classify", json=body, headers={"x-request-id": "r-1"})
        finally:
            gate.set()
    assert (answer.status_code, answer.headers["x-request-id"]) == (504, "r-1")


def test_trace_is_known_while_its_request_is_answered_and_no_longer(client):
    seen = []

    class Watcher:
        def assessed(self, story, assessment, stages):
            seen.append(current_trace())

        def model_changed(self, classifier):
            pass

    client.app.state.assessor.observers.append(Watcher())
    body = {"stories": [{"id": "1", "text": "a"}]}
    client.post("/v1/classify", json=body, headers={"x-request-id": "r-1", "traceparent": PARENT})
    assert seen == [Trace(request_id="r-1", traceparent=PARENT)]
    assert client.portal.call(current_trace) is None
