"""Cuts a story into sentences, each a span of the author's own words.

Does: rule-based splitting (blank English tokenizer and sentence rules, nothing downloaded), a break at
every line break, and a cut inside unpunctuated runs, so that no sentence grows without bound.
Does not: change, trim or join a single character; what lies between spans is only white space.
"""

from collections.abc import Iterator
from functools import lru_cache

from spacy.language import Language
from spacy.lang.en import English
from spacy.tokens import Doc, Token

from classifier.story import Field, Span, Story

MAX_SENTENCE_TOKENS = 60
"""Longest sentence, in spaCy tokens; a run without full stops is cut before it grows past this."""

_MIN_PIECE_TOKENS = 25
_SOFT_BREAKS = frozenset({",", ";", ":", "-", "–", "—"})
_JOINING_WORDS = frozenset({"and", "but", "so", "then", "because", "also"})


def sentences(story: Story) -> tuple[Span, ...]:
    """Every sentence of the title, then of the text, in order; blank ones left out."""
    return tuple(_field_sentences("title", story.title)) + tuple(_field_sentences("text", story.text))


def _field_sentences(field: Field, value: str) -> Iterator[Span]:
    if not value.strip():
        return
    for sentence in _split(value).sents:
        for tokens in _cut(list(sentence)):
            yield Span(field, tokens[0].idx, tokens[-1].idx + len(tokens[-1]))


def _split(value: str) -> Doc:
    nlp = _pipeline()
    doc = nlp.tokenizer(value)
    nlp.get_pipe("sentencizer")(doc)
    for before, after in zip(doc, doc[1:], strict=False):
        if "\n" in before.text or "\r" in before.text:
            after.is_sent_start = True
    return doc


def _cut(tokens: list[Token]) -> Iterator[list[Token]]:
    """Pieces of at most ``MAX_SENTENCE_TOKENS``, cut where the author paused if at all possible."""
    words = [token for token in tokens if not token.is_space]
    while len(words) > MAX_SENTENCE_TOKENS:
        at = _pause(words)
        yield words[:at]
        words = words[at:]
    if words:
        yield words


def _pause(words: list[Token]) -> int:
    candidates = range(MAX_SENTENCE_TOKENS, _MIN_PIECE_TOKENS, -1)
    for at in candidates:
        if words[at - 1].text in _SOFT_BREAKS:
            return at
    for at in candidates:
        if words[at].lower_ in _JOINING_WORDS:
            return at
    return MAX_SENTENCE_TOKENS


@lru_cache(maxsize=1)
def _pipeline() -> Language:
    nlp = English()
    nlp.add_pipe("sentencizer")
    return nlp
