"""A story with what was made of it, on its way into a case."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from classifier.assessment import Assessment
from classifier.story import Story
from serve.cases.case import Case


@dataclass(frozen=True, slots=True)
class Judging:
    """What a case is opened with, or judged again by."""

    story: Story
    assessment: Assessment
    author_confirmed: bool

    @property
    def columns(self) -> dict[str, Any]:
        """What it sets in the row of its case."""
        return {
            "story_hash": story_hash(self.story),
            "action": str(self.assessment.action),
            "labels": " ".join(self._labels),
            "title": self.story.title,
            "text": self.story.text,
            "assessment": self.assessment.to_dict(),
            "model": self.assessment.model,
            "policy": self.assessment.policy,
            "author_confirmed": self.author_confirmed,
        }

    @property
    def told(self) -> dict[str, Any]:
        """What an event tells of it: no word of the story."""
        return {
            "labels": self._labels,
            "action": str(self.assessment.action),
            "story_hash": story_hash(self.story),
            "model": self.assessment.model,
            "policy": self.assessment.policy,
            "author_confirmed": self.author_confirmed,
        }

    def is_new_to(self, case: Case) -> bool:
        """Whether the case is to be judged again: another text, or its author now confirms."""
        confirmed = self.author_confirmed and not case.author_confirmed and not case.state.closed
        return confirmed or story_hash(self.story) != case.story_hash

    def changes(self, case: Case) -> dict[str, dict[str, Any]]:
        """What differs from the case as it stands, each as ``{"before": ..., "after": ...}``."""
        before = {
            "labels": [str(label) for label in case.labels],
            "action": str(case.action),
            "story_hash": case.story_hash,
            "model": case.model,
            "policy": case.policy,
            "author_confirmed": case.author_confirmed,
        }
        return {
            part: {"before": before[part], "after": after}
            for part, after in self.told.items()
            if before[part] != after
        }

    @property
    def _labels(self) -> list[str]:
        """Clear and possible ones."""
        return [str(reason.label) for reason in self.assessment.reasons]


def story_hash(story: Story) -> str:
    """SHA-256 of title and text; no two pairs of them are written alike."""
    return sha256(json.dumps([story.title, story.text]).encode()).hexdigest()
