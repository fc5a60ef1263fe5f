"""The command `complaint-context score`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from classifier.assessment import to_json
from classifier.backlog.crew import Crew, InProcess, Processes
from classifier.backlog.job import Job
from classifier.backlog.places import STREAM, Form
from classifier.backlog.progress import ScoreProgress
from classifier.backlog.report import write_report
from classifier.backlog.rows import Columns
from classifier.backlog.score import MakeCrew, Outcome, score_to_stream
from classifier.backlog.score import score as score_backlog
from classifier.backlog.scorer import Recipe
from classifier.backlog.shards import SHARD_ROWS
from classifier.backlog.summary import print_summary, summarise
from classifier.bundle import RELEASED
from classifier.options import GateOption, ModelOption, PolicyOption


class Engine(StrEnum):
    """Where workers run."""

    LOCAL = "local"
    RAY = "ray"


def score(
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="JSONL or CSV (also .gz, .zst), Parquet; a folder, quoted pattern, address; - for stdin.",
        ),
    ],
    output: Annotated[
        str,
        typer.Argument(
            metavar="OUTPUT", help="JSONL, CSV or Parquet; any other name is a folder of parts; - for stdout."
        ),
    ],
    id_column: Annotated[str, typer.Option(help="What the input calls it.")] = "id",
    title_column: Annotated[str, typer.Option(help="What the input calls it; may be missing.")] = "title",
    text_column: Annotated[str, typer.Option(help="What the input calls it.")] = "text",
    date_column: Annotated[
        str | None, typer.Option(help="A date for each story, to count by month in the report.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", help="Of stdin and stdout: jsonl or csv.")] = Form.JSONL,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that score; by default one for each core.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="Workers on this machine, or on a Ray cluster.")
    ] = Engine.LOCAL,
    address: Annotated[
        str | None,
        typer.Option(help="Of a running Ray cluster (auto: on this machine); else one is started."),
    ] = None,
    cpus_per_worker: Annotated[float, typer.Option(help="Cores that a Ray worker keeps; may be 0.5.")] = 1.0,
    shard_size: Annotated[int, typer.Option(min=1, help="Rows kept together.")] = SHARD_ROWS,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Keep what a run before has scored.")
    ] = True,
    report: Annotated[Path | None, typer.Option(help="Also write a page about the answers (.html).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Progress and summary as JSON lines.")] = False,
    model: ModelOption = RELEASED,
    policy: PolicyOption = None,
    gate: GateOption = True,
) -> None:
    """Assess a backlog of stories, one assessment a row, in the order of the input.

    Bad rows go to OUTPUT.rejects.jsonl. A run that was stopped goes on when the same command is given again.

    Example: complaint-context score 'stories/*.jsonl.gz' assessments.jsonl --report report.html
    """
    job = Job(
        source=source,
        output=output,
        columns=Columns(id=id_column, title=title_column, text=text_column, date=date_column),
        stream=sys.stdin.buffer if source == STREAM else None,
        stream_form=_stream_form(form),
        shard_rows=shard_size,
        resume=resume,
        model=model,
        policy=policy,
        gate=gate,
    )
    make_crew = _make_crew(engine, workers, address, cpus_per_worker)
    with ScoreProgress(as_json=as_json) as progress, _stoppable(job):
        outcome = _run(job, make_crew, progress)
    _tell(job, outcome, seconds=progress.elapsed_s, as_json=as_json)
    if report:
        write_report(report, job, outcome)
    if not outcome.tally.stories:
        raise typer.Exit(1)


def _run(job: Job, make_crew: MakeCrew, progress: ScoreProgress) -> Outcome:
    if not job.to_stream:
        return score_backlog(job, make_crew=make_crew, on_step=progress.show)
    outcome, rejects = score_to_stream(job, sys.stdout.buffer, make_crew=make_crew, on_step=progress.show)
    for reject in rejects:
        print(f"{reject['place']}: {reject['error']}", file=sys.stderr)
    return outcome


@contextmanager
def _stoppable(job: Job) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        kept = "" if job.to_stream else " What is done is kept; the same command goes on from there."
        print(f"complaint-context: stopped.{kept}", file=sys.stderr)
        raise SystemExit(130) from None


def _stream_form(form: Form) -> Form:
    if form is Form.PARQUET:
        raise typer.BadParameter("Parquet cannot be streamed; jsonl or csv can", param_hint="--format")
    return form


def _make_crew(engine: Engine, workers: int | None, address: str | None, cpus: float) -> MakeCrew:
    if engine is Engine.RAY:
        from classifier.backlog.cluster import RayCrew

        return partial(RayCrew, address=address, workers=workers, cpus=cpus)
    if address:
        raise typer.BadParameter("goes with --engine ray", param_hint="--address")
    number = workers or len(os.sched_getaffinity(0))
    return InProcess if number == 1 else partial(_processes, workers=number)


def _processes(recipe: Recipe, *, workers: int) -> Crew:
    return Processes(recipe, workers=workers)


def _tell(job: Job, outcome: Outcome, *, seconds: float, as_json: bool) -> None:
    if as_json:
        print(to_json(summarise(job, outcome, seconds=seconds)), file=sys.stderr)
    else:
        print_summary(job, outcome, seconds=seconds, console=Console(stderr=True, highlight=False))
