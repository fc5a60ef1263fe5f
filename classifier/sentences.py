"""Cuts a story into sentences, each a span of the author's own words.

Does: rule-based splitting (blank English tokenizer and sentence rules, nothing downloaded), a break at
every line break, and a cut inside unpunctuated runs, so that no sentence grows without bound.
Does not: change, trim or join a single character; what lies between spans is only white space and markup
(``markup``).
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from classifier.markup import View
from classifier.story import Field, Span, Story

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Token
    from spacy.tokens import Span as TokenSpan

MAX_SENTENCE_TOKENS = 60
"""Longest sentence, in spaCy tokens; a run without full stops is cut before it grows past this."""

_MIN_PIECE_TOKENS = 25
_SOFT_BREAKS = frozenset({",", ";", ":", "-", "\u2013", "\u2014"})
_JOINING_WORDS = frozenset({"and", "but", "so", "then", "because", "also"})
_RUN = re.compile(r"(\S{100,})")
_RUN_PIECE_CHARS = 50


def sentences(story: Story) -> tuple[Span, ...]:
    """Every sentence of the title, then of the text, in order; blank ones left out."""
    return tuple(span for field, view in story.views.items() for span in _field_sentences(field, view))


def _field_sentences(field: Field, view: View) -> Iterator[Span]:
    if not view.text.strip():
        return
    for sentence in _split(view.text).sents:
        for line in _lines(sentence):
            for tokens in _cut(line):
                yield Span(field, *view.place(tokens[0].idx, tokens[-1].idx + len(tokens[-1])))


def _split(value: str) -> "Doc":
    from spacy.tokens import Doc

    nlp = _pipeline()
    # The tokenizer peels marks off a word one by one, each time looking at all that is left: time grows with
    # the square of a run like "!!!!" or a row of emoji. So the odd parts, runs without a space, go round it.
    parts = [
        _run(part, nlp) if number % 2 else nlp.tokenizer(part)
        for number, part in enumerate(_RUN.split(value))
        if part
    ]
    doc = parts[0] if len(parts) == 1 else Doc.from_docs(parts, ensure_whitespace=False)
    nlp.get_pipe("sentencizer")(doc)
    return doc


def _run(value: str, nlp: "Language") -> "Doc":
    """A long run without a space as tokens; its last character stands alone, as it may be a full stop."""
    from spacy.tokens import Doc

    stops = [*range(0, len(value) - 1, _RUN_PIECE_CHARS), len(value) - 1, len(value)]
    words = [value[start:stop] for start, stop in pairwise(stops)]
    return Doc(nlp.vocab, words=words, spaces=[False] * len(words))


def _lines(sentence: "TokenSpan") -> "Iterator[list[Token]]":
    """The parts of a sentence that line breaks leave (setting sentence starts in spaCy would take a look
    at the whole story for each line)."""
    line: list[Token] = []
    for token in sentence:
        line.append(token)
        if "\n" in token.text or "\r" in token.text:
            yield line
            line = []
    yield line


def _cut(tokens: "list[Token]") -> "Iterator[list[Token]]":
    """Pieces of at most ``MAX_SENTENCE_TOKENS``, cut where the author paused if at all possible."""
    words = [token for token in tokens if not token.is_space]
    while len(words) > MAX_SENTENCE_TOKENS:
        at = _pause(words)
        yield words[:at]
        words = words[at:]
    if words:
        yield words


def _pause(words: "list[Token]") -> int:
    candidates = range(MAX_SENTENCE_TOKENS, _MIN_PIECE_TOKENS, -1)
    for at in candidates:
        if words[at - 1].text in _SOFT_BREAKS:
            return at
    for at in candidates:
        if words[at].lower_ in _JOINING_WORDS:
            return at
    return MAX_SENTENCE_TOKENS


@lru_cache(maxsize=1)
def _pipeline() -> "Language":
    from spacy.lang.en import English  # slow to import, and not every command reads a story

    nlp = English()
    nlp.add_pipe("sentencizer", config={"overwrite": True})  # docs put together come with starts of their own
    return nlp
