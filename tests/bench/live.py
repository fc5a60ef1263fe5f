"""Stories as a live site gets them, made from our own: one in a hundred has a label."""

import random
from collections.abc import Iterator

from classifier.sentences import sentences
from classifier.story import Story
from training.splits import Splits
from training.stories import LabelledStory

LIVE_SHARE = 0.01
"""Of stories at the live rate that have a label."""
ABOUT = (
    f"{LIVE_SHARE:.0%} of them with a label and whole, the others runs of one to four sentences of ordinary "
    "stories, about as long as real comments"
)


def live_stories(splits: Splits, number: int) -> Iterator[Story]:
    """The same ``number`` stories every time, none of them from the test set."""
    dice, known = random.Random(6), splits.train + splits.dev
    labelled = [one.story for one in known if one.labels]
    ordinary = [_sentences(one) for one in known if not one.labels and "ordinary" in one.phenomena]
    for count in range(number):
        if dice.random() < LIVE_SHARE:
            story = dice.choice(labelled)
            yield Story(id=f"b{count}", title=story.title, text=story.text)
        else:
            yield Story(id=f"b{count}", text=_run(dice.choice(ordinary), dice))


def _sentences(one: LabelledStory) -> list[str]:
    found = [one.story.quote(span).strip() for span in sentences(one.story) if span.field == "text"]
    return [sentence for sentence in found if sentence]


def _run(found: list[str], dice: random.Random) -> str:
    length = dice.randint(1, 4)
    start = dice.randint(0, max(0, len(found) - length))
    return " ".join(found[start : start + length])
