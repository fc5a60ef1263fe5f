"""What model and cue net say of a story, and how much that makes it worth a label."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from classifier.assessment import Assessment
from classifier.bundle import Bundle
from classifier.cues import has_cue
from classifier.labels import LABELS, Label
from classifier.story import Story

_LEAST = 1e-6
"""Probabilities come to six places; nearer to 0 or 1 nothing is known."""


class Why(StrEnum):
    """What a story was picked for."""

    UNCERTAIN = "uncertain"
    LABEL_WITHOUT_CUE = "label_without_cue"
    CUE_WITHOUT_LABEL = "cue_without_label"
    RANDOM = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A story as the model reads it.

    ``margins``: for each label by how many log-odds its probability is above (below: negative) its ``review``
    threshold. ``distance``: how near, in log-odds, any probability is to a threshold of its label;
    ``nearest`` and ``threshold`` say which label and threshold. ``cue``: whether the cue net finds anything.
    """

    story: Story
    assessment: Assessment
    margins: dict[Label, float]
    distance: float
    nearest: Label
    threshold: float
    cue: bool

    @property
    def top(self) -> Label:
        """The label furthest above its ``review`` threshold, or least below it."""
        return max(LABELS, key=lambda label: self.margins[label])

    @property
    def margin(self) -> float:
        """The margin of that label: from 0 on, somebody would look at the story."""
        return self.margins[self.top]

    def reason(self, why: Why) -> str:
        """Why it was picked, to be read by whoever labels it."""
        near, top = (f"{label} at {self.assessment.scores[label]:.2f}" for label in (self.nearest, self.top))
        return {
            Why.UNCERTAIN: f"uncertain: {near}, near its threshold {self.threshold:.2f}",
            Why.LABEL_WITHOUT_CUE: f"disagreement: {top}, though no cue of a complaint is found",
            Why.CUE_WITHOUT_LABEL: f"disagreement: a cue of a complaint is found, though no label ({top})",
            Why.RANDOM: "random: drawn blindly, to show what the model does not know",
        }[why]


def look(story: Story, *, assessment: Assessment, bundle: Bundle) -> View:
    """The view that follows from an assessment by ``bundle``."""
    odds = {label: _log_odds(assessment.scores[label]) for label in LABELS}
    distance, nearest, threshold = min(
        (abs(odds[label] - _log_odds(threshold)), label, threshold)
        for label in LABELS
        for threshold in (bundle.thresholds[label].review, bundle.thresholds[label].clear)
    )
    return View(
        story=story,
        assessment=assessment,
        margins={label: odds[label] - _log_odds(bundle.thresholds[label].review) for label in LABELS},
        distance=distance,
        nearest=nearest,
        threshold=threshold,
        cue=has_cue(story),
    )


def _log_odds(probability: float) -> float:
    kept = float(np.clip(probability, _LEAST, 1 - _LEAST))
    return float(np.log(kept / (1 - kept)))
