"""The command ``complaint-context serve``: a shim over ``serve.server.run``."""

from pathlib import Path
from typing import Annotated

import typer

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from serve.settings import read_settings


def serve(
    host: Annotated[
        str | None, typer.Option(help="Loopback address to listen on  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one  [default: 8000]")] = None,
    model: Annotated[Path, typer.Option(help="Folder of a model bundle.")] = RELEASED,
    policy: Annotated[Path | None, typer.Option(help="Another site's policy file (TOML).")] = None,
    threads: Annotated[int | None, typer.Option(help="Stories read at the same time  [default: 2]")] = None,
) -> None:
    """Answer over HTTP, with a page at / to try a story and the contract at /docs.

    Host, port and threads can also come from COMPLAINT_CONTEXT_HOST and so on.

    Example: complaint-context serve --port 8000
    """
    settings = read_settings(host=host, port=port, threads=threads)
    from serve.server import run  # the web framework is slow to import and only this command needs it

    started = run(lambda: ComplaintClassifier.load(model, policy=policy), settings=settings)
    if not started:
        raise typer.Exit(1)
