"""A field of a story cut where its evidence begins and ends, so that a page can mark the words."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from classifier.assessment import Evidence
from classifier.labels import Label, in_order
from classifier.story import Field, Story


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring words of one field with the labels they are evidence for, perhaps none."""

    text: str
    labels: tuple[Label, ...]


def highlight(story: Story, *, field: Field, evidence: tuple[Evidence, ...]) -> tuple[Stretch, ...]:
    """The whole of ``field`` in stretches; joined again, they are the author's words to the letter."""
    return tuple(_stretches(getattr(story, field), [quote for quote in evidence if quote.field == field]))


def _stretches(words: str, quotes: list[Evidence]) -> Iterator[Stretch]:
    edges = {edge for quote in quotes for edge in (quote.start, quote.end)}
    cuts = sorted({0, len(words)} | edges)
    for start, end in pairwise(cuts):
        labels = {quote.label for quote in quotes if quote.start <= start and end <= quote.end}
        yield Stretch(words[start:end], in_order(labels))
