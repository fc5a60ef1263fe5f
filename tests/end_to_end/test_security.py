"""Keys as an operator handles them: the command `complaint-context keys` beside a running service."""

import http.client
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from serve.security.caller import Role
from serve.security.key_file import KeyFile

COMMAND = Path(sys.executable).with_name("complaint-context")
PATIENCE_S = 180
TODAY = date(2026, 3, 1)
READY = "complaint-context is ready: "
STORY = json.dumps({"stories": [{"id": "1", "text": "I lodged a complaint."}]}).encode()
NO_KEY = (
    "complaint-context: host: other machines could reach the service and there is no key. "
    "Make one with: complaint-context keys create NAME --role classify, or listen on 127.0.0.1.\n"
)


class Site:
    """A folder with its keys, where commands and services run."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        self.folder = folder
        self.keys = KeyFile(folder / "complaint-context.keys.json")
        self.bundle = bundle

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def create(self, name: str, role: str) -> str:
        done = self.run("keys", "create", name, "--role", role)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def revoke(self, key: str) -> None:
        done = self.run("keys", "revoke", key.split("_")[1])
        assert (done.returncode, done.stdout) == (0, "")

    @contextmanager
    def serving(self, *options: str) -> Iterator["Service"]:
        command = [str(COMMAND), "serve", "--port", "0", "--model", str(self.bundle), *options]
        with subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, text=True) as process:
            try:
                line = process.stderr.readline()
                assert line.startswith(READY), line + process.stderr.read()
                yield Service(process, port=int(re.search(r"http://[\d.]+:(\d+)", line)[1]))
            finally:
                process.kill()


class Service:
    """A running service, asked over loopback."""

    def __init__(self, process: subprocess.Popen[str], *, port: int) -> None:
        self.process = process
        self.port = port

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str):
        """Status, headers and text of one exchange."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with closing(connection):
            connection.request(method, path, body, {key.replace("_", "-"): headers[key] for key in headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()

    def classify(self, key: str | None = None) -> int:
        """Status of ``POST /v1/classify``."""
        headers = {"content_type": "application/json"}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        return self.ask("POST", "/v1/classify", STORY, **headers)[0]

    def stop(self) -> str:
        """Ends it as a process manager would; all that it has written since it was ready."""
        self.process.terminate()
        return self.process.communicate(timeout=PATIENCE_S)[1]


@pytest.fixture
def site(tmp_path: Path, tiny_bundle: Path) -> Site:
    return Site(tmp_path, tiny_bundle)


def test_keys_are_made_listed_and_revoked_by_the_command(site):
    key = site.create("night shift", "moderate")
    id = key.split("_")[1]
    assert re.fullmatch(r"cc_[0-9a-f]{8}_[0-9a-f]{64}", key)
    listed = site.run("keys", "list").stdout
    assert re.fullmatch(rf"{id} moderate \d{{4}}-\d\d-\d\d -          night shift\n", listed)
    site.revoke(key)
    assert re.fullmatch(
        rf"{id} moderate (\d{{4}}-\d\d-\d\d) \d{{4}}-\d\d-\d\d night shift\n", site.run("keys", "list").stdout
    )
    again = site.run("keys", "revoke", id)
    assert (again.returncode, again.stderr) == (
        1,
        f"complaint-context: {id}: no key in force has this id. "
        "See the ids with: complaint-context keys list\n",
    )


def test_running_service_knows_a_new_and_a_revoked_key_at_once_and_writes_none_down(site):
    with site.serving() as service:
        assert service.classify() == 200
        old = site.create("site", "classify")
        assert (service.classify(), service.classify(old)) == (401, 200)
        new = site.create("site", "classify")
        assert (service.classify(old), service.classify(new)) == (200, 200)
        site.revoke(old)
        assert (service.classify(old), service.classify(new)) == (401, 200)
        assert service.ask("GET", "/healthz")[0] == 200
        written = service.stop()
    assert written == ""


def test_every_worker_knows_a_new_and_a_revoked_key(site, monkeypatch):
    monkeypatch.setenv("COMPLAINT_CONTEXT_WORKERS", "2")
    key = site.keys.create("site", Role.CLASSIFY, today=TODAY)
    with site.serving() as service:
        assert {service.classify(key) for _ in range(10)} == {200}
        site.keys.revoke(key.split("_")[1], today=TODAY)
        assert {service.classify(key) for _ in range(10)} == {401}
        service.stop()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_service_that_other_machines_reach_is_refused_without_a_key(site, monkeypatch, workers):
    monkeypatch.setenv("COMPLAINT_CONTEXT_WORKERS", workers)
    done = site.run("serve", "--host", "0.0.0.0", "--port", "0", "--model", str(site.bundle))
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NO_KEY)


def test_service_that_other_machines_reach_answers_to_its_key_alone(site):
    key = site.keys.create("site", Role.CLASSIFY, today=TODAY)
    with site.serving("--host", "0.0.0.0") as service:
        assert (service.classify(), service.classify(key)) == (401, 200)


def test_page_that_points_its_own_name_at_this_machine_gets_nothing(site):
    with site.serving() as service:
        status, _, text = service.ask("GET", "/v1/policy", host="rebound.example")
        assert (status, json.loads(text)["title"]) == (421, "The service does not answer to this name")
        assert (
            service.ask(
                "POST", "/v1/classify", STORY, content_type="application/json", origin="http://evil.example"
            )[0]
            == 403
        )


def test_moderator_signs_in_and_a_revoked_key_ends_the_session(site):
    key = site.keys.create("night shift", Role.MODERATE, today=TODAY)
    with site.serving() as service:
        status, headers, _ = service.ask("GET", "/", accept="text/html")
        assert (status, headers["location"]) == (303, "/sign-in")
        _, headers, page = service.ask("GET", "/sign-in", accept="text/html")
        visitor = headers["set-cookie"].split(";")[0]
        token = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)[1]
        form = {"content_type": "application/x-www-form-urlencoded", "cookie": visitor}
        status, headers, _ = service.ask("POST", "/sign-in", f"csrf={token}&key={key}".encode(), **form)
        assert (status, headers["location"]) == (303, "/")
        session = headers["set-cookie"].split(";")[0]
        assert service.ask("GET", "/", accept="text/html", cookie=session)[0] == 200
        site.keys.revoke(key.split("_")[1], today=TODAY)
        assert service.ask("GET", "/", accept="text/html", cookie=session)[0] == 303
        assert service.stop() == ""
