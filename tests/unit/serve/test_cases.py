"""``/v1/cases`` around a classifier made by hand: shapes, faults, roles."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.exc import OperationalError

from classifier.assessment import Action
from serve.cases.database import prepare
from serve.cases.shapes import CaseDocument, CasesPage, EventsDocument, ModerateResponse
from serve.schemas import Problem
from serve.security.caller import Role
from serve.security.key_file import KeyFile

STORY = {"id": "1", "title": "Mum", "text": "I have <i>PALS told me."}
CANARY = "heliotrope-walrus"


@pytest.fixture
def opening(serving, tmp_path):
    """Opens a client of a ready app with an empty database; ``read`` says what to make of a story."""

    @contextmanager
    def open_client(*read, **settings):
        url = f"sqlite:///{tmp_path}/cases.db"
        prepare(url)
        with serving(*read, database_url=url, **settings) as client:
            yield client

    return open_client


@pytest.fixture
def client(opening):
    """A client of an app that pauses every story."""
    with opening() as client:
        yield client


def _send(client, *stories):
    return client.post("/v1/cases", json={"stories": stories})


def _held(client, story=STORY):
    return _send(client, story).json()["results"][0]["case"]


def _add(client, id, event, **kind):
    return client.post(f"/v1/cases/{id}/events", json=event, **kind)


def _problem(answer):
    problem = Problem.model_validate_json(answer.content)
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, problem.type.rsplit(":", 1)[1], problem.detail


def test_held_story_gets_its_assessment_and_its_case(client, assessment):
    answer = _send(client, STORY)
    ModerateResponse.model_validate_json(answer.content)
    (result,) = answer.json()["results"]
    assert result["assessment"] == assessment.to_dict()
    case = result["case"]
    assert (case["story_id"], case["state"], case["action"]) == ("1", "paused", "pause")
    assert (case["labels"], case["last_event"]) == (["planned", "ongoing"], 1)
    assert _send(client, STORY).json()["results"] == [result]


def test_story_that_nothing_holds_up_gets_no_case(opening, assessment):
    with opening(lambda story: replace(assessment, action=Action.CONTINUE)) as client:
        assert _send(client, STORY).json()["results"][0]["case"] is None
        assert client.get("/v1/cases").json()["total"] == 0


def test_results_keep_their_order_and_a_bad_story_harms_only_itself(opening, assessment):
    def read(story):
        if story.id == "poisoned":
            raise RuntimeError(CANARY)
        return replace(assessment, id=story.id)

    stories = [STORY, {"id": "2", "text": " "}, {"id": "poisoned", "text": "a"}, {"id": "4", "text": "b"}]
    with opening(read) as client:
        answer = _send(client, *stories)
    first, empty, poisoned, last = answer.json()["results"]
    assert (first["case"]["story_id"], last["case"]["story_id"]) == ("1", "4")
    assert (empty["id"], empty["error"]["status"]) == ("2", 422)
    assert (poisoned["id"], poisoned["error"]["status"]) == ("poisoned", 500)
    assert CANARY not in answer.text


def test_classify_keeps_nothing(client):
    client.post("/v1/classify", json={"stories": [STORY]})
    assert client.get("/v1/cases").json()["counts"] == {
        "review": 0,
        "paused": 0,
        "asked": 0,
        "confirmed": 0,
        "resumed": 0,
        "withdrawn": 0,
    }


def test_case_is_shown_with_its_story_until_it_is_closed(client, assessment):
    id = _held(client)["id"]
    answer = client.get(f"/v1/cases/{id}")
    CaseDocument.model_validate_json(answer.content)
    assert (answer.json()["title"], answer.json()["text"]) == (STORY["title"], STORY["text"])
    assert answer.json()["assessment"] == assessment.to_dict()
    closed = _add(client, id, {"step": "withdraw"}).json()
    assert (closed["state"], closed["title"], closed["text"]) == ("withdrawn", None, None)
    assert client.get(f"/v1/cases/{id}").json() == closed


def test_list_can_be_filtered_and_paged(client):
    ids = [_held(client, STORY | {"id": str(number)})["id"] for number in range(3)]
    _add(client, ids[0], {"step": "ask"})
    answer = client.get("/v1/cases", params={"state": "paused", "label": "ongoing", "page": 2, "size": 1})
    CasesPage.model_validate_json(answer.content)
    found = answer.json()
    assert [case["id"] for case in found["cases"]] == [ids[2]]
    assert (found["page"], found["size"], found["total"]) == (2, 1, 2)
    assert (found["counts"]["paused"], found["counts"]["asked"]) == (2, 1)
    assert client.get("/v1/cases?action=review").json()["total"] == 0


@pytest.mark.parametrize("query", ["state=open", "action=hold", "label=all", "page=0", "size=101", "page=x"])
def test_wrong_query_is_a_problem(client, query):
    assert _problem(client.get(f"/v1/cases?{query}"))[:2] == (422, "bad-request")


def test_steps_move_a_case_on_and_leave_events(client):
    id = _held(client)["id"]
    asked = _add(client, id, {"step": "ask", "note": "By email.", "expected_event": 1})
    assert (asked.status_code, asked.json()["state"], asked.json()["last_event"]) == (200, "asked", 2)
    answer = client.get(f"/v1/cases/{id}/events")
    EventsDocument.model_validate_json(answer.content)
    opened, ask = answer.json()["events"]
    assert (opened["kind"], opened["actor"]) == ("opened", "anyone on this machine")
    assert (ask["number"], ask["kind"]) == (2, "ask")
    assert ask["details"] == {"from": "paused", "to": "asked", "note": "By email."}


def test_wrong_step_is_a_conflict_that_says_which_steps_there_are(client):
    id = _held(client)["id"]
    assert _problem(_add(client, id, {"step": "pause"})) == (
        409,
        "wrong-step",
        "step: pause does not follow paused. Steps from here: ask, confirm, resume, withdraw.",
    )
    assert _problem(_add(client, id, {"step": "resume"}))[:2] == (409, "wrong-step")


def test_second_moderator_is_told_that_the_case_has_changed(client):
    id = _held(client)["id"]
    assert _add(client, id, {"step": "ask", "expected_event": 1}).status_code == 200
    assert _problem(_add(client, id, {"step": "withdraw", "expected_event": 1})) == (
        409,
        "stale-case",
        "case: it has changed since you looked. Look again, then decide.",
    )


def test_verdict_is_recorded_and_exported_as_a_line(client):
    id = _held(client)["id"]
    quote = {"label": "ongoing", "field": "text", "start": 0, "end": 6}
    verdict = {"labels": ["ongoing"], "borderline": True, "note": "Sure.", "quotes": [quote]}
    assert _add(client, id, {"verdict": verdict, "expected_event": 1}).json()["last_event"] == 2
    answer = client.get("/v1/cases/verdicts")
    assert answer.headers["content-type"] == "application/jsonl"
    (line,) = answer.text.splitlines()
    record = json.loads(line)
    assert record["evidence"] == [{"label": "ongoing", "quote": "I have"}]
    assert "model=complaint-context/1" in record["phenomena"]
    left_out = ("complaint-context-without-text", "complaint-context-without-words")
    assert [answer.headers[name] for name in left_out] == ["0", "0"]
    _add(client, id, {"step": "withdraw"})
    answer = client.get("/v1/cases/verdicts")
    assert (answer.text, answer.headers[left_out[0]]) == ("", "1")


def test_text_of_a_verdict_is_kept_for_export_where_the_operator_says_so(opening):
    with opening(keep_verdict_text=True) as client:
        id = _held(client)["id"]
        _add(client, id, {"verdict": {"labels": []}})
        _add(client, id, {"step": "resume", "note": "It is about a bank."})
        assert json.loads(client.get("/v1/cases/verdicts").text)["text"] == STORY["text"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        {"step": "approve"},
        {"step": "ask", "verdict": {"labels": []}},
        {"step": "ask", CANARY: CANARY},
        {"step": "ask", "note": CANARY * 200},
        {"step": "ask", "expected_event": "1"},
        {"verdict": {}},
        {"verdict": {"labels": [CANARY]}},
        {"verdict": {"labels": ["ongoing"], "borderline": "yes"}},
        {"verdict": {"labels": [], "quotes": [{"label": "ongoing", "field": "body", "start": 0, "end": 1}]}},
    ],
)
def test_event_of_another_shape_is_a_problem_that_repeats_nothing(client, event):
    id = _held(client)["id"]
    answer = _add(client, id, event)
    assert _problem(answer)[:2] == (422, "bad-request")
    assert CANARY not in answer.text
    assert client.get(f"/v1/cases/{id}").json()["last_event"] == 1


def test_quote_outside_the_story_is_a_problem(client):
    quote = {"label": "ongoing", "field": "text", "start": 900, "end": 901}
    answer = _add(client, _held(client)["id"], {"verdict": {"labels": ["ongoing"], "quotes": [quote]}})
    assert _problem(answer)[:2] == (422, "bad-request")


def test_erased_case_is_gone_but_for_the_fact(client):
    id = _held(client)["id"]
    assert client.delete(f"/v1/cases/{id}").status_code == 204
    assert _problem(client.get(f"/v1/cases/{id}"))[:2] == (404, "no-case")
    (event,) = client.get(f"/v1/cases/{id}/events").json()["events"]
    assert (event["kind"], event["details"]) == ("erased", {})
    assert _problem(client.delete(f"/v1/cases/{id}"))[:2] == (404, "no-case")


@pytest.mark.parametrize("id", ["0" * 32, "nobody", "%00", "0" * 5000])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "/events", None),
        ("POST", "/events", {"step": "ask"}),
    ],
)
def test_case_that_there_is_not_is_a_problem(client, id, method, path, body):
    answer = client.request(method, f"/v1/cases/{id}{path}", json=body)
    assert _problem(answer) == (
        404,
        "no-case",
        "case: there is none of this id, or it was erased. Look for it in the list of cases.",
    )


def test_database_that_is_away_costs_no_story_and_is_a_problem(opening, monkeypatch, caplog):
    def fail(*_, **__):
        raise OperationalError(CANARY, {}, Exception(CANARY))

    with opening() as client:
        for method in ("open", "get"):
            monkeypatch.setattr(client.app.state.cases, method, fail)
        sent, shown = _send(client, STORY), client.get(f"/v1/cases/{'0' * 32}")
    (result,) = sent.json()["results"]
    assert (result["id"], result["error"]["status"]) == ("1", 503)
    assert _problem(shown)[:2] == (503, "database-away")
    assert shown.headers["retry-after"] == "5"
    assert CANARY not in sent.text + shown.text + caplog.text


@pytest.mark.parametrize(
    ("method", "path", "least"),
    [
        ("POST", "/v1/cases", Role.CLASSIFY),
        ("GET", "/v1/cases", Role.MODERATE),
        ("GET", "/v1/cases/{id}", Role.MODERATE),
        ("GET", "/v1/cases/{id}/events", Role.MODERATE),
        ("POST", "/v1/cases/{id}/events", Role.MODERATE),
        ("GET", "/v1/cases/verdicts", Role.ADMIN),
        ("DELETE", "/v1/cases/{id}", Role.ADMIN),
    ],
)
def test_each_address_asks_for_the_least_role_that_will_do(opening, tmp_path, method, path, least):
    keys = KeyFile(tmp_path / "keys.json")
    with opening(keys_file=keys.path) as client:
        id = _held(client)["id"]
        body = {"step": "ask"} if path.endswith("events") else {"stories": [STORY]}
        for role in Role:
            key = keys.create(f"a {role} key", role, today=date(2026, 3, 1))
            answer = client.request(
                method,
                path.format(id=id),
                headers={"authorization": f"Bearer {key}"},
                json=body if method == "POST" else None,
            )
            assert (answer.status_code == 403) is not role.includes(least), (role, answer.status_code)
        assert client.request(method, path.format(id=id)).status_code == 401


def test_event_names_whose_key_it_was(opening, tmp_path):
    keys = KeyFile(tmp_path / "keys.json")
    with opening(keys_file=keys.path) as client:
        key = keys.create("Leeds pipeline", Role.ADMIN, today=date(2026, 3, 1))
        client.headers["authorization"] = f"Bearer {key}"
        id = _held(client)["id"]
        assert client.get(f"/v1/cases/{id}/events").json()["events"][0]["actor"] == "Leeds pipeline"
