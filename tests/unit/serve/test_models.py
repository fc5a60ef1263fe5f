"""Another model in service, or reading along, while requests go on."""

import logging
import shutil
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from classifier.assess import ComplaintClassifier
from serve.app import create_app
from serve.schemas import ReloadDocument, ShadowDocument
from serve.settings import Settings

LODGED = "I lodged a complaint."
CANARY = "heliotrope-walrus"


@contextmanager
def _serving(source, **settings):
    app = create_app(source, Settings(**settings))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.portal.call(app.state.assessor.settled)
        yield client


def _classify(client, text=LODGED, id="1", **more):
    body = {"stories": [{"id": id, "text": text, **more}]}
    return client.post("/v1/classify", json=body).json()["results"][0]


def _report_once(client, condition):
    """The report on the challenger, as soon as ``condition`` holds for it."""
    for _ in range(500):
        answer = client.get("/v1/model/shadow")
        if answer.status_code == 200 and condition(answer.json()):
            return answer.json()
        time.sleep(0.01)
    raise AssertionError(f"waited in vain: {answer.text}")


@pytest.fixture
def folder(tmp_path, tiny_variant):
    """A bundle of version 8 that a test may change."""
    return tiny_variant(tmp_path / "bundle", version=8)


def _replace(folder, tiny_variant, **variant):
    shutil.rmtree(folder)
    tiny_variant(folder, **variant)


def test_reload_puts_the_bundle_on_disk_in_service(folder, tiny_variant, caplog):
    with _serving(lambda: ComplaintClassifier.load(folder)) as client:
        before = _classify(client)["model"]
        _replace(folder, tiny_variant, version=9)
        answer = client.post("/v1/model/reload")
        after = _classify(client)["model"]
        version = client.get("/v1/model").json()["version"]
    assert (answer.status_code, answer.json()) == (200, {"old": "tiny/8", "new": "tiny/9"})
    ReloadDocument.model_validate(answer.json())
    assert (before, after, version) == ("tiny/8", "tiny/9", 9)
    assert "model: tiny/9 took the place of tiny/8." in caplog.messages


def test_bad_bundle_is_refused_and_the_old_one_stays_in_service(folder, caplog):
    with _serving(lambda: ComplaintClassifier.load(folder)) as client:
        encoder = folder / "encoder.onnx"
        encoder.write_bytes(encoder.read_bytes()[:-1])
        answer = client.post("/v1/model/reload")
        after = _classify(client)["model"]
        ready = client.get("/readyz").status_code
    said = (
        f"{encoder}: does not match its checksum in bundle.json. Fetch the bundle again, or export it anew. "
        "Until then tiny/8 stays in service."
    )
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json() == {
        "type": "urn:problem-type:complaint-context:bad-model",
        "title": "The model cannot be loaded",
        "status": 422,
        "detail": said,
    }
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [said]
    assert (after, ready) == ("tiny/8", 200)


def test_model_that_fails_on_its_first_story_is_refused(classifier):
    def fail(story, author_confirmed=False):
        raise RuntimeError("out of order")

    delivered = iter([classifier, SimpleNamespace(assess=fail)])
    with _serving(lambda: next(delivered)) as client:
        answer = client.post("/v1/model/reload")
        after = _classify(client)["model"]
    assert (answer.status_code, after) == (422, "tiny/7")
    assert answer.json()["detail"] == (
        "model: failed on its first story; tiny/7 stays in service. Export the bundle anew."
    )


def test_story_under_way_while_the_model_changes_gets_its_answer(classifier, assessment):
    begun, gate = threading.Event(), threading.Event()

    def read(story, author_confirmed=False):
        if story.id == "gate":
            begun.set()
            assert gate.wait(10)
        return assessment

    old = SimpleNamespace(assess=read, bundle=SimpleNamespace(name="old/1"), policy=classifier.policy)
    delivered, answers = iter([old, classifier]), []
    with _serving(lambda: next(delivered), threads=1) as client:
        asking = threading.Thread(target=lambda: answers.append(_classify(client, id="gate")))
        asking.start()
        try:
            assert begun.wait(5)
            assert client.post("/v1/model/reload").json() == {"old": "old/1", "new": "tiny/7"}
        finally:
            gate.set()
            asking.join()
        after = _classify(client)["model"]
    assert (answers, after) == ([assessment.to_dict()], "tiny/7")


def test_reload_waits_for_the_first_model():
    gate = threading.Event()
    app = create_app(lambda: gate.wait(10), Settings())
    with TestClient(app, base_url="http://127.0.0.1") as client:
        try:
            answer = client.post("/v1/model/reload")
        finally:
            gate.set()
    assert (answer.status_code, answer.json()["title"]) == (503, "The service is not ready")


def test_challenger_reads_along_and_disagreements_are_listed_without_words(
    classifier, tmp_path, tiny_variant
):
    challenger = tiny_variant(tmp_path / "challenger", version=8, clear={"ongoing": 0.999999})
    with _serving(lambda: classifier, shadow=challenger) as client:
        _report_once(client, lambda report: report["read"] == 0)
        answer = _classify(client, f"{LODGED} {CANARY}", id="differs")
        _classify(client, "Thank you.", id="agrees")
        report = _report_once(client, lambda report: report["read"] == 2)
    assert answer == classifier_answer(classifier, f"{LODGED} {CANARY}", id="differs")
    assert report == {
        "in_service": "tiny/7",
        "challenger": "tiny/8",
        "read": 2,
        "failed": 0,
        "dropped": 0,
        "disagreed": 1,
        "disagreements": [
            {
                "story_id": "differs",
                "in_service": {"labels": ["ongoing"], "action": "pause"},
                "challenger": {"labels": [], "action": "review"},
            }
        ],
    }
    ShadowDocument.model_validate(report)


def classifier_answer(classifier, text, *, id):
    from classifier.story import Story

    return classifier.assess(Story(id=id, text=text)).to_dict()


def test_challenger_knows_whether_the_author_confirmed(classifier, tiny_bundle):
    with _serving(lambda: classifier, shadow=tiny_bundle) as client:
        _report_once(client, lambda report: report["read"] == 0)
        assert _classify(client, author_confirmed=True)["action"] == "continue"
        report = _report_once(client, lambda report: report["read"] == 1)
    assert report["disagreed"] == 0


def test_counts_begin_anew_when_the_model_in_service_changes(folder, tiny_variant, tiny_bundle):
    with _serving(lambda: ComplaintClassifier.load(folder), shadow=tiny_bundle) as client:
        _report_once(client, lambda report: report["read"] == 0)
        _classify(client)
        _report_once(client, lambda report: report["read"] == 1)
        _replace(folder, tiny_variant, version=9)
        client.post("/v1/model/reload")
        report = client.get("/v1/model/shadow").json()
    assert (report["in_service"], report["read"]) == ("tiny/9", 0)


def test_service_without_a_challenger_says_so(client):
    answer = client.get("/v1/model/shadow")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "shadow: none is set. Start the service with --shadow FOLDER.",
    )


def test_service_with_a_bad_challenger_serves_and_says_so(classifier, tmp_path, caplog):
    with _serving(lambda: classifier, shadow=tmp_path) as client:
        assert _classify(client)["action"] == "pause"
        answer = client.get("/v1/model/shadow")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "shadow: is not loaded. Ask the operator to look at the log.",
    )
    assert (
        f"shadow: {tmp_path / 'bundle.json'}: No such file or directory. Name the folder of a model bundle. "
        "The service runs without it." in caplog.messages
    )
