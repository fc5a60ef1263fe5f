"""A canary phrase is sent everywhere a running service listens, and searched for in all that it writes.

Routes come from the app itself, so one that is added is covered without a change here. What a service keeps
on purpose is not searched for: a story's id in its case, a moderator's note, a caller's own `x-request-id`.
"""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from fastapi.routing import iter_route_contexts

from serve.app import create_app
from serve.settings import Settings

PATIENCE_S = 180
READY = "complaint-context is ready: "
PROGRAM = [sys.executable, str(Path(__file__).with_name("poisoned.py"))]

CANARY = "heliotrope walrus"
FOUND = re.compile(rb"heliotrope|walrus", re.IGNORECASE)
HELD = f"I lodged a complaint. {CANARY}."

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
STORY = {"id": CANARY, "title": CANARY, "text": CANARY}
BODIES = {
    "stories": (JSON, json.dumps({"stories": [STORY]}).encode()),
    "poisoned stories": (JSON, json.dumps({"stories": [STORY | {"text": f"poison {CANARY}"}]}).encode()),
    "stories at fault": (
        JSON,
        json.dumps({"stories": [{CANARY: CANARY}, CANARY, {"id": CANARY, "text": 1}, STORY, STORY]}).encode(),
    ),
    "tasks": (JSON, json.dumps({"tasks": [{"data": STORY}, {CANARY: CANARY}, CANARY]}).encode()),
    "poisoned task": (
        JSON,
        json.dumps({"tasks": [{"data": STORY | {"text": f"poison {CANARY}"}}]}).encode(),
    ),
    "wrong shape": (JSON, json.dumps({CANARY: [CANARY]}).encode()),
    "verdict": (JSON, json.dumps({"verdict": {"labels": [CANARY]}}).encode()),
    "step": (JSON, json.dumps({"step": CANARY}).encode()),
    "half of JSON": (JSON, json.dumps({"stories": [STORY]}).encode()[:-1]),
    "not UTF-8": (JSON, b'{"stories": "' + CANARY.encode() + b'\xff"}'),
    "form": (FORM, urlencode(dict.fromkeys(("title", "text", "key", "csrf", "step"), CANARY)).encode()),
    "poisoned form": (FORM, urlencode({"text": f"poison {CANARY}"}).encode()),
    "plain text": ({"content-type": "text/plain"}, CANARY.encode()),
    "no type": ({}, CANARY.encode()),
}
HEADERS = {
    "a program": {},
    "a browser": {"accept": "text/html", "referer": f"http://{quote(CANARY)}/", "user-agent": CANARY},
    "another page": {"origin": f"http://{quote(CANARY)}"},
    "another host": {"host": quote(CANARY)},
    "all headers": {
        "x-request-id": CANARY,
        "traceparent": CANARY,
        "cookie": f"{quote(CANARY)}={quote(CANARY)}",
        "x-forwarded-for": CANARY,
    },
    "a key": {"authorization": f"Bearer cc_{quote(CANARY)}"},
}


@dataclass(frozen=True)
class Answer:
    """One exchange: what was asked, and what came back."""

    asked: str
    status: int
    headers: bytes
    body: bytes

    @property
    def is_problem(self):
        return b"application/problem+json" in self.headers


class Service:
    """A running service and all that it writes, in ``folder``."""

    def __init__(self, process, folder, address):
        self.process = process
        self.folder = folder
        self.address = address

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_S)
        with closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(f"{method} {path}", answer.status, str(answer.headers).encode(), answer.read())

    def send(self, *stories, path="/v1/cases"):
        answer = self.ask("POST", path, json.dumps({"stories": stories}).encode(), JSON)
        assert answer.status == 200, answer
        return json.loads(answer.body)["results"]

    def act(self, case, what):
        answer = self.ask("POST", f"/v1/cases/{case}/events", json.dumps(what).encode(), JSON)
        assert answer.status == 200, answer

    def database(self):
        """The files of the database, as they are on disk."""
        files = sorted(self.folder.glob("cases.db*"))
        assert files
        return b"".join(file.read_bytes() for file in files)

    def log(self):
        return (self.folder / "log").read_bytes()


@contextmanager
def _serving(bundle, folder):
    environment = os.environ | {
        "COMPLAINT_CONTEXT_LOG_FORMAT": "json",
        "COMPLAINT_CONTEXT_DATABASE_URL": f"sqlite:///{folder / 'cases.db'}",
        "COMPLAINT_CONTEXT_KEYS_FILE": str(folder / "keys.json"),
    }
    command = [*PROGRAM, "serve", "--port", "0", "--model", str(bundle), "--shadow", str(bundle)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment) as process,
    ):
        try:
            yield Service(process, folder, _address(process, folder / "log"))
        finally:
            process.kill()


def _address(process, log):
    """Where it listens, once it says so."""
    for _ in range(PATIENCE_S * 10):
        ready = re.search(rf"^{READY}http://(\S+)\n", log.read_text("utf-8"), re.MULTILINE)
        if ready:
            return ready[1]
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.1)
    raise AssertionError("the service is not ready")


def _routes():
    """Every method and path template that the app takes, those outside of its contract too."""
    app = create_app(lambda: pytest.fail("no model is needed here"), Settings())
    contexts = list(iter_route_contexts(app.routes))
    return sorted({(method, route.path_format) for route in contexts for method in route.methods or ("GET",)})


def test_every_route_of_the_contract_is_among_those_that_are_tried():
    app = create_app(lambda: pytest.fail("no model is needed here"), Settings())
    contract = {
        (method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods
    }
    assert contract <= set(_routes())
    assert ("POST", "/try") in _routes()


def _everywhere(service):
    """Asks every route with every body and all kinds of headers."""
    for method, template in _routes():
        path = re.sub(r"\{[^}]*\}", quote(CANARY), template)
        path += "?" + urlencode(dict.fromkeys(("text", "state", "next", "page", "priority"), CANARY))
        for headers in HEADERS.values():
            yield service.ask(method, path, headers=headers)
        if method in {"POST", "PUT", "PATCH", "DELETE"}:
            for kind, body in BODIES.values():
                yield service.ask(method, re.sub(r"\?.*", "", path), body, kind)
    for method, path in (("GET", f"/{quote(CANARY)}"), ("HELIOTROPE", "/"), ("WALRUS", "/v1/classify")):
        yield service.ask(method, path)
    yield service.ask("POST", "/v1/classify", b'{"stories": "' + CANARY.encode() * 500_000 + b'"}', JSON)


def _garbage(service):
    """Bytes that are no HTTP at all, and a client that hangs up in the middle of a story."""
    host, port = service.address.split(":")
    begun = f"POST /v1/classify HTTP/1.1\r\nhost: {host}\r\ncontent-length: 999\r\n\r\n{CANARY}"
    for content in (f"{CANARY}\r\n\r\n", f"GET /{CANARY} HTTP/1.1\r\n\r\n", begun):
        with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
            connection.sendall(content.encode())
            if content != begun:
                connection.recv(4096)


def _open(service, id):
    (result,) = service.send({"id": id, "title": CANARY, "text": HELD})
    return result["case"]["id"]


def _live(service):
    """Takes cases through their lives; gives what the database held while they were open."""
    confirmed, withdrawn, judged, edited = (_open(service, f"case-{n}") for n in range(4))
    erased = _open(service, CANARY)
    open_files = service.database()
    for step in ("ask", "confirm", "resume"):
        service.act(confirmed, {"step": step})
    service.act(judged, {"verdict": {"labels": ["ongoing"], "borderline": False}})
    service.send({"id": "case-3", "title": CANARY, "text": f"{HELD} {CANARY}."})
    for case in (withdrawn, judged, edited):
        service.act(case, {"step": "withdraw"})
    assert service.ask("DELETE", f"/v1/cases/{erased}").status == 204
    return open_files


@pytest.fixture(scope="module")
def service(tiny_bundle, tmp_path_factory):
    """A service that was sent the canary everywhere; what it answered and wrote."""
    with _serving(tiny_bundle, tmp_path_factory.mktemp("service")) as service:
        service.answers = list(_everywhere(service))
        _garbage(service)
        poisoned = {"id": "p", "title": CANARY, "text": f"poison {HELD}"}
        service.results = [*service.send(poisoned, path="/v1/classify"), *service.send(poisoned)]
        service.while_open = _live(service)
        service.once_closed = service.database()
        service.metrics = service.ask("GET", "/metrics")
        with closing(sqlite3.connect(service.folder / "cases.db")) as database:
            database.execute("DROP TABLE events")
        service.broken = service.send({"id": "b", "title": CANARY, "text": HELD})
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(PATIENCE_S)
        yield service


def _lines(service):
    """The log without the line that says where the service listens, which is for people."""
    return [json.loads(line) for line in service.log().splitlines() if not line.startswith(READY.encode())]


def test_canary_got_through_to_the_stories(service):
    assert any(answer.status == 200 and FOUND.search(answer.body) for answer in service.answers)
    assert len({answer.status for answer in service.answers}) >= 10
    assert FOUND.search(service.while_open)


def test_no_problem_repeats_what_was_sent(service):
    problems = [answer for answer in service.answers if answer.is_problem]
    assert len(problems) > 100
    assert [answer for answer in problems if FOUND.search(answer.body)] == []


def test_no_other_fault_repeats_what_was_sent_but_the_form_that_it_stood_in(service):
    faults = [answer for answer in service.answers if answer.status >= 400 and "/try" not in answer.asked]
    assert [answer for answer in faults if FOUND.search(answer.body)] == []


def test_no_header_of_an_answer_repeats_what_was_sent(service):
    assert [answer for answer in service.answers if FOUND.search(answer.headers)] == []


def test_story_that_breaks_the_reader_is_not_in_its_error(service):
    errors = [result["error"] for result in service.results]
    assert [error["status"] for error in errors] == [500, 500]
    assert not FOUND.search(json.dumps(errors).encode())


def test_log_holds_no_word_of_it(service):
    assert not FOUND.search(service.log())


def test_log_is_json_to_the_last_line_and_names_routes_by_template(service):
    requests = [line for line in _lines(service) if line["logger"] == "serve.access"]
    templates = {path for _, path in _routes()}
    assert len(requests) >= len(service.answers)
    assert {line["route"] for line in requests} <= templates | {"other"}
    assert any("failed" in line["problems"] for line in requests)


def test_faults_were_logged_by_their_place(service):
    messages = [line["message"] for line in _lines(service) if line["level"] == "error"]
    assert any("poisoned.py" in message and "RuntimeError" in message for message in messages)


def test_metrics_hold_no_word_of_it(service):
    assert service.metrics.status == 200
    assert not FOUND.search(service.metrics.body)


def test_database_holds_no_word_of_a_case_that_is_closed_or_erased(service):
    assert not FOUND.search(service.once_closed)


def test_broken_database_keeps_the_story_out_of_error_and_log(service):
    (result,) = service.broken
    assert result["error"]["status"] in {500, 503}
    assert not FOUND.search(json.dumps(result["error"]).encode())


def test_nothing_else_was_written(service):
    written = {path.name for path in service.folder.rglob("*") if path.is_file()}
    assert written <= {"log", "cases.db", "cases.db-wal", "cases.db-shm"}
