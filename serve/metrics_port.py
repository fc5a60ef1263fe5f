"""A port of its own for the metrics of a worker, where several workers share the service's port.

Prometheus has to see each process by itself: behind a shared port a scrape would meet now one and now
another. So each worker answers on the first free port from ``metrics_port`` on, on loopback only.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

from serve.settings import Settings

logger = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"


@contextmanager
def metrics_port(registry: CollectorRegistry, settings: Settings) -> Iterator[int | None]:
    """The port on which ``registry`` can be read meanwhile; None if none is set or all are taken."""
    if settings.metrics_port is None:
        yield None
        return
    ports = range(settings.metrics_port, settings.metrics_port + settings.workers)
    for port in ports:
        try:
            server, _ = start_http_server(port, addr=_LOOPBACK, registry=registry)
        except OSError:  # another worker has it
            continue
        try:
            yield port
        finally:
            server.shutdown()
            server.server_close()
        return
    logger.error("metrics: ports %d to %d are taken. Set another metrics_port.", ports[0], ports[-1])
    yield None
