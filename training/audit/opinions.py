"""What a model makes of stories that it never saw: the view from which labels can be doubted.

Out of fold, a cheap model is fitted five times, each time without the families of a fifth of the stories. A
bundle gives its own view, which only counts on stories it was not trained on.

Which cheap model: 900 stories, the labels of every twentieth made wrong, ranked by how badly labels fit.
TF-IDF with balanced logistic regression found the wrong ones with average precision 0.45, sentence
embeddings 0.15, both together 0.29.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.model_selection import GroupKFold

from classifier.assess import ComplaintClassifier, Reading, read
from classifier.labels import LABELS, Label
from classifier.sentences import sentences
from classifier.story import Story
from training.baselines.scored import ScoredBaseline
from training.progress import Track, quietly
from training.splits import families
from training.stories import LabelledStory

FOLDS = 5


class Opinion(Protocol):
    """A view on some stories, in their order."""

    @property
    def name(self) -> str:
        """Whose view it is, in a few words."""

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """In 0..1, shape (stories, 4)."""

    def telling(self, number: int, label: Label) -> str:
        """The sentence of story ``number`` that speaks most for ``label``."""


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """``models[i]`` never saw story i nor its family."""

    name: str
    stories: tuple[LabelledStory, ...]
    models: tuple[ScoredBaseline, ...]
    probabilities: NDArray[np.float64]

    def telling(self, number: int, label: Label) -> str:
        """The sentence of story ``number`` that its model scores highest for ``label``."""
        labelled = self.stories[number]
        said = [labelled.story.quote(span) for span in sentences(labelled.story)]
        pieces = [replace(labelled, story=Story(id=labelled.id, text=words)) for words in said]
        scores = self.models[number].scores(pieces)[:, LABELS.index(label)]
        return said[int(np.argmax(scores))]


def out_of_fold(
    stories: Sequence[LabelledStory], *, model: Callable[[], ScoredBaseline], track: Track = quietly
) -> OutOfFold:
    """The view of models fitted without the families that they judge.

    Args:
        stories: at least five families.
        model: makes a fresh one, whose scores are logits.
    """
    numbers = np.arange(len(stories))
    folds = list(GroupKFold(FOLDS).split(numbers, groups=_families(stories)))
    logits = np.zeros((len(stories), len(LABELS)))
    models: dict[int, ScoredBaseline] = {}
    for learn, judge in track(folds, doing="fitting without each fifth", total=FOLDS):
        fitted = model()
        fitted.learn([stories[number] for number in learn])
        logits[judge] = fitted.scores([stories[number] for number in judge])
        models.update(dict.fromkeys(judge.tolist(), fitted))
    return OutOfFold(
        name=f"{models[0].name}, out of fold",
        stories=tuple(stories),
        models=tuple(models[number] for number in range(len(stories))),
        probabilities=expit(logits),
    )


@dataclass(frozen=True, slots=True)
class ByBundle:
    """A bundle's calibrated view."""

    name: str
    stories: tuple[LabelledStory, ...]
    readings: tuple[Reading, ...]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """In 0..1, shape (stories, 4)."""
        return np.array([reading.by_story for reading in self.readings])

    def telling(self, number: int, label: Label) -> str:
        """The sentence of story ``number`` with the highest probability of ``label``."""
        reading = self.readings[number]
        best = int(np.argmax(reading.by_sentence[:, LABELS.index(label)]))
        return self.stories[number].story.quote(reading.sentences[best])


def by_bundle(
    stories: Sequence[LabelledStory], *, classifier: ComplaintClassifier, track: Track = quietly
) -> ByBundle:
    """The view of a bundle on ``stories``, none of which it may have been trained on."""
    readings = [
        read(labelled.story, bundle=classifier.bundle)
        for labelled in track(stories, doing="reading", total=len(stories))
    ]
    return ByBundle(classifier.bundle.name, tuple(stories), tuple(readings))


def _families(stories: Sequence[LabelledStory]) -> list[int]:
    """The number of each story's family."""
    family = {s.id: number for number, group in enumerate(families(list(stories))) for s in group}
    return [family[labelled.id] for labelled in stories]
