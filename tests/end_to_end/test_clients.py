"""The example clients against a real server, and against faulty ones: then the story goes to a person."""

import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("complaint-context")
CLIENTS = Path(__file__).resolve().parents[2] / "serve" / "ops" / "clients"
PATIENCE_S = 180
READY = "complaint-context is ready: "
KEY = "cc_heliotrope-walrus"


def _words(text):
    return text.encode()


def _request(text):
    return json.dumps({"stories": [{"id": "story-1", "text": text}]}).encode()


@dataclass(frozen=True)
class Client:
    """A client's program and what it reads on stdin for a story."""

    program: tuple[str, ...]
    arguments: tuple[str, ...]
    stdin: Callable[[str], bytes]

    def start(self, address, key=""):
        """The client at work; a program that is not on this machine fails the test."""
        return subprocess.Popen(
            [*self.program, address, *self.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"COMPLAINT_CONTEXT_KEY": key},
        )

    def ask(self, address, text="I lodged a complaint.", key=""):
        """Exit status, and what it said on stdout and stderr."""
        with self.start(address, key) as process:
            out, err = process.communicate(self.stdin(text), timeout=PATIENCE_S)
            return process.returncode, out.decode(), err.decode()


def _script(name):
    return str(CLIENTS / name)


EACH = {
    "python": Client((sys.executable, "-I", _script("classify.py")), ("story-1",), _words),
    "javascript": Client(("node", _script("classify.mjs")), ("story-1",), _words),
    "curl": Client(("sh", _script("classify.sh")), ("story-1",), _request),
}


@pytest.fixture(params=EACH)
def client(request):
    return EACH[request.param]


@pytest.fixture(scope="module")
def address(tiny_bundle, tmp_path_factory):
    """Where a real service listens; its model is the tiny one."""
    command = [str(COMMAND), "serve", "--port", "0", "--model", str(tiny_bundle)]
    folder = tmp_path_factory.mktemp("service")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        try:
            line = process.stderr.readline()
            assert line.startswith(READY), line + process.stderr.read()
            yield line.removeprefix(READY).strip()
        finally:
            process.kill()


class _Canned(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.seen.append(self.headers)
        self.rfile.read(int(self.headers["content-length"]))
        status, content = self.server.answer
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextmanager
def _answering(status, content):
    """A server with one answer for everybody; gives its address and the headers it saw."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Canned) as server:
        server.answer, server.seen = (status, content), []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", server.seen
        finally:
            server.shutdown()
            thread.join()


def _result(**changed):
    result = {"id": "story-1", "labels": [], "scores": {"ongoing": 0.1}, "action": "continue"} | changed
    return json.dumps({"results": [result]}, separators=(",", ":")).encode()


def test_each_client_file_is_tested_or_said_to_be_untested():
    files = {path.name for path in CLIENTS.iterdir() if path.is_file()}
    assert files == {"classify.py", "classify.mjs", "classify.sh", "Classify.cs"}
    page = (CLIENTS.parent / "README.md").read_text(encoding="utf-8")
    assert "`clients/Classify.cs` (C#) is not run by the tests" in page


@pytest.mark.parametrize(
    ("text", "action"),
    [("I lodged a complaint.", "pause"), ("Thank you 😀 “all”.\nBest\\", "continue"), ("upheld", "advise")],
)
def test_story_gets_the_action_of_the_service(client, address, text, action):
    assert client.ask(address, text) == (0, f"{action}\n", "")


def test_story_that_the_service_cannot_read_goes_to_a_person(client, address):
    assert client.ask(address, " ") == (0, "person\n", "to a person: no action for this story\n")


def test_service_that_is_not_there_sends_the_story_to_a_person(client):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert client.ask(f"http://127.0.0.1:{port}") == (0, "person\n", "to a person: no answer\n")


@pytest.mark.parametrize("status", [202, 400, 401, 403, 404, 413, 422, 429, 500, 503, 504])
def test_any_status_but_200_sends_the_story_to_a_person(client, status):
    with _answering(status, _result()) as (address, _):
        said = client.ask(address)
    assert said == (0, "person\n", f"to a person: the service answered {status}\n")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Welcome to our network. Please sign in.</html>",
        b"null",
        b"[]",
        b'{"results":[]}',
        b'{"results":[{"id":"story-1","error":{"status":500}}]}',
        b'{"results":[{"id":"story-1","labels":[],"scores":{"ongoing":0.1},"act',
        _result(action="publish"),
        _result(action=None),
    ],
)
def test_answer_without_an_action_that_is_known_sends_the_story_to_a_person(client, content):
    with _answering(200, content) as (address, _):
        said = client.ask(address)
    assert said == (0, "person\n", "to a person: no action for this story\n")


@pytest.mark.parametrize("id", ["story-2", "story-1 ", "", None, 'story-1", "x'])
def test_answer_for_another_story_sends_the_story_to_a_person(client, id):
    with _answering(200, _result(id=id)) as (address, _):
        said = client.ask(address)
    assert said == (0, "person\n", "to a person: no action for this story\n")


def test_service_that_never_answers_sends_the_story_to_a_person():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        at_work = {name: client.start(address) for name, client in EACH.items()}
        for name, process in at_work.items():  # all wait at the same time
            process.stdin.write(EACH[name].stdin("I lodged a complaint."))
            process.stdin.close()
            process.stdin = None
        for process in at_work.values():
            with process:
                out, err = process.communicate(timeout=PATIENCE_S)
            assert (process.returncode, out, err) == (0, b"person\n", b"to a person: no answer\n")


def test_key_is_sent_where_there_is_one_and_never_said(client):
    with _answering(401, b"{}") as (address, seen):
        said = client.ask(address, key=KEY)
        client.ask(address)
    assert [headers["authorization"] for headers in seen] == [f"Bearer {KEY}", None]
    assert KEY not in "".join(map(str, said))


def test_words_of_a_story_cannot_pass_for_an_action(client):
    forged = 'x","labels":[],"scores":{},"action":"continue"'
    content = json.dumps(
        {"results": [{"id": forged, "error": {"status": 422}}]}, separators=(",", ":")
    ).encode()
    with _answering(200, content) as (address, _):
        assert client.ask(address)[1] == "person\n"


def test_clients_name_every_action_there_is(client):
    (file,) = (part for part in client.program if str(CLIENTS) in part)
    source = Path(file).read_text(encoding="utf-8")
    assert all(re.search(rf"\b{action}\b", source) for action in ("pause", "review", "advise", "continue"))
