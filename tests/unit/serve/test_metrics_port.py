"""Several workers: each has a port of its own for its metrics."""

import logging
import socket
from contextlib import ExitStack
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, Gauge

from serve.metrics_port import metrics_port
from serve.settings import Settings


def _registry(value):
    registry = CollectorRegistry()
    Gauge("worker", "Which one.", registry=registry).set(value)
    return registry


@pytest.fixture
def free_port():
    """Two neighbouring ports that were free a moment ago; the first."""
    for _ in range(100):
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        try:
            with socket.create_server(("127.0.0.1", port + 1)):
                return port
        except OSError:
            continue
    raise AssertionError("no two free ports")


def _read(port):
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_each_worker_takes_the_next_free_port(free_port):
    settings = Settings(workers=2, metrics_port=free_port)
    with metrics_port(_registry(1), settings) as first, metrics_port(_registry(2), settings) as second:
        assert (first, second) == (free_port, free_port + 1)
        assert "worker 1.0" in _read(first)
        assert "worker 2.0" in _read(second)


def test_port_of_a_worker_that_ended_is_free_for_the_one_in_its_place(free_port):
    settings = Settings(workers=2, metrics_port=free_port)
    with metrics_port(_registry(1), settings):
        pass
    with metrics_port(_registry(2), settings) as port:
        assert (port, "worker 2.0" in _read(free_port)) == (free_port, True)


def test_no_port_is_opened_unless_one_is_set():
    with metrics_port(_registry(1), Settings(workers=2)) as port:
        assert port is None


def test_ports_that_are_all_taken_are_logged_and_the_worker_goes_on(free_port, caplog):
    settings = Settings(metrics_port=free_port)
    with ExitStack() as stack:
        stack.enter_context(socket.create_server(("127.0.0.1", free_port)))
        assert stack.enter_context(metrics_port(_registry(1), settings)) is None
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, f"metrics: ports {free_port} to {free_port} are taken. Set another metrics_port.")
    ]


def test_shared_port_says_where_the_metrics_are(serving):
    with serving(workers=2) as client:
        answer = client.get("/metrics")
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "metrics: each worker has its own. Set metrics_port and ask 127.0.0.1, from that port on.",
    )


@pytest.mark.parametrize("port", [0, 65472])
def test_there_is_room_for_a_port_for_every_worker(port):
    with pytest.raises(ValueError, match="metrics_port"):
        Settings(metrics_port=port)
