"""Measures a bundle on labelled comments from outside the project: evaluation only, never training.

Such a file is JSONL with id, title, text and labels; ``borderline`` and ``alt`` (another defensible label
set) may be there. Nothing of it is kept.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from classifier.assess import ComplaintClassifier
from classifier.assessment import Action, Assessment
from classifier.errors import StoryError
from classifier.labels import Label
from classifier.story import Story
from training.evaluate import fitting
from training.stories import RecordError


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment and every label set that readers would defend for it, the first choice first."""

    story: Story
    defensible: tuple[frozenset[Label], ...]
    borderline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentFigures:
    """Counts on outside comments.

    ``false_pauses``: ids paused though readers gave no label. ``found``: ids of labelled comments that got
    a defensible label set, a label of one, or a review; ``missed``: the other labelled ones. ``reviews``: how
    many without any label were sent to review.
    """

    comments: int
    unlabelled: int
    labelled: int
    false_pauses: tuple[str, ...]
    found: tuple[str, ...]
    missed: tuple[str, ...]
    reviews: int

    @property
    def false_pauses_per_1000(self) -> float:
        """False pauses out of 1,000 comments without a label."""
        return per_thousand(len(self.false_pauses), self.unlabelled)

    def counts(self) -> dict[str, float]:
        """Numbers only, for a bundle's manifest: nothing that leads back to a comment."""
        return {
            "comments": self.comments,
            "unlabelled": self.unlabelled,
            "labelled": self.labelled,
            "false_pauses": len(self.false_pauses),
            "false_pauses_per_1000": self.false_pauses_per_1000,
            "reviews": self.reviews,
            "found": len(self.found),
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "false_pauses_per_1000": self.false_pauses_per_1000}


def read_comments(file: Path) -> list[Comment]:
    """Comments of ``file``; ones without any words are left out.

    Raises:
        RecordError: a line is no such record, with ``file:line`` and never its words.
    """
    try:
        with file.open("rb") as lines:
            rows = [(f"{file}:{number}", line) for number, line in enumerate(lines, start=1) if line.strip()]
    except OSError as error:
        raise RecordError(f"{file}: {error.strerror}. Name a JSONL file of labelled comments.") from None
    found = [_read(line, place=place) for place, line in rows]
    return [comment for comment in found if comment is not None]


def measure_comments(comments: list[Comment], *, classifier: ComplaintClassifier) -> CommentFigures:
    """Assesses every comment and counts."""
    assessments = list(classifier.assess_many(comment.story for comment in comments))
    pairs = list(zip(comments, assessments, strict=True))
    labelled = [(c, a) for c, a in pairs if c.defensible[0]]
    plain = [(c, a) for c, a in pairs if not c.defensible[0]]
    found = [c.story.id for c, a in labelled if fits(c, a)]
    return CommentFigures(
        comments=len(pairs),
        unlabelled=len(plain),
        labelled=len(labelled),
        false_pauses=tuple(c.story.id for c, a in plain if a.action is Action.PAUSE),
        found=tuple(found),
        missed=tuple(c.story.id for c, a in labelled if not fits(c, a)),
        reviews=sum(a.action is Action.REVIEW for _, a in plain),
    )


def fits(comment: Comment, assessment: Assessment) -> bool:
    """Whether a labelled comment got a label that a reader would defend, or went to a person."""
    return fitting(assessment.labels, action=assessment.action, defensible=comment.defensible)


def per_thousand(part: int, whole: int) -> float:
    """``part`` out of 1,000; of nothing, none."""
    return 1000 * part / max(whole, 1)


def _read(line: bytes, *, place: str) -> Comment | None:
    try:
        return _comment(json.loads(line))
    except KeyError as error:
        fault = f"{error.args[0]} is missing"
    except StoryError as error:
        raise RecordError(f"{place}: {error}") from None
    except (ValueError, TypeError) as error:
        fault = str(error)
    raise RecordError(f"{place}: {fault}. Give one JSON object with id, title, text and labels.")


def _comment(record: Any) -> Comment | None:
    if not isinstance(record, dict):
        raise TypeError("not a JSON object")
    title, text = record.get("title") or "", record["text"] or ""
    if not f"{title}{text}".strip():
        return None
    sets = [frozenset(map(Label, record["labels"]))]
    if record.get("alt") is not None:
        sets.append(frozenset(map(Label, record["alt"])))
    story = Story(id=str(record["id"]), title=title, text=text)
    return Comment(story=story, defensible=tuple(sets), borderline=bool(record.get("borderline")))
