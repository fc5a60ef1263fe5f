"""`models`: the versions in the registry."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown

from training.commands.options import TRACKING_URI, TrackingOption
from training.tables import versions_table


def models(
    tracking_uri: TrackingOption = TRACKING_URI,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the registered versions, oldest first, with aliases and figures as the gate last measured them.

    Example: complaint-context models --tracking-uri sqlite:///mlflow.db
    """
    from training.registry import Registry  # MLflow is slow to import, and few commands need it

    versions = [asdict(version) for version in Registry(tracking_uri).versions()]
    if as_json:
        print(json.dumps(versions))
    elif versions:
        Console().print(Markdown(versions_table(versions)))
    else:
        print(f"{tracking_uri}: no version yet. Register one with `promote`.")
