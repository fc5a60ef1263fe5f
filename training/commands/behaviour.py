"""`behaviour`: whether a bundle reads like a careful moderator, by phenomenon."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from classifier.assess import ComplaintClassifier
from classifier.bundle import RELEASED
from training.behaviour import (
    measure_behaviour,
    read_cases,
    render_known_misses,
    render_rates,
    run_cases,
)
from training.commands.options import CASES, ModelOption


def behaviour(
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="JSONL of behavioural cases.")] = CASES,
    model: ModelOption = RELEASED,
    write_known_misses: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what the bundle misses into this TOML file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Run the behavioural cases through a bundle; print pass rates, worst phenomenon first.

    Example: complaint-context behaviour --write-known-misses tests/behavioural/known_misses.toml
    """
    classifier = ComplaintClassifier.load(model)
    outcomes = run_cases(read_cases(cases), classifier=classifier)
    figures = measure_behaviour(outcomes)
    if write_known_misses:
        write_known_misses.write_text(render_known_misses(outcomes), encoding="utf-8")
        print(f"{write_known_misses}: {figures.cases - figures.passed} known misses", file=sys.stderr)
    if as_json:
        print(json.dumps(figures.to_dict()))
        return
    print(f"{classifier.bundle.name}: {figures.passed} of {figures.cases} cases pass")
    print(render_rates(figures))
