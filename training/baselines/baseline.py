"""What every baseline is: something that may learn from stories and then says which labels others hold."""

from collections.abc import Sequence
from typing import Protocol, Self

from classifier.labels import Label
from classifier.story import Story
from training.stories import LabelledStory


class Baseline(Protocol):
    """A simpler way to the same labels."""

    @property
    def name(self) -> str:
        """Short and without spaces: it names figures and folders."""
        ...

    def fit(self, train: Sequence[LabelledStory], dev: Sequence[LabelledStory]) -> Self:
        """Learns from ``train``; ``dev`` only chooses thresholds."""
        ...

    def predict(self, stories: Sequence[LabelledStory]) -> list[frozenset[Label]]:
        """The labels of each story, in the order given; the stories' own labels are not looked at."""
        ...


def whole_text(story: Story) -> str:
    """Title and text as one string, which is how every baseline reads a story.

    >>> whole_text(Story(id="s-1", title="Ward 7", text="Kind staff."))
    'Ward 7\\nKind staff.'
    """
    return f"{story.title}\n{story.text}" if story.title.strip() else story.text
