"""What `promote` registers is served by MLflow itself, over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from classifier.bundle import RELEASED
from classifier.story import Story
from training.registry import MODEL, Registry

# MLflow's own queries use what SQLAlchemy is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")

BIN = Path(sys.executable).parent
PATIENCE_S = 240
ROWS = [
    {
        "id": "s-1",
        "title": "Ward 7 😀",
        "text": "Kind staff.\r\n I lodged a complaint. We wait for their answer.",
    },
    {"id": "s-2", "title": "", "text": "It was upheld. The ombudsman has it."},
]


@contextmanager
def _serving(uri, folder):
    """The address of `mlflow models serve` once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [BIN / "mlflow", "models", "serve", "--model-uri", f"models:/{MODEL}@champion"]
    command += ["--env-manager", "local", "--port", str(port)]
    environment = os.environ | {"MLFLOW_TRACKING_URI": uri, "PATH": f"{BIN}:{os.environ['PATH']}"}
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield _answering(f"http://127.0.0.1:{port}", process, folder / "log")
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answering(address, process, log):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            urlopen(f"{address}/ping", timeout=PATIENCE_S).close()
            return address
        except URLError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def _invoke(address, body):
    request = Request(
        f"{address}/invocations", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)["predictions"]


def test_champion_is_served_with_the_answers_that_python_gives(tmp_path, released, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where MLflow keeps the files of its runs
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}")
    registry.promote(registry.register(RELEASED).number)
    expected = [released.assess(Story(**row)).to_dict() for row in ROWS]
    with _serving(registry.uri, tmp_path) as address:
        assert _invoke(address, {"dataframe_records": ROWS}) == expected
        as_text = _invoke(address, {"dataframe_records": ROWS, "params": {"json": True}})
    assert [json.loads(answer) for answer in as_text] == expected
