"""Label-keeping changes to training stories, drawn anew each epoch.

Does: put ordinary paragraphs around a short story (a deciding clause then stands in a long, plain text), and
add the typing errors and HTML leftovers of real posts. Evidence moves along with its words.
Does not: touch stories for dev or test, or anything that is scored.
"""

import random
import re
from dataclasses import dataclass, replace

from classifier.story import Span, Story
from training.settings import TrainingSettings
from training.stories import LabelledStory, Quote

_SHORT_WORDS = 120
_COMPLAINT_STEM = re.compile(r"compl[ai]*n|ombud|\bpals\b", re.IGNORECASE)
_ENTITIES = {"&": "&amp;", "'": "&#39;", '"': "&quot;"}


@dataclass(frozen=True, slots=True)
class Augmenter:
    """Changes stories at random; the same seed, epoch and story always give the same result."""

    settings: TrainingSettings
    fillers: tuple[LabelledStory, ...]

    @classmethod
    def over(cls, stories: tuple[LabelledStory, ...], *, settings: TrainingSettings) -> "Augmenter":
        """Fillers are the label-free stories of ``stories`` without any complaint word."""
        plain = [s for s in stories if not s.labels and not s.borderline]
        return cls(
            settings,
            tuple(s for s in plain if not _COMPLAINT_STEM.search(f"{s.story.title}\n{s.story.text}")),
        )

    def __call__(self, labelled: LabelledStory, *, epoch: int) -> LabelledStory:
        """``labelled`` as it is, joined with ordinary words, or damaged, or both."""
        dice = random.Random(f"{self.settings.seed}/{epoch}/{labelled.id}")
        short = len(labelled.story.text.split()) <= _SHORT_WORDS
        if short and self.fillers and dice.random() < self.settings.joined_share:
            labelled = _join(labelled, dice.choice(self.fillers), dice)
        if dice.random() < self.settings.damaged_share:
            labelled = _damage(labelled, dice)
        return labelled


def _join(labelled: LabelledStory, filler: LabelledStory, dice: random.Random) -> LabelledStory:
    before, after = _halves(filler.story.text, dice)
    gap = dice.choice(["\n\n", "\n", " "])
    head = before + gap if before else ""
    text = head + labelled.story.text + (gap + after if after else "")
    title = dice.choice([labelled.story.title, labelled.story.title, filler.story.title])
    if title != labelled.story.title and any(q.span.field == "title" for q in labelled.evidence):
        title = labelled.story.title
    moved = tuple(_shift(quote, len(head)) for quote in labelled.evidence)
    return replace(labelled, story=Story(id=labelled.id, title=title, text=text), evidence=moved)


def _halves(text: str, dice: random.Random) -> tuple[str, str]:
    """``text`` cut at one of its sentence ends, its beginning and its end included."""
    cuts = [0, len(text), *(match.end() for match in re.finditer(r"[.!?]\s", text))]
    at = dice.choice(cuts)
    return text[:at].strip(), text[at:].strip()


def _shift(quote: Quote, by: int) -> Quote:
    span = quote.span
    return (
        quote if span.field == "title" else Quote(quote.label, Span("text", span.start + by, span.end + by))
    )


def _damage(labelled: LabelledStory, dice: random.Random) -> LabelledStory:
    """Typing errors in about one word in fifteen of the text; offsets of evidence follow."""
    changed, places, kind = [], [], dice.choice(["typo", "typo", "entity"])
    for match in re.finditer(r"\S+|\s+", labelled.story.text):
        places.append((match.start(), sum(map(len, changed[-1:])) + (places[-1][1] if places else 0)))
        changed.append(_mistype(match[0], dice) if kind == "typo" else _escape(match[0]))
    text = "".join(changed)
    ends = [*places, (len(labelled.story.text), len(text))]
    moved = tuple(Quote(q.label, _follow(q.span, ends)) for q in labelled.evidence)
    return replace(
        labelled, story=Story(id=labelled.id, title=labelled.story.title, text=text), evidence=moved
    )


def _mistype(word: str, dice: random.Random) -> str:
    if len(word) < 5 or not word.isalpha() or dice.random() > 1 / 15:
        return word
    at = dice.randrange(1, len(word) - 2)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return dice.choice([swapped, word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]])


def _escape(word: str) -> str:
    return "".join(_ENTITIES.get(character, character) for character in word)


def _follow(span: Span, places: list[tuple[int, int]]) -> Span:
    """Where whole words of ``span`` stand now; a quote that begins inside a word grows to hold it."""
    if span.field == "title":
        return span
    start = max(new for old, new in places if old <= span.start)
    end = min(new for old, new in places if old >= span.end)
    return Span("text", start, end)
