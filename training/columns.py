"""The same few figures for unlike stories, side by side.

The frozen test set is hard on purpose, dev has ordinary posts and plainly told complaints apart, and comments
from outside show the rest of the world. No column alone says how good a model is.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training.comments import CommentFigures, per_thousand
from training.evaluate import Judged, fitting
from training.slices import ordinary, plain_explicit
from training.stories import LabelledStory


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Counts over some stories.

    ``false_pauses``: paused, of those without any label. ``found``: of those with a label, how many got a
    fitting label or a review. ``exact``: stories whose label set is just right (None: not measured).
    """

    stories: int
    unlabelled: int
    false_pauses: int
    labelled: int
    found: int
    exact: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON, with the false pauses per 1,000 stories without a label."""
        rate = per_thousand(self.false_pauses, self.unlabelled) if self.unlabelled else None
        return asdict(self) | {"false_pauses_per_1000": rate}


def measure_columns(
    judged: Sequence[Judged],
    *,
    name: str,
    dev: Sequence[Judged],
    comments: CommentFigures | None = None,
) -> dict[str, Column]:
    """A column for ``judged`` under ``name``, for the ordinary and the plain explicit stories of ``dev``, and
    for outside comments where they were measured. Borderline stories must be left out beforehand."""
    columns = {
        name: count(judged),
        "ordinary": count([item for item in dev if ordinary(item.labelled)]),
        "plain_explicit": count([item for item in dev if plain_explicit(item.labelled)]),
    }
    return columns | ({"comments": count_comments(comments)} if comments else {})


def in_a_column(labelled: LabelledStory) -> bool:
    """Whether a dev story belongs to one of the columns, so that the others need not be read."""
    return ordinary(labelled) or plain_explicit(labelled)


def count(judged: Sequence[Judged]) -> Column:
    """The column of some judged stories."""
    with_label = [item for item in judged if item.gold]
    without = [item for item in judged if not item.gold]
    return Column(
        stories=len(judged),
        unlabelled=len(without),
        false_pauses=sum(item.paused for item in without),
        labelled=len(with_label),
        found=sum(fitting(i.labels, action=i.action, defensible=(i.gold,)) for i in with_label),
        exact=sum(item.exact for item in judged),
    )


def count_comments(figures: CommentFigures) -> Column:
    """The column of the outside comments."""
    return Column(
        stories=figures.comments,
        unlabelled=figures.unlabelled,
        false_pauses=len(figures.false_pauses),
        labelled=figures.labelled,
        found=len(figures.found),
        exact=None,
    )
