"""The command `complaint-context serve` as an operator runs it: a process, a port, signals."""

import http.client
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from classifier.bundle import RELEASED
from classifier.story import Story

COMMAND = Path(sys.executable).with_name("complaint-context")
PATIENCE_S = 180
READY = "complaint-context is ready: "

WAITING = "I have made a formal complaint to the trust and am still waiting for their response."
LONG = {"id": "long", "text": "I wrote a letter. " + "We waited in the hall for our turn. " * 2_500}
"""The letter gets it past the gate."""
CANARY = "heliotrope-walrus"


def _command(*options: str, model: Path = RELEASED) -> list[str]:
    return [str(COMMAND), "serve", "--model", str(model), *options]


def _stories(*stories: dict) -> bytes:
    return json.dumps({"stories": stories}).encode()


def _fail(*options: str, model: Path = RELEASED) -> tuple[int, str]:
    done = subprocess.run(_command(*options, model=model), capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.stdout == ""
    return done.returncode, done.stderr


class Server:
    """A running server; ``log`` holds all that it wrote once it has stopped."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        line = process.stderr.readline()
        assert line.startswith(READY), line + process.stderr.read()
        self.address = line.removeprefix(READY).split()[0]
        self.log = line

    def send(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"):
        """A connection on which the request was sent and the answer is still to be read."""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=PATIENCE_S)
        connection.request(method, path, body, {"content-type": kind} if body is not None else {})
        return connection

    def begin(self, method: str, path: str, body: bytes):
        """As ``send``, but the server has begun to read the body."""
        connection = http.client.HTTPConnection(self.address.removeprefix("http://"), timeout=PATIENCE_S)
        connection.putrequest(method, path)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(body)))):
            connection.putheader(name, value)
        connection.putheader("expect", "100-continue")
        connection.endheaders()
        go_on = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert connection.sock.recv(len(go_on), socket.MSG_WAITALL) == go_on
        connection.send(body)
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

    def model(self) -> str:
        """The model that assesses a story sent now, over a connection of its own."""
        status, answer = self.classify({"id": "1", "text": "I lodged a complaint."})
        assert status == 200, answer
        return answer["results"][0]["model"]

    def workers(self) -> set[int]:
        """The processes that it has started."""
        return _children(self.process.pid)

    def stop(self) -> int:
        """Ends it as a process manager would; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        self.log += out + err
        return self.process.returncode


def _children(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def _runs(pid: int) -> bool:
    """Whether it runs; a process that has ended may be listed until somebody asks for its status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _refuses(address: str) -> bool:
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE_S).close()
    except ConnectionRefusedError:
        return True
    return False


def _ignores(pid: int, number: signal.Signals) -> bool:
    ignored = re.search(r"SigIgn:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())[1]
    return bool(int(ignored, 16) >> (number - 1) & 1)


def _until(condition: Callable[[], bool]) -> None:
    """Waits until ``condition`` holds."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@contextmanager
def _running(*options: str, model: Path = RELEASED, **settings: object) -> Iterator[Server]:
    command = _command("--port", "0", *options, model=model)
    settings = {"timeout_s": PATIENCE_S} | settings  # a busy machine reads slowly
    chosen = {f"COMPLAINT_CONTEXT_{name.upper()}": str(value) for name, value in settings.items()}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | chosen
    ) as process:
        try:
            yield Server(process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with _running() as server:
        yield server


@pytest.fixture
def folder(tmp_path, tiny_variant) -> Path:
    """A bundle of version 8 that a test may change."""
    return tiny_variant(tmp_path / "bundle", version=8)


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


def test_nothing_that_a_story_says_is_written_anywhere():
    with _running() as server:
        server.classify({"id": CANARY, "title": CANARY, "text": CANARY}, {"id": "2", CANARY: CANARY})
        server.ask("POST", "/v1/classify", CANARY.encode())
        server.ask("GET", f"/{CANARY}?text={CANARY}")
        server.stop()
    assert server.log == f"{READY}{server.address}\n"


def test_request_under_way_is_answered_before_the_server_stops():
    with _running() as server, closing(server.send("POST", "/v1/classify", _stories(LONG))) as connection:
        assert server.ask("GET", "/healthz")[0] == 200
        server.stop()
        assert connection.getresponse().status == 200


def test_ids_of_a_request_come_back(server):
    connection = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=PATIENCE_S)
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with closing(connection):
        connection.request("GET", "/elsewhere", headers={"x-request-id": "r-1", "traceparent": parent})
        answer = connection.getresponse()
        found = answer.status, answer.headers["x-request-id"], answer.headers["traceparent"]
    assert found == (404, "r-1", parent)


def test_story_that_takes_too_long_is_given_back_and_the_server_goes_on():
    with _running("--threads", "1", timeout_s=0.1) as server:
        status, answer = server.classify(LONG)
        assert (status, answer["status"], answer["title"]) == (504, 504, "The time for an answer is over")
        assert server.ask("GET", "/readyz")[0] == 200


def test_full_queue_turns_a_request_away_at_once(folder):
    crowd = _stories(*({"id": str(n), "text": "a"} for n in range(64)))
    with (
        _running("--threads", "1", model=folder, queue_stories=100) as server,
        closing(server.send("POST", "/v1/classify", _stories(LONG))) as long,
        closing(server.send("POST", "/v1/classify", crowd)) as first,
        closing(server.send("POST", "/v1/classify", crowd)) as second,
    ):
        answered, _, _ = select.select([first.sock, second.sock], [], [], PATIENCE_S)
        refused, taken = (first, second) if answered == [first.sock] else (second, first)
        refusal = refused.getresponse()
        assert (refusal.status, refusal.headers["retry-after"]) == (503, "2")
        assert json.loads(refusal.read())["title"] == "Too many stories wait"
        assert [connection.getresponse().status for connection in (long, taken)] == [200, 200]


def test_client_that_hangs_up_does_not_make_the_next_one_wait_for_its_stories():
    # Read to their end, these stories would keep the one thread busy for longer than the next client waits.
    text = "I wrote a letter. " + "We waited in the hall for our turn. " * 3_300
    many = [{"id": str(n), "text": text} for n in range(64)]
    with _running("--threads", "1") as server:
        hasty = server.send("POST", "/v1/classify", _stories(*many))
        assert server.ask("GET", "/healthz")[0] == 200
        hasty.sock.close()
        assert server.classify({"id": "1", "text": WAITING})[1]["results"][0]["action"] == "pause"
        server.stop()


def _replace(folder: Path, tiny_variant, version: int) -> None:
    shutil.rmtree(folder)
    tiny_variant(folder, version=version)


def _ask_on_and_on(server: Server, statuses: list[int], *, until: threading.Event) -> None:
    while not until.is_set():
        statuses.append(server.classify({"id": "1", "text": "I lodged a complaint."})[0])


def test_model_is_exchanged_over_http_and_by_signal_without_a_dropped_request(folder, tiny_variant):
    statuses, done = [], threading.Event()
    with _running(model=folder) as server:
        clients = [
            threading.Thread(target=_ask_on_and_on, args=(server, statuses), kwargs={"until": done})
            for _ in range(4)
        ]
        for client in clients:
            client.start()
        try:
            _replace(folder, tiny_variant, 9)
            assert server.ask("POST", "/v1/model/reload") == (200, b'{"old":"tiny/8","new":"tiny/9"}')
            assert server.model() == "tiny/9"
            _replace(folder, tiny_variant, 10)
            server.process.send_signal(signal.SIGHUP)
            _until(lambda: server.model() == "tiny/10")
        finally:
            done.set()
            for client in clients:
                client.join()
        server.stop()
    assert set(statuses) == {200}
    assert "model: tiny/10 took the place of tiny/9." in server.log


def test_bad_bundle_is_refused_over_http_and_by_signal_and_the_old_one_serves_on(folder):
    said = f"{folder / 'bundle.json'}: not JSON in UTF-8. Fetch the bundle again, or export it anew."
    with _running(model=folder) as server:
        (folder / "bundle.json").write_text("{", encoding="utf-8")
        status, content = server.ask("POST", "/v1/model/reload")
        assert (status, json.loads(content)["detail"]) == (422, f"{said} Until then tiny/8 stays in service.")
        server.process.send_signal(signal.SIGHUP)
        assert server.model() == "tiny/8"
        server.stop()
    assert said in server.log


def test_challenger_reads_along(folder, tmp_path, tiny_variant):
    challenger = tiny_variant(tmp_path / "challenger", version=9, clear={"ongoing": 0.999999})
    with _running("--shadow", str(challenger), model=folder) as server:
        _until(lambda: server.ask("GET", "/v1/model/shadow")[0] == 200)
        assert server.model() == "tiny/8"
        _until(lambda: json.loads(server.ask("GET", "/v1/model/shadow")[1])["read"] == 1)
        report = json.loads(server.ask("GET", "/v1/model/shadow")[1])
    assert (report["challenger"], report["disagreed"]) == ("tiny/9", 1)
    assert report["disagreements"][0]["challenger"] == {"labels": [], "action": "review"}


def test_workers_share_a_port_and_each_takes_the_new_model(folder, tiny_variant):
    with _running("--workers", "2", "--threads", "1", model=folder) as server:
        assert server.log == f"{READY}{server.address} (workers: 2, threads of each: 1)\n"
        assert len(server.workers()) == 2
        _replace(folder, tiny_variant, 9)
        assert server.ask("POST", "/v1/model/reload")[0] == 200
        # One of them answered; each of them says so in the log.
        _until(lambda: [server.model() for _ in range(16)] == ["tiny/9"] * 16)
        workers = server.workers()
        assert server.stop() == 0
    assert server.log.count("tiny/9 took the place of") >= 2
    assert not [pid for pid in workers if _runs(pid)]


def test_worker_that_dies_is_replaced(folder):
    with _running("--workers", "2", "--threads", "1", model=folder) as server:
        before = server.workers()
        os.kill(min(before), signal.SIGKILL)
        _until(lambda: len(server.workers() - before) == 1)
        # The new one leaves connections to the other until its model is loaded.
        assert {server.ask("GET", "/readyz")[0] for _ in range(60)} == {200}
        assert [server.model() for _ in range(4)] == ["tiny/8"] * 4
        assert server.stop() == 0
    assert "worker: ended with status -9. Another takes its place." in server.log


def test_worker_that_cannot_be_replaced_leaves_the_others_in_service(folder):
    with _running("--workers", "2", "--threads", "1", model=folder) as server:
        (folder / "bundle.json").write_text("{", encoding="utf-8")
        before = server.workers()
        dead = min(before)
        os.kill(dead, signal.SIGKILL)
        _until(lambda: len(server.workers() - before) == 1)
        (replacement,) = server.workers() - before
        _until(lambda: replacement not in server.workers())
        _until(lambda: server.classify({"id": "1", "text": WAITING})[0] == 200)  # the next one may just load
        assert before - {dead} <= server.workers()
        assert server.stop() == 0
    assert "worker: ended with status 1. Another takes its place." in server.log


def test_nobody_is_connected_any_more_once_workers_are_told_to_stop(folder):
    with (
        _running("--workers", "2", "--threads", "1", model=folder) as server,
        closing(server.begin("POST", "/v1/classify", _stories(LONG))) as connection,
    ):
        server.process.terminate()
        _until(lambda: _refuses(server.address))
        assert server.process.poll() is None
        assert connection.getresponse().status == 200
        assert server.stop() == 0


def test_reload_that_is_asked_for_before_the_server_listens_harms_nothing(folder):
    command = _command("--port", "0", model=folder)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        _until(lambda: _ignores(process.pid, signal.SIGHUP))
        process.send_signal(signal.SIGHUP)
        assert process.stderr.readline().startswith(READY)
        process.terminate()
        assert process.communicate(timeout=PATIENCE_S)[1] == ""


def test_workers_end_with_their_parent(folder):
    with _running("--workers", "2", "--threads", "1", model=folder) as server:
        workers = server.workers()
        server.process.kill()
        server.process.communicate(timeout=PATIENCE_S)  # ends when no worker holds the pipe any more
        _until(lambda: not any(map(_runs, workers)))  # an ending process closes its pipes first


def test_workers_finish_what_they_took_before_they_stop(folder):
    with (
        _running("--workers", "2", "--threads", "1", model=folder) as server,
        closing(server.begin("POST", "/v1/classify", _stories(LONG))) as connection,
    ):
        assert server.stop() == 0
        assert connection.getresponse().status == 200


def test_workers_that_cannot_load_their_model_end_and_say_why(folder):
    (folder / "bundle.json").unlink()
    status, said = _fail("--port", "0", "--workers", "2", model=folder)
    assert status == 1
    assert f"{folder / 'bundle.json'}: No such file or directory." in said


def test_port_in_use_is_said_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert _fail("--port", str(port)) == (
            1,
            f"complaint-context: 127.0.0.1:{port}: address already in use. "
            "Choose another --port; 0 takes a free one.\n",
        )


def test_host_that_is_no_address_is_refused_in_one_line():
    assert _fail("--host", "example.org") == (
        1,
        "complaint-context: host: 'example.org' is no address. "
        "Listen on 127.0.0.1, or on 0.0.0.0 with keys.\n",
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
