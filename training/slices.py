"""Slices of labelled stories: which phenomena a story shows."""

from training.stories import LabelledStory


def phenomena(labelled: LabelledStory) -> tuple[str, ...]:
    """Its tags that name a phenomenon, each once; ``pair:…`` and ``pattern:…`` only number stories."""
    return tuple(dict.fromkeys(t for t in labelled.phenomena if not t.startswith(("pair", "pattern"))))
