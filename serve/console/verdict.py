"""The form in which a moderator says which labels a story really holds, and in which words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from classifier.labels import LABELS, Label
from classifier.story import Field, Span, Story
from serve.cases.case import Quote, Verdict
from serve.console.note import faults_of_note, read_note
from serve.console.page import Fault

NONE = "none"
NOTE = "verdict-note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What the form held.

    Attributes:
        none: the box that says that no label holds, so that nothing is said by chance.
        words: for some labels, the words that show them as somebody copied or typed them.
    """

    labels: tuple[Label, ...] = ()
    none: bool = False
    words: Mapping[Label, str] = field(default_factory=dict)
    borderline: bool = False
    note: str = ""


def read_marked(form: Mapping[str, str]) -> Marked:
    """What a moderator marked. Words for a label that is not ticked do not count."""
    labels = tuple(label for label in LABELS if f"label-{label}" in form)
    words = {label: form.get(f"words-{label}", "").strip() for label in labels}
    return Marked(
        labels=labels,
        none=f"label-{NONE}" in form,
        words={label: quote for label, quote in words.items() if quote},
        borderline="borderline" in form,
        note=read_note(form, field=NOTE),
    )


def faults_of(marked: Marked, story: Story) -> tuple[Fault, ...]:
    """What keeps it from being a verdict on ``story``."""
    return (*_faults_of_labels(marked, story), *faults_of_note(marked.note, field=NOTE))


def verdict_of(marked: Marked, story: Story) -> Verdict:
    """The verdict of a form that has no faults."""
    places = [(label, place(words, story)) for label, words in marked.words.items()]
    return Verdict(
        labels=marked.labels,
        borderline=marked.borderline,
        note=marked.note.strip() or None,
        quotes=tuple(Quote(label=label, span=span) for label, span in places if span),
    )


def place(words: str, story: Story) -> Span | None:
    """Where ``words`` stand first, in the text or else in the title; None where they do not.

    Any white space counts as any other, as a browser's field takes line breaks out of what is pasted.
    """
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    fields: tuple[Field, Field] = ("text", "title")
    for name in fields:
        if pattern and (found := re.search(pattern, getattr(story, name))):
            return Span(name, found.start(), found.end())
    return None


def _faults_of_labels(marked: Marked, story: Story) -> tuple[Fault, ...]:
    if not marked.labels and not marked.none:
        return (Fault("label-planned", "Tick each label that holds, or “None of them”"),)
    if marked.labels and marked.none:
        return (Fault(f"label-{NONE}", "Tick either labels or “None of them”, not both"),)
    return tuple(
        Fault(f"words-{label}", f"Copy the words for {label} as the story has them")
        for label, words in marked.words.items()
        if place(words, story) is None
    )
