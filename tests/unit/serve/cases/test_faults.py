"""A database that does not answer: what is said of it, and that no request asks it again and again."""

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

CANARY = "heliotrope-walrus"
FAULTS = [OperationalError(CANARY, {}, Exception(CANARY)), PoolTimeoutError(CANARY)]


@pytest.fixture(params=FAULTS, ids=["database is away", "no connection is free"])
def fail(request):
    """Stands in for the store's methods."""

    def fail(*_, **__):
        raise request.param

    return fail


def test_database_that_does_not_answer_is_a_problem_and_one_may_ask_again(
    serving, database_url, fail, monkeypatch, caplog
):
    with serving(database_url=database_url) as client:
        monkeypatch.setattr(client.app.state.cases, "get", fail)
        answer = client.get(f"/v1/cases/{'0' * 32}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:problem-type:complaint-context:database-away"
    assert CANARY not in answer.text + caplog.text


def test_request_of_many_stories_asks_a_database_that_does_not_answer_only_once(
    serving, database_url, assessment, fail, monkeypatch
):
    asked = []

    def read(story):
        if story.id == "poisoned":
            raise RuntimeError(CANARY)
        return assessment

    def open_case(story, *_, **__):
        asked.append(story.id)
        fail()

    stories = [{"id": id, "text": "a"} for id in ("1", "2", "poisoned", "4")]
    with serving(read, database_url=database_url) as client:
        monkeypatch.setattr(client.app.state.cases, "open", open_case)
        answer = client.post("/v1/cases", json={"stories": stories})
    assert [(result["id"], result["error"]["status"]) for result in answer.json()["results"]] == [
        ("1", 503),
        ("2", 503),
        ("poisoned", 500),
        ("4", 503),
    ]
    assert asked == ["1"]
    assert CANARY not in answer.text


def test_story_that_fails_in_the_store_is_the_only_one(serving, database_url, monkeypatch):
    def open_case(story, *_, **__):
        if story.id == "1":
            raise ValueError(CANARY)

    with serving(database_url=database_url) as client:
        monkeypatch.setattr(client.app.state.cases, "open", open_case)
        answer = client.post("/v1/cases", json={"stories": [{"id": id, "text": "a"} for id in "12"]})
    first, second = answer.json()["results"]
    assert (first["error"]["status"], second["case"]) == (500, None)
