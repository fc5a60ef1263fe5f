"""From a file of unlabelled stories to a file of those to label next."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from classifier.assess import ComplaintClassifier
from classifier.backlog.rows import Row, read_rows
from classifier.errors import RowError
from classifier.story import Story
from training.interchange.tasks import to_prediction
from training.interchange.whole_file import open_whole
from training.progress import Track, quietly
from training.suggest.choice import Pick, choose
from training.suggest.views import View, Why, look


class Form(StrEnum):
    """How the chosen stories are written."""

    JSONL = "jsonl"
    LABEL_STUDIO = "label-studio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What came of a file: picks by reason, rows that are no stories, stories labelled before."""

    picked: dict[Why, int]
    rejected: tuple[Row, ...]
    labelled_before: int

    @property
    def stories(self) -> int:
        """How many were picked."""
        return sum(self.picked.values())


def suggest_file(
    source: Path,
    output: Path,
    *,
    classifier: ComplaintClassifier,
    labelled: Sequence[Story],
    count: int,
    seed: int,
    form: Form,
    track: Track = quietly,
) -> Suggested:
    """Writes the stories of ``source`` to label next; without any, ``output`` is left alone.

    Args:
        labelled: stories with labels already; they and their near-duplicates are passed over.

    Raises:
        RowError, RecordError: the input as a whole cannot be read, or the output cannot be written.
    """
    if output.resolve() == source.resolve():
        raise RowError(f"{output}: is the input too. Name another file for the suggestions.")
    rows = list(read_rows(source))
    known = {story.id for story in labelled}
    found = [row.story for row in rows if row.story is not None]
    fresh = [story for story in found if story.id not in known]
    views = _views(fresh, classifier=classifier, track=track)
    picks = choose(views, labelled=labelled, count=count, seed=seed)
    if picks:
        _write(picks, output, form=form)
    return Suggested(
        picked={why: sum(pick.why is why for pick in picks) for why in Why},
        rejected=tuple(row for row in rows if row.story is None),
        labelled_before=len(found) - len(fresh),
    )


def to_row(pick: Pick) -> dict[str, Any]:
    """A row of JSONL: what the model says stands under names that no human label has."""
    story, assessment = pick.view.story, pick.view.assessment
    return {
        "id": story.id,
        "title": story.title,
        "text": story.text,
        "why": pick.view.reason(pick.why),
        "suggested_labels": [str(label) for label in assessment.labels],
        "scores": {str(label): score for label, score in assessment.scores.items()},
        "model": assessment.model,
    }


def to_task(pick: Pick) -> dict[str, Any]:
    """A task of Label Studio, with what the model says as a prediction."""
    return to_prediction(
        pick.view.story, assessment=pick.view.assessment, more={"why": pick.view.reason(pick.why)}
    )


def _views(stories: Sequence[Story], *, classifier: ComplaintClassifier, track: Track) -> list[View]:
    pairs = zip(stories, classifier.assess_many(stories), strict=True)
    return [
        look(story, assessment=assessment, bundle=classifier.bundle)
        for story, assessment in track(pairs, doing="reading", total=len(stories))
    ]


def _write(picks: Sequence[Pick], output: Path, *, form: Form) -> None:
    with open_whole(output) as stream:
        if form is Form.LABEL_STUDIO:
            json.dump([to_task(pick) for pick in picks], stream, ensure_ascii=False, indent=1)
            stream.write("\n")
        else:
            stream.writelines(json.dumps(to_row(pick), ensure_ascii=False) + "\n" for pick in picks)
