"""Scores a file of stories into a file of assessments: good rows answered, bad rows kept apart."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from classifier.assess import ComplaintClassifier
from classifier.assessment import Action
from classifier.backlog.rows import Row, check_suffix, read_rows
from classifier.backlog.sinks import open_sink, to_json
from classifier.errors import RowError
from classifier.labels import Label
from classifier.story import Story


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a file: counts of stories by action and by label, and of rejected rows."""

    stories: int
    rejected: int
    actions: dict[Action, int]
    labels: dict[Label, int]
    rejects: Path | None


def rejects_file(output: Path) -> Path:
    """Where the rows that are no stories go: beside the output."""
    return output.with_name(output.stem + ".rejects.jsonl")


def score_file(
    source: Path,
    output: Path,
    *,
    classifier: ComplaintClassifier,
    workers: int = 2,
    on_row: Callable[[Action | None], None] = lambda action: None,
) -> Summary:
    """Reads ``source``, writes one assessment a story to ``output``, in the same order.

    Args:
        workers: stories read at the same time, at least 1.
        on_row: called after each row with its action, or None for a rejected one.

    Raises:
        RowError: the input as a whole cannot be read, or the output cannot be written.
    """
    check_suffix(output)
    if output.resolve() == source.resolve():
        raise RowError(f"{output}: is the input too. Name another file for the answers.")
    if rejects_file(output).resolve() == source.resolve():
        raise RowError(f"{source}: is where rejected rows of {output.name} go. Rename the input.")
    if not output.parent.is_dir():
        raise RowError(f"{output.parent}: no such folder. Make it first, or name another.")
    actions, labels, rejected = Counter[Action](), Counter[Label](), list[Row]()
    with open_sink(output) as sink:
        stories = _stories(source, rejected, on_row)
        for assessment in classifier.assess_many(stories, workers=workers):
            sink.write(assessment)
            actions[assessment.action] += 1
            labels.update(assessment.labels)
            on_row(assessment.action)
    return Summary(actions.total(), len(rejected), dict(actions), dict(labels), _keep_apart(rejected, output))


def _stories(source: Path, rejected: list[Row], on_row: Callable[[Action | None], None]) -> Iterator[Story]:
    for row in read_rows(source):
        if row.story is None:
            rejected.append(row)
            on_row(None)
        else:
            yield row.story


def _keep_apart(rejected: list[Row], output: Path) -> Path | None:
    file = rejects_file(output)
    file.unlink(missing_ok=True)
    if not rejected:
        return None
    lines = [to_json({"place": row.place, "id": row.id, "error": row.fault}) for row in rejected]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
