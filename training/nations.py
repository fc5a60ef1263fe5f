"""How well the nation is read; it rests on rules, not on training, so all our own stories may tell."""

from collections.abc import Sequence

from classifier.assessment import Nation
from classifier.nation import find_nation
from training.evaluate import Rate, rate, settled
from training.splits import Splits
from training.stories import LabelledStory


def measure_nations(splits: Splits) -> dict[str, Rate]:
    """The nation's rate on settled stories: ``ours``, the number to watch, and apart from it ``test``."""
    ours = (*splits.train, *splits.dev, *splits.left_out)
    return {"ours": nation_rate(settled(ours)), "test": nation_rate(settled(splits.test))}


def nation_rate(stories: Sequence[LabelledStory]) -> Rate:
    """Precision: right among those where a nation is named; recall: right among those whose nation is known.

    A wrong nation where another is known counts as wrong and as missed.
    """
    pairs = [(labelled.nation, find_nation(labelled.story)) for labelled in stories]
    named = [(known, found) for known, found in pairs if found is not Nation.UNKNOWN]
    right = sum(known is found for known, found in named)
    known = sum(known is not Nation.UNKNOWN for known, _ in pairs)
    return rate(right=right, wrong=len(named) - right, missed=known - right)
