"""The command `complaint-context serve` as an operator runs it: a process, a port, signals."""

import http.client
import json
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from classifier.bundle import RELEASED
from classifier.story import Story

COMMAND = Path(sys.executable).with_name("complaint-context")
PATIENCE_S = 180
READY = "complaint-context is ready: "

WAITING = "I have made a formal complaint to the trust and am still waiting for their response."
LONG = {"id": "long", "text": "We waited in the hall for our turn. " * 7_500}
CANARY = "heliotrope-walrus"


def _command(*options: str) -> list[str]:
    return [str(COMMAND), "serve", "--model", str(RELEASED), *options]


def _stories(*stories: dict) -> bytes:
    return json.dumps({"stories": stories}).encode()


def _fail(*options: str) -> tuple[int, str]:
    done = subprocess.run(_command(*options), capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.stdout == ""
    return done.returncode, done.stderr


class Server:
    """A running server; ``log`` holds all that it wrote once it has stopped."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        line = process.stderr.readline()
        assert line.startswith(READY), line + process.stderr.read()
        self.address = line.removeprefix(READY).strip()
        self.log = line

    def send(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"):
        """A connection on which the request was sent and the answer is still to be read."""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=PATIENCE_S)
        connection.request(method, path, body, {"content-type": kind} if body is not None else {})
        return connection

    def ask(self, *request):
        """Status and body of one exchange."""
        with closing(self.send(*request)) as connection:
            answer = connection.getresponse()
            return answer.status, answer.read()

    def classify(self, *stories: dict):
        """Status and parsed body of ``POST /v1/classify``."""
        status, content = self.ask("POST", "/v1/classify", _stories(*stories))
        return status, json.loads(content)

    def stop(self) -> int:
        """Ends it as a process manager would; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        self.log += out + err
        return self.process.returncode


@contextmanager
def _running(*options: str) -> Iterator[Server]:
    command = _command("--port", "0", *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with _running() as server:
        yield server


def test_server_says_where_it_is_and_answers_there(server):
    assert server.address.startswith("http://127.0.0.1:")
    assert server.ask("GET", "/healthz") == (200, b'{"status":"alive"}')
    assert server.ask("GET", "/readyz") == (200, b'{"status":"ready"}')
    status, answer = server.classify({"id": "1", "text": WAITING})
    assert (status, answer["results"][0]["action"]) == (200, "pause")


def test_same_story_gets_the_same_bytes_over_http_as_in_python(server, released):
    _, answer = server.classify({"id": "1", "text": WAITING})
    assessment = released.assess(Story(id="1", text=WAITING))
    assert json.dumps(answer["results"][0]) == json.dumps(assessment.to_dict())


def test_health_is_answered_while_a_long_story_is_read(server):
    with closing(server.send("POST", "/v1/classify", _stories(LONG))) as connection:
        assert server.ask("GET", "/healthz")[0] == 200
        assert select.select([connection.sock], [], [], 0) == ([], [], [])  # no answer to the story yet
        assert json.loads(connection.getresponse().read())["results"][0]["action"] == "continue"


def test_many_clients_get_the_answers_that_each_would_get_alone(server):
    stories = [{"id": str(n), "text": f"{WAITING} " + "They were kind. " * n} for n in range(8)]
    alone = [server.classify(story) for story in stories]
    together: dict[int, object] = {}
    clients = [
        threading.Thread(target=lambda n=n, story=story: together.update({n: server.classify(story)}))
        for n, story in enumerate(stories)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert [together[n] for n in range(8)] == alone


def test_body_over_the_limit_is_answered_and_the_server_goes_on(server):
    status, content = server.ask("POST", "/v1/classify", b'{"stories": "' + b"a" * 8_000_000 + b'"}')
    assert (status, json.loads(content)["status"]) == (413, 413)
    assert server.ask("GET", "/healthz")[0] == 200


def test_page_is_served(server):
    status, page = server.ask(
        "POST", "/", b"text=" + WAITING.replace(" ", "+").encode(), "application/x-www-form-urlencoded"
    )
    assert (status, f"<mark>{WAITING}".encode() in page) == (200, True)


def test_nothing_that_a_story_says_is_written_anywhere():
    with _running() as server:
        server.classify({"id": CANARY, "title": CANARY, "text": CANARY}, {"id": "2", CANARY: CANARY})
        server.ask("POST", "/v1/classify", CANARY.encode())
        server.ask("POST", "/", b"text=" + CANARY.encode(), "application/x-www-form-urlencoded")
        server.ask("GET", f"/{CANARY}?text={CANARY}")
        server.stop()
    assert server.log == f"{READY}{server.address}\n"


def test_request_under_way_is_answered_before_the_server_stops():
    with _running() as server, closing(server.send("POST", "/v1/classify", _stories(LONG))) as connection:
        assert server.ask("GET", "/healthz")[0] == 200
        server.stop()
        assert connection.getresponse().status == 200


def test_port_in_use_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert _fail("--port", str(port)) == (
            1,
            f"complaint-context: 127.0.0.1:{port}: address already in use. "
            "Choose another --port; 0 takes a free one.\n",
        )


def test_host_beyond_loopback_is_refused_in_one_line():
    assert _fail("--host", "0.0.0.0") == (
        1,
        "complaint-context: host: '0.0.0.0' can be reached from other machines or is no address. "
        "Listen on 127.0.0.1.\n",
    )


def test_damaged_bundle_is_said_in_one_line(tmp_path):
    bundle = tmp_path / "bundle"
    shutil.copytree(RELEASED, bundle)
    encoder = bundle / "encoder.onnx"
    encoder.write_bytes(encoder.read_bytes()[:-1])
    assert _fail("--port", "0", "--model", str(bundle)) == (
        1,
        f"{encoder}: does not match its checksum in bundle.json. "
        "Fetch the bundle again, or export it anew.\n",
    )


def test_faulty_policy_is_said_in_one_line(tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text('version = "mine/1"\n', encoding="utf-8")
    status, said = _fail("--port", "0", "--policy", str(policy))
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith(f"{policy}:1: ")
