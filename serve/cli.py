"""The command ``complaint-context serve``: a shim over ``serve.server.run``."""

import signal
from pathlib import Path
from typing import Annotated

import typer

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from classifier.options import GateOption
from serve.settings import read_settings


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; beyond loopback with keys  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one  [default: 8000]")] = None,
    model: Annotated[Path, typer.Option(help="Folder of a model bundle.")] = RELEASED,
    policy: Annotated[Path | None, typer.Option(help="Another site's policy file (TOML).")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that share the port, each with its model  [default: 1]")
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(help="Stories each process reads at the same time  [default: cores / workers, 1 to 4]"),
    ] = None,
    gate: GateOption = True,
    shadow: Annotated[
        Path | None, typer.Option(help="Folder of a challenger's bundle that reads along, for moderators.")
    ] = None,
) -> None:
    """Answer over HTTP, with the console at / and the contract at /docs.

    Host, port, workers, threads and shadow can also come from COMPLAINT_CONTEXT_HOST and so on.

    Example: complaint-context serve --port 8000
    """
    if hasattr(signal, "SIGHUP"):  # until the server listens to it, or it would end the process
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    settings = read_settings(host=host, port=port, workers=workers, threads=threads, shadow=shadow)
    from serve.cases.database import prepare
    from serve.server import run  # the web framework is slow to import and only this command needs it

    prepare(settings.database_url)
    started = run(lambda: ComplaintClassifier.load(model, policy=policy, gate=gate), settings=settings)
    if not started:
        raise typer.Exit(1)
