"""Picks the words that carried each label: whole sentences of the story, quoted to the letter.

Sentences that adjoin and each show the label are quoted as one passage, since people say it in two breaths
("We wrote to the board in May. Still nothing.").
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from classifier.assessment import Evidence
from classifier.labels import LABELS, Label
from classifier.story import Span, Story

MOST_QUOTES = 3
"""Most quotes for one label; a moderator reads at a glance."""

MOST_SENTENCES = 3
"""Longest passage, in sentences."""

_SHORT_WORDS = 6
"""A sentence of so many words counts half as strongly as its score says when quotes are ranked: the score
of a fragment is a mean over few words, and says little to a reader."""


def pick_evidence(
    story: Story,
    *,
    sentences: tuple[Span, ...],
    probabilities: NDArray[np.float64],
    floors: dict[Label, float],
) -> tuple[Evidence, ...]:
    """Up to three passages for each label in ``floors``, best first; the best sentence's always.

    A passage is a run of neighbouring sentences of one field, each at or above the label's floor, at most
    three long; its score is that of its best sentence.

    ``probabilities``: shape (sentences, 4), in 0..1.
    """
    if not floors:
        return ()
    words = np.array([len(story.quote(span).split()) for span in sentences])
    picked = []
    for label, floor in floors.items():
        column = probabilities[:, LABELS.index(label)]
        passages = _passages(column, _strength(column, words), sentences, floor)
        for rows in islice(passages, MOST_QUOTES):
            picked.append(_quote(story, label, [sentences[row] for row in rows], float(column[rows].max())))
    return tuple(picked)


def _strength(column: NDArray[np.float64], words: NDArray[np.int_]) -> NDArray[np.float64]:
    """Log-odds of each sentence, those in favour damped where the sentence is short."""
    safe = np.clip(column, 1e-6, 1 - 1e-6)
    odds = np.log(safe / (1 - safe))
    return np.where(odds > 0, odds * words / (words + _SHORT_WORDS), odds)


def _passages(
    column: NDArray[np.float64], strength: NDArray[np.float64], sentences: tuple[Span, ...], floor: float
) -> Iterator[list[int]]:
    """Rows of each passage, strongest first; no sentence stands in two."""
    taken: set[int] = set()
    ranked = np.argsort(-strength, kind="stable").tolist()
    for best in [row for row in ranked if column[row] >= floor] or ranked[:1]:
        if best not in taken:
            rows = _grow(best, column, sentences, floor, taken)
            taken.update(rows)
            yield rows


def _grow(
    best: int, column: NDArray[np.float64], sentences: tuple[Span, ...], floor: float, taken: set[int]
) -> list[int]:
    """``best`` and the neighbours that show the label too, those after it first."""
    rows = [best]
    for step in (1, -1):
        row = best + step
        while len(rows) < MOST_SENTENCES and 0 <= row < len(sentences) and row not in taken:
            if column[row] < floor or sentences[row].field != sentences[best].field:
                break
            rows.append(row)
            row += step
    return sorted(rows)


def _quote(story: Story, label: Label, spans: list[Span], score: float) -> Evidence:
    passage = Span(spans[0].field, spans[0].start, spans[-1].end)
    return Evidence(
        label=label,
        text=story.quote(passage),
        field=passage.field,
        start=passage.start,
        end=passage.end,
        score=score,
    )
