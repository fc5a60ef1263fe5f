"""A page about a scored backlog: counts by action and label, by month, and which stories to look at first.

Stories are named by id alone, so the page may go where their words may not.
"""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from classifier.assessment import Action
from classifier.backlog.job import Job
from classifier.backlog.places import write_whole
from classifier.backlog.score import Outcome
from classifier.errors import RowError
from classifier.labels import LABELS


def check_report(file: Path) -> None:
    """To be asked before stories are scored: whether a page can go there.

    Raises:
        RowError: its name does not end with .html, or there is no such folder.
    """
    if file.suffix != ".html":
        raise RowError(f"{file}: the report is a page. Give it a name that ends with .html.")
    if not file.parent.is_dir():
        raise RowError(f"{file.parent}: no such folder. Make it first, or name another.")


def write_report(file: Path, job: Job, outcome: Outcome, *, now: datetime | None = None) -> None:
    """Writes the page.

    Raises:
        RowError: it cannot be written, or ``check_report`` refuses it.
    """
    check_report(file)
    try:
        write_whole(file, render_report(job, outcome, now=now or datetime.now(UTC)).encode())
    except OSError as error:
        raise RowError(f"{file}: cannot be written ({error.strerror}). Name another file.") from None


def render_report(job: Job, outcome: Outcome, *, now: datetime) -> str:
    """The page as HTML, with nothing fetched from elsewhere."""
    facts, tally = job.recipe().facts(), outcome.tally
    months = {month or "without a date": counts for month, counts in sorted(tally.months.items())}
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        (files("classifier.backlog") / "report.html").read_text(encoding="utf-8")
    )
    return template.render(
        source="standard input" if job.stream else job.source,
        facts=facts,
        tally=tally,
        actions=[str(action) for action in Action],
        labels=[str(label) for label in LABELS],
        months=months,
        busiest=max((sum(counts[str(a)] for a in Action) for counts in months.values()), default=0),
        written=now.strftime("%d %B %Y, %H:%M UTC"),
    )
