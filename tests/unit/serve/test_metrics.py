"""What is counted of requests, stories and models; that no label holds what was sent."""

import re
from datetime import date

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from serve.app import create_app
from serve.security.caller import Role
from serve.security.key_file import KeyFile
from serve.settings import Settings

CANARY = "heliotrope-walrus"


def _samples(client):
    """Values by name and label values, those in the order of their labels' names."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name.removeprefix("complaint_context_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def _post(client, *stories):
    return client.post("/v1/classify", json={"stories": stories})


def test_metrics_are_in_the_text_format_of_prometheus(client):
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")


def test_assessed_stories_are_counted_by_what_was_found(client):
    _post(client, {"id": "1", "text": "a"}, {"id": "2", "text": "b"})
    found = _samples(client)
    assert (found["actions_total", "pause"], found["actions_total", "continue"]) == (2, 0)
    assert (found["labels_total", "clear", "ongoing"], found["labels_total", "possible", "planned"]) == (2, 2)
    assert found["labels_total", "possible", "ongoing"] == 0
    assert (found["nations_total", "northern_ireland"], found["nations_total", "unknown"]) == (2, 0)
    assert found["signals_total", "patient_advice"] == 2
    assert (found["stage_seconds_count", "queue"], found["stage_seconds_count", "read"]) == (2, 2)
    assert found["batch_stories_count",] == 2
    assert (found["drift_stories",], found["live_rate", "action", "pause"]) == (2, 1.0)


def test_requests_are_timed_by_route_template_method_and_class_of_status(client):
    client.get("/healthz")
    client.get("/healthz")
    client.post("/healthz")
    client.get(f"/{CANARY}")
    client.request("BREW", "/healthz")
    found = _samples(client)
    assert found["request_seconds_count", "GET", "/healthz", "2xx"] == 2
    assert found["request_seconds_count", "POST", "/healthz", "4xx"] == 1
    assert found["request_seconds_count", "GET", "other", "4xx"] == 1
    assert found["request_seconds_count", "other", "/healthz", "4xx"] == 1


def test_problems_are_counted_by_kind(client):
    client.get(f"/{CANARY}")
    client.post("/v1/classify", content=b"{", headers={"content-type": "application/json"})
    found = _samples(client)
    assert (found["problems_total", "not-found"], found["problems_total", "not-json"]) == (1, 1)


def test_problems_of_single_stories_are_counted_too(serving, assessment):
    def read(story):
        if story.text == CANARY:
            raise RuntimeError(CANARY)
        return assessment

    with serving(read) as client:
        _post(client, {"id": "1", "text": " "}, {"id": "2", "text": CANARY}, {"id": "3", "text": "a"})
        found = _samples(client)
    assert (found["problems_total", "bad-story"], found["problems_total", "failed"]) == (1, 1)
    assert found["actions_total", "pause"] == 1


def test_model_in_service_is_named(client):
    found = _samples(client)
    assert found["model_info", "complaint-context/1", "care-opinion-uk/2"] == 1
    assert (found["ready",], found["model_changes_total",], found["queue_stories",]) == (1, 1, 0)


def test_after_a_reload_only_the_new_model_is_named(client):
    client.post("/v1/model/reload")
    found = _samples(client)
    assert found["model_changes_total",] == 2
    assert sum(name == "model_info" for name, *_ in found) == 1


def test_service_whose_model_cannot_be_loaded_is_not_ready():
    app = create_app(lambda: 1 / 0, Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.portal.call(app.state.assessor.settled)
        assert _samples(client)["ready",] == 0


def test_nothing_that_was_sent_is_a_label(client):
    _post(client, {"id": CANARY, "title": CANARY, "text": CANARY}, {CANARY: CANARY})
    client.request(CANARY.upper(), f"/{CANARY}?{CANARY}={CANARY}", headers={"user-agent": CANARY})
    text = client.get("/metrics").text
    assert not re.search("heliotrope|walrus", text, re.IGNORECASE)


def test_each_app_counts_for_itself(serving):
    with serving() as one, serving() as other:
        _post(one, {"id": "1", "text": "a"})
        assert _samples(one)["actions_total", "pause"] == 1
        assert _samples(other)["actions_total", "pause"] == 0


def test_names_say_what_they_count(client):
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    ours = [family for family in families if not family.name.startswith("process_")]
    assert len(ours) >= 15
    for family in ours:
        assert family.name.startswith("complaint_context_")
        assert re.fullmatch(r"[A-Z].*\.", family.documentation), family.name


@pytest.mark.parametrize("stories", [1, 3])
def test_live_rates_are_over_as_many_stories_as_were_set(serving, stories):
    with serving(drift_stories=stories) as client:
        _post(client, *({"id": str(n), "text": "a"} for n in range(4)))
        assert _samples(client)["drift_stories",] == stories


def test_metrics_take_a_key_where_other_machines_can_ask(tmp_path):
    keys = tmp_path / "keys.json"
    key = KeyFile(keys).create("prometheus", Role.CLASSIFY, today=date(2026, 1, 1))
    app = create_app(lambda: 1 / 0, Settings(host="0.0.0.0", keys_file=keys))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.portal.call(app.state.assessor.settled)
        assert client.get("/metrics").status_code == 401
        answer = client.get("/metrics", headers={"authorization": f"Bearer {key}"})
    assert (answer.status_code, "complaint_context_ready 0.0" in answer.text) == (200, True)
