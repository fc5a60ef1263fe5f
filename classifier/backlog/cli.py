"""The commands `complaint-context score` and `complaint-context rescore`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from classifier.assessment import to_json
from classifier.backlog.crew import Crew, InProcess, Processes
from classifier.backlog.job import Job
from classifier.backlog.places import STREAM, Form
from classifier.backlog.progress import ScoreProgress
from classifier.backlog.report import check_report, write_report
from classifier.backlog.rescore import Rescoring
from classifier.backlog.rescore import rescore as rescore_backlog
from classifier.backlog.rows import Columns
from classifier.backlog.score import MakeCrew, Outcome, score_to_stream
from classifier.backlog.score import score as score_backlog
from classifier.backlog.scorer import Recipe
from classifier.backlog.shards import SHARD_ROWS
from classifier.backlog.summary import print_changes, print_summary, summarise
from classifier.bundle import RELEASED
from classifier.options import GateOption, ModelOption, PolicyOption


class Engine(StrEnum):
    """Where workers run."""

    LOCAL = "local"
    RAY = "ray"


WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Processes that score; by default one for each core.")
]
EngineOption = Annotated[Engine, typer.Option(help="Workers on this machine, or on a Ray cluster.")]
AddressOption = Annotated[
    str | None, typer.Option(help="Of a running Ray cluster (auto: on this machine); else one is started.")
]
CpusOption = Annotated[float, typer.Option(help="Cores that a Ray worker keeps; may be 0.5.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Progress and summary as JSON lines.")]


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
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    address: AddressOption = None,
    cpus_per_worker: CpusOption = 1.0,
    shard_size: Annotated[int, typer.Option(min=1, help="Rows kept together.")] = SHARD_ROWS,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Keep what a run before has scored.")
    ] = True,
    report: Annotated[Path | None, typer.Option(help="Also write a page about the answers (.html).")] = None,
    as_json: JsonOption = False,
    model: ModelOption = RELEASED,
    policy: PolicyOption = None,
    gate: GateOption = True,
) -> None:
    """Assess a backlog of stories, one assessment a row, in the order of the input.

    Bad rows go to OUTPUT.rejects.jsonl. A run that was stopped goes on when the same command is given again.

    Example: complaint-context score 'stories/*.jsonl.gz' assessments.jsonl --report report.html
    """
    if report:
        check_report(report)
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
    with ScoreProgress(as_json=as_json) as progress, _stoppable(kept=not job.to_stream):
        outcome = _run(job, make_crew, progress, as_json=as_json)
    _tell(job, outcome, seconds=progress.elapsed_s, as_json=as_json)
    if report:
        write_report(report, job, outcome)
    if not outcome.tally.stories:
        raise typer.Exit(1)


def rescore(
    before: Annotated[str, typer.Argument(help="What `score` wrote before: a file, or a folder of parts.")],
    output: Annotated[Path, typer.Argument(help="JSON lines to write: the stories whose decision changes.")],
    stories: Annotated[
        str | None, typer.Option(help="The stories; needed where the model is another. As INPUT of `score`.")
    ] = None,
    answers: Annotated[
        str | None, typer.Option(help="Also keep all new answers here. As OUTPUT of `score`.")
    ] = None,
    id_column: Annotated[str, typer.Option(help="What the stories call it.")] = "id",
    title_column: Annotated[str, typer.Option(help="What the stories call it; may be missing.")] = "title",
    text_column: Annotated[str, typer.Option(help="What the stories call it.")] = "text",
    workers: WorkersOption = None,
    engine: EngineOption = Engine.LOCAL,
    address: AddressOption = None,
    cpus_per_worker: CpusOption = 1.0,
    as_json: JsonOption = False,
    model: ModelOption = RELEASED,
    policy: PolicyOption = None,
    gate: GateOption = True,
) -> None:
    """What another model or policy would change in a scored backlog: each story, what changes, and why.

    Where only the policy is another, the answers tell; else the stories are scored again, as by `score`.

    Example: complaint-context rescore assessments.jsonl changes.jsonl --policy new_policy.toml
    """
    if answers and stories is None:
        raise typer.BadParameter("goes with --stories", param_hint="--answers")
    request = Rescoring(
        before=before,
        output=output,
        source=stories,
        answers=answers,
        columns=Columns(id=id_column, title=title_column, text=text_column),
        model=model,
        policy=policy,
        gate=gate,
    )
    make_crew = _make_crew(engine, workers, address, cpus_per_worker)
    with ScoreProgress(as_json=as_json) as progress, _stoppable(kept=stories is not None):
        changes = rescore_backlog(request, make_crew=make_crew, on_step=progress.show)
    if as_json:
        print(to_json({"event": "done", "output": str(output), **changes.to_dict()}), file=sys.stderr)
    else:
        print_changes(request, changes, console=Console(stderr=True, highlight=False))


def _run(job: Job, make_crew: MakeCrew, progress: ScoreProgress, *, as_json: bool) -> Outcome:
    if not job.to_stream:
        return score_backlog(job, make_crew=make_crew, on_step=progress.show)
    return score_to_stream(
        job,
        sys.stdout.buffer,
        on_reject=partial(_tell_reject, as_json=as_json),
        make_crew=make_crew,
        on_step=progress.show,
    )


def _tell_reject(reject: dict[str, Any], *, as_json: bool) -> None:
    """At once: there may be more of them than memory holds."""
    said = to_json({"event": "reject", **reject}) if as_json else f"{reject['place']}: {reject['error']}"
    print(said, file=sys.stderr)


@contextmanager
def _stoppable(*, kept: bool) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        more = " What is done is kept; the same command goes on from there." if kept else ""
        print(f"complaint-context: stopped.{more}", file=sys.stderr)
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
