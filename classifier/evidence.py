"""Picks the words that carried each label: whole sentences of the story, quoted to the letter."""

import numpy as np
from numpy.typing import NDArray

from classifier.assessment import Evidence
from classifier.labels import LABELS, Label
from classifier.story import Span, Story

MOST_QUOTES = 3
"""Most quotes for one label; a moderator reads at a glance."""


def pick_evidence(
    story: Story,
    *,
    sentences: tuple[Span, ...],
    probabilities: NDArray[np.float64],
    floors: dict[Label, float],
) -> tuple[Evidence, ...]:
    """The best sentence of each label in ``floors``, and up to two more at or above the label's floor.

    ``probabilities``: shape (sentences, 4), in 0..1. Quotes of a label come best first.
    """
    picked = []
    for label, floor in floors.items():
        column = probabilities[:, LABELS.index(label)]
        best = np.argsort(-column, kind="stable")[:MOST_QUOTES]
        rows = [row for rank, row in enumerate(best) if rank == 0 or column[row] >= floor]
        picked += [_quote(story, label, sentences[row], float(column[row])) for row in rows]
    return tuple(picked)


def _quote(story: Story, label: Label, span: Span, score: float) -> Evidence:
    return Evidence(
        label=label, text=story.quote(span), field=span.field, start=span.start, end=span.end, score=score
    )
