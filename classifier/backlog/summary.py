"""What came of a backlog, at its end: a table for people, one JSON line for programs."""

from typing import Any

from rich.console import Console
from rich.table import Table

from classifier.assessment import Action
from classifier.backlog.job import Job
from classifier.backlog.rescore import Changes, Rescoring
from classifier.backlog.score import Outcome
from classifier.labels import LABELS


def summarise(job: Job, outcome: Outcome, *, seconds: float) -> dict[str, Any]:
    """For programs: event, output, counts, shards by what was done with them, seconds."""
    counts = outcome.tally.to_dict()
    return {
        "event": "done",
        "output": job.output,
        "rejects": str(outcome.rejects) if outcome.rejects else None,
        **{name: counts[name] for name in ("stories", "rejected", "actions", "labels", "signals", "months")},
        "shards": outcome.shards,
        "shards_done_before": outcome.kept,
        "shards_done_anew": outcome.redone,
        "changed": list(outcome.changed),
        "seconds": round(seconds, 1),
    }


def print_summary(job: Job, outcome: Outcome, *, seconds: float, console: Console) -> None:
    """A table of actions and labels, then a line for whatever else an operator has to know."""
    tally = outcome.tally
    table = Table("", "stories", "share", box=None, pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for name, number in (
        *((f"{action}", tally.actions[action]) for action in Action),
        *((f"label {label}", tally.labels[label]) for label in LABELS),
    ):
        table.add_row(name, f"{number:,}", f"{number / tally.stories:.2%}" if tally.stories else "-")
    console.print(table)
    _print(_lines(job, outcome, seconds), console)


def print_changes(request: Rescoring, changes: Changes, *, console: Console) -> None:
    """A table of the decisions that change, then a line for whatever else an operator has to know."""
    if changes.moves:
        table = Table("before", "after", "stories", box=None, pad_edge=False)
        table.columns[2].justify = "right"
        for (before, after), number in changes.moves.most_common():
            table.add_row(before, after, f"{number:,}")
        console.print(table)
    lines = [f"{request.output}: stories whose decision changes: {changes.changed} of {changes.stories}."]
    if changes.why:
        lines.append(
            "Because of: " + ", ".join(f"{why} {number}" for why, number in changes.why.most_common())
        )
    if changes.guidance:
        lines.append(f"With the same decision and other guidance (not written): {changes.guidance}.")
    if changes.new:
        lines.append(f"Without an answer before (not written): {changes.new}.")
    if changes.gone:
        lines.append(f"With an answer before, and no longer among the stories: {changes.gone}.")
    _print(lines, console)


def _print(lines: list[str], console: Console) -> None:
    for line in lines:  # the names of files may look like markup
        console.print(line, soft_wrap=True, markup=False, emoji=False)


def _lines(job: Job, outcome: Outcome, seconds: float) -> list[str]:
    tally = outcome.tally
    actions = ", ".join(f"{tally.actions[action]} {action}" for action in Action)
    lines = [f"{job.output}: stories: {tally.stories}; {actions}"]
    if outcome.kept == outcome.shards and outcome.shards:
        lines.append(
            "All of it had been scored before, with the same model and policy; nothing was left to do."
        )
    elif outcome.kept:
        lines.append(f"{outcome.kept} of {outcome.shards} shards had been scored before and were kept.")
    if outcome.redone:
        why = f"with another {', '.join(outcome.changed)}" if outcome.changed else "from other stories"
        lines.append(f"{outcome.redone} shards had been scored {why}, and were scored anew.")
    if damaged := tally.signals["encoding_fault"]:
        lines.append(
            f"Stories with damaged characters (signal encoding_fault): {damaged}. Where there are many, look "
            "at how the file was exported."
        )
    if foreign := tally.signals["other_language"]:
        lines.append(f"Stories with words in another language, which are not read: {foreign}.")
    if tally.rejected:
        where = f"{outcome.rejects}: " if outcome.rejects else ""
        lines.append(
            f"{where}rows that are no stories: {tally.rejected}, each with its reason. "
            "Mend them and score them again."
        )
    return lines
