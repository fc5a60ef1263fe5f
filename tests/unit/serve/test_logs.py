"""What is written on stderr while the service runs: one line a fault, as text or JSON, and no words."""

import io
import json
import logging
import sys
import threading
import warnings

import pytest
from starlette.testclient import TestClient

from serve import logs
from serve.app import create_app
from serve.settings import Settings

CANARY = "heliotrope-walrus"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def written(monkeypatch):
    """What goes to stderr, as a stream; logging is afterwards as it was."""
    root, hook = logging.getLogger(), threading.excepthook
    before, level, access = root.handlers[:], root.level, logging.getLogger("serve.access").level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    logging.getLogger("serve.access").setLevel(access)
    logging.captureWarnings(False)
    threading.excepthook = hook


@pytest.fixture
def lines(written):
    """Sets JSON logging up; gives the lines so far, parsed."""
    logs.configure("json", count=lambda level: None)
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.fixture
def text(written):
    """Sets text logging up; gives what was written so far."""
    logs.configure("text", count=lambda level: None)
    return written.getvalue


def _fail():
    raise RuntimeError(CANARY)


def test_text_is_the_message_alone(text):
    logging.getLogger("serve.assessor").error("models: damaged. Fetch the bundle again.")
    logging.getLogger("serve.access").info("request")
    assert text() == "models: damaged. Fetch the bundle again.\n"


def test_json_names_time_level_and_logger(lines):
    logging.getLogger("serve.assessor").error("models: damaged.")
    (line,) = lines()
    assert list(line) == ["time", "level", "logger", "message", "request_id", "traceparent"]
    assert line["time"].endswith("Z")
    assert list(line.values())[1:] == ["error", "serve.assessor", "models: damaged.", None, None]


def test_each_request_is_one_line_of_json(serving, lines):
    with serving() as client:
        client.get("/v1/policy/x?name=x", headers={"x-request-id": "r-1", "traceparent": TRACE})
    (line,) = (line for line in lines() if line["logger"] == "serve.access")
    assert line.pop("time")
    assert line.pop("duration_ms") >= 0
    assert line == {
        "level": "info",
        "logger": "serve.access",
        "message": "request",
        "request_id": "r-1",
        "traceparent": TRACE,
        "method": "GET",
        "route": "other",
        "status": 404,
        "caller": None,
        "problems": ["not-found"],
    }


def test_request_is_logged_under_its_route_and_its_callers_name(serving, lines):
    with serving() as client:
        client.post("/v1/model/reload")
    line = lines()[-1]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/model/reload", 200)
    assert line["caller"] == "anyone on this machine"


def test_fault_carries_the_id_of_its_request(serving, lines):
    with serving(lambda story: _fail() if story.text == CANARY else None) as client:
        headers = {"x-request-id": "r-2"}
        client.post("/v1/classify", json={"stories": [{"id": "1", "text": CANARY}]}, headers=headers)
    faults = [line for line in lines() if line["logger"] == "serve.shield"]
    assert [(line["level"], line["request_id"]) for line in faults] == [("error", "r-2")]


def test_error_in_a_record_is_named_without_its_message(lines):
    try:
        _fail()
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    (line,) = lines()
    assert line["message"].startswith("Exception in ASGI application /")
    assert "RuntimeError. The message is left out as it may hold a story." in line["message"]
    assert CANARY not in json.dumps(line)


def test_what_another_library_says_is_left_out(lines):
    logging.getLogger("asyncio").error("Task exception was never retrieved: %r", RuntimeError(CANARY))
    logging.getLogger("some_library.pool").warning(CANARY)
    assert [line["message"] for line in lines()] == [
        "asyncio: The message is left out as it may hold a story.",
        "some_library.pool: The message is left out as it may hold a story.",
    ]


def test_warning_of_a_library_is_a_line_without_its_words(lines):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(CANARY, stacklevel=1)
    assert [line["message"] for line in lines()] == [
        "py.warnings: The message is left out as it may hold a story."
    ]


def test_thread_that_fails_is_a_line_without_words(lines):
    thread = threading.Thread(target=_fail)
    thread.start()
    thread.join()
    (line,) = lines()
    assert (line["logger"], line["message"].startswith("A thread failed. /")) == ("serve.logs", True)
    assert CANARY not in json.dumps(line)


def test_message_of_several_lines_is_one_line(text):
    logging.getLogger("serve").error("one\ntwo")
    assert text() == "one two\n"


def test_lines_that_tell_of_faults_are_counted_by_level(written):
    counted = []
    logs.configure("text", count=counted.append)
    logging.getLogger("serve").info("nothing")
    logging.getLogger("serve").warning("a")
    logging.getLogger("serve").error("b")
    assert counted == ["WARNING", "ERROR"]


def test_counts_of_lines_are_in_the_metrics(written):
    app = create_app(lambda: 1 / 0, Settings())
    logs.configure("text", count=app.state.metrics.logged)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.portal.call(app.state.assessor.settled)
        text = client.get("/metrics").text
    assert 'complaint_context_log_lines_total{level="error"} 1.0' in text.splitlines()


def test_format_is_one_of_two():
    assert Settings().log_format == "text"
    with pytest.raises(ValueError, match="log_format"):
        Settings(log_format="xml")
