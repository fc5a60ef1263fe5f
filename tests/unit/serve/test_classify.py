"""``POST /v1/classify`` under load: time-outs, a full queue, clients that hang up, a stop."""

import asyncio
import json
import threading
import time
from contextlib import contextmanager

import pytest

from serve.batcher import Stages

CANARY = "heliotrope-walrus"


def _body(*ids):
    return {"stories": [{"id": id, "text": "a"} for id in ids]}


def _until(condition):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("waited in vain")


class Gate:
    """Holds up whoever reads the story ``gate``."""

    def __init__(self, assessment) -> None:
        self.read: list[str] = []
        self.begun, self.open = threading.Event(), threading.Event()
        self._assessment = assessment

    def __call__(self, story):
        self.read.append(story.id)
        if story.id == "gate":
            self.begun.set()
            assert self.open.wait(10)
        return self._assessment


@pytest.fixture
def gate(assessment):
    return Gate(assessment)


@contextmanager
def _held(client, gate):
    """The one thread reads ``gate``; gives the list that will hold that request's status."""
    statuses = []
    asking = threading.Thread(
        target=lambda: statuses.append(client.post("/v1/classify", json=_body("gate")).status_code)
    )
    asking.start()
    try:
        assert gate.begun.wait(5)
        yield statuses
    finally:
        gate.open.set()
        asking.join()


def _assessor(client):
    return client.app.state.assessor


def test_request_whose_time_is_over_is_told_so_and_its_stories_leave_the_queue(serving, gate):
    with serving(gate, threads=1, timeout_s=0.2) as client:
        try:
            answer = client.post("/v1/classify", json=_body("gate", "2", "3"))
            _until(lambda: _assessor(client).waiting == 0)
        finally:
            gate.open.set()
    assert (answer.status_code, answer.headers["content-type"]) == (504, "application/problem+json")
    assert answer.json() == {
        "type": "urn:problem-type:complaint-context:timed-out",
        "title": "The time for an answer is over",
        "status": 504,
        "detail": "request: took longer than 0.2 s. Give its stories to a person.",
    }
    assert gate.read == ["warm-up", "gate"]


def test_full_queue_turns_away_with_a_time_to_come_again(serving, gate):
    waiting = [str(n) for n in range(64)]
    statuses = []
    with serving(gate, threads=1, queue_stories=64) as client, _held(client, gate) as held:
        crowd = threading.Thread(
            target=lambda: statuses.append(client.post("/v1/classify", json=_body(*waiting)).status_code)
        )
        crowd.start()
        _until(lambda: _assessor(client).waiting == 64)
        answer = client.post("/v1/classify", json=_body("one-too-many"))
        gate.open.set()
        crowd.join()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json() == {
        "type": "urn:problem-type:complaint-context:queue-full",
        "title": "Too many stories wait",
        "status": 503,
        "detail": "queue: is full. Try again soon; until then a person takes the story.",
    }
    assert (statuses, held) == ([200], [200])
    assert "one-too-many" not in gate.read


def test_bulk_request_lets_live_ones_go_first(serving, gate):
    with serving(gate, threads=1) as client, _held(client, gate):
        others = [
            threading.Thread(target=client.post, args=(path,), kwargs={"json": _body(id)})
            for id, path in (
                ("later", "/v1/classify?priority=bulk"),
                ("sooner", "/v1/classify?priority=live"),
            )
        ]
        for number, other in enumerate(others, start=1):
            other.start()
            _until(lambda number=number: _assessor(client).waiting == number)
        gate.open.set()
        for other in others:
            other.join()
    assert gate.read == ["warm-up", "gate", "sooner", "later"]


def test_unknown_priority_is_a_problem_that_repeats_nothing(client):
    answer = client.post(f"/v1/classify?priority={CANARY}", json=_body("1"))
    assert (answer.status_code, answer.json()["title"]) == (422, "The request does not have the right shape")
    assert CANARY not in answer.text


def test_client_that_hangs_up_takes_its_stories_out_of_the_queue(serving, gate, caplog):
    sent, gone = [], threading.Event()
    parts = [
        {"type": "http.request", "body": json.dumps(_body("2", "3")).encode(), "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def receive():
        if len(parts) == 1:
            await asyncio.to_thread(gone.wait, 10)
        return parts.pop(0)

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", b"application/json"), (b"host", b"127.0.0.1")]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST"}
    scope |= {"path": "/v1/classify", "raw_path": b"/v1/classify", "query_string": b"", "headers": headers}
    scope |= {"scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "root_path": ""}
    with serving(gate, threads=1) as client, _held(client, gate):
        asking = threading.Thread(target=client.portal.call, args=(client.app, scope, receive, send))
        asking.start()
        _until(lambda: _assessor(client).waiting == 2)
        gone.set()
        asking.join()
        _until(lambda: _assessor(client).waiting == 0)
    assert (gate.read, sent, caplog.records) == (["warm-up", "gate"], [], [])


def test_stopping_service_refuses_new_stories_and_answers_those_it_took(serving, gate):
    with serving(gate, threads=1) as client, _held(client, gate) as held:
        client.portal.call(_assessor(client).stop)
        answers = [client.get("/readyz"), client.post("/v1/classify", json=_body("2"))]
        alive = client.get("/healthz").status_code
    assert [answer.status_code for answer in answers] == [503, 503]
    assert {answer.json()["type"] for answer in answers} == {"urn:problem-type:complaint-context:stopping"}
    assert {answer.headers["retry-after"] for answer in answers} == {"2"}
    assert (alive, held, gate.read) == (200, [200], ["warm-up", "gate"])


class Watcher:
    """An observer that keeps what it is told, and may break."""

    def __init__(self, *, broken: bool) -> None:
        self.told: list = []
        self._broken = broken

    def assessed(self, story, assessment, stages):
        self.told.append((story.id, assessment.action, stages.batch_stories))
        assert isinstance(stages, Stages)
        if self._broken:
            raise RuntimeError(CANARY)

    def model_changed(self, classifier):
        self.told.append("changed")


def test_observers_are_told_of_each_assessment_and_cannot_harm_it(serving, caplog):
    broken, sound = Watcher(broken=True), Watcher(broken=False)
    with serving() as client:
        _assessor(client).observers += [broken, sound]
        answer = client.post("/v1/classify", json=_body("1"))
    assert (answer.status_code, "action" in answer.json()["results"][0]) == (200, True)
    assert broken.told == sound.told == [("1", "pause", 1)]
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text


def test_service_is_not_ready_until_the_model_has_read_a_story_as_long_as_its_window(serving, assessment):
    lengths = []
    with serving(lambda story: lengths.append(len(story.text)) or assessment) as client:
        assert client.get("/readyz").json() == {"status": "ready"}
    assert lengths == [1480]  # about 320 word pieces, and a window of the released model holds 256
