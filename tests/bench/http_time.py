"""How long the service takes for one story, HTTP included, on one connection that is kept."""

import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from classifier.story import Story

COMMAND = Path(sys.executable).with_name("complaint-context")
_PATIENCE_S = 120


def lines(dark: Sequence[Story], lit: Sequence[Story]) -> Iterator[str]:
    """Latency of stories that the gate holds back, and of others."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        service = subprocess.Popen([COMMAND, "serve", "--port", str(port)], cwd=folder)
        try:
            _wait(port, service)
            for kind, stories in (("held back", dark), ("read", lit)):
                yield f"| {kind} | {_shown(port, stories)} |"
        finally:
            service.terminate()
            service.wait()


def _wait(port: int, service: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until and service.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise SystemExit("the service did not become ready")


def _shown(port: int, stories: Sequence[Story]) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    times = []
    for story in (*stories[:20], *stories):
        body = json.dumps({"stories": [{"id": story.id, "title": story.title, "text": story.text}]})
        begun = time.perf_counter()
        connection.request("POST", "/v1/classify", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        times.append(time.perf_counter() - begun)
        if answer.status != 200:
            raise SystemExit(f"the service answered {answer.status}")
    connection.close()
    return " | ".join(f"{1000 * np.percentile(times[20:], p):.2f}" for p in (50, 95, 99))
