"""`rollback`: make the champion before the present one champion again."""

from typing import Annotated

import typer

from training.commands.options import TRACKING_URI, IntoOption, TrackingOption


def rollback(
    into: IntoOption = None,
    to: Annotated[
        int | None, typer.Option(metavar="VERSION", help="An earlier champion; default the previous one.")
    ] = None,
    tracking_uri: TrackingOption = TRACKING_URI,
) -> None:
    """Go back to the previous champion; its files are kept in the registry.

    Example: complaint-context rollback --into models/complaint-context
    """
    from training.placing import check_place  # MLflow is slow to import, and few commands need it
    from training.promotion import serve
    from training.registry import Registry

    if into is not None:
        check_place(into)
    registry = Registry(tracking_uri)
    version = registry.earlier(to)
    serve(version, registry=registry, into=into)
    registry.roll_back(version.number)
    print(f"champion: version {version.number} ({version.bundle})")
    if into is not None:
        print(f"{into}: version {version.number}")
