"""Phrases found in an author's words, whatever their capitals, apostrophes, hyphens or spaces.

The text stays as it is: ``read_words`` makes a view of it, words with their places, and a ``Phrasebook``
looks for phrases in the view. What the phrases mean is for others to say (signals, nation).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from classifier.language import spacy_parts

if TYPE_CHECKING:
    from spacy.tokens import Doc

_APOSTROPHE = r"(?:['\u2019\u2018\u02bc`\u00b4]|&(?:#0*39|#[xX]0*27|#821[67]|#[xX]201[89]|apos|[rl]squo);)"
_LETTER = r"(?:[^\W_]|[\u0300-\u036f])"
_SKIPPED = rf"&nbsp;|&#160;|(?<={_LETTER})[-\u2010\u2011](?={_LETTER})"
_WORD = re.compile(
    rf"(?P<skipped>{_SKIPPED})"
    rf"|(?P<possessive>(?<={_LETTER}){_APOSTROPHE}[sS](?!{_LETTER}))"
    rf"|(?P<word>{_LETTER}+(?:{_APOSTROPHE}(?![sS](?!{_LETTER})){_LETTER}+)*)"
    r"|(?P<and>&amp;|&(?!#?\w+;))"
    r"|(?P<mark>&#?\w+;|\S|\n[^\S\n]*\n)"
)
_ANY_APOSTROPHE = re.compile(_APOSTROPHE)
_RUN = re.compile(r"[\w\u0300-\u036f]+")
_CHOICE = re.compile(r"\(([^()]*)\)")
_OTHER = "_"
"""Stands for every word that is in no phrase: the vocabulary stays as small as the table of phrases,
however many stories pass, and none of their words stay in memory."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words and marks of one text in order; word ``i`` is ``text[starts[i]:ends[i]]`` (code points).

    ``forms`` are the words as phrases know them: every apostrophe (typographic or HTML) is straight,
    ``'s`` is a word of its own, ``&`` reads ``and``, hyphens inside words count as spaces, and a blank
    line is a mark, so that no phrase reaches over it.
    """

    forms: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase filed under ``key`` covers words ``first`` to ``last`` (half-open)."""

    key: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wordings:
    """How one key may be worded: in any capitals, or only in the capitals given.

    ``(a|b)`` in a wording stands for either, ``(a|)`` for *a* or nothing, and they may nest; a word with
    an apostrophe is also found without it.
    """

    any_case: tuple[str, ...] = ()
    as_written: tuple[str, ...] = ()


def read_words(text: str) -> Words:
    """The view of ``text`` in which phrases are looked for.

    >>> read_words("I can&#39;t complain").forms
    ('I', "can't", 'complain')
    """
    found = [match for match in _WORD.finditer(text) if match.lastgroup != "skipped"]
    return Words(
        forms=tuple(_form(match) for match in found),
        starts=tuple(match.start() for match in found),
        ends=tuple(match.end() for match in found),
    )


def _form(match: re.Match[str]) -> str:
    if match.lastgroup == "and":
        return "and"
    if match.lastgroup == "possessive":
        return "'s"
    form = match.group()
    return form if form.isalnum() else _ANY_APOSTROPHE.sub("'", form)


def letter_runs(text: str) -> frozenset[str]:
    """Every unbroken run of letters and digits in ``text``, in lower case.

    >>> sorted(letter_runs("I can't, Mr O-Neil"))
    ['can', 'i', 'mr', 'neil', 'o', 't']
    """
    return frozenset(_RUN.findall(text.lower().replace("_", " ")))


def expand(wording: str) -> tuple[str, ...]:
    """Every phrase that a wording stands for, each once.

    >>> expand("no (real|) complaints")
    ('no real complaints', 'no complaints')
    """
    return tuple(dict.fromkeys(_choose(wording)))


def _choose(wording: str) -> Iterator[str]:
    choice = _CHOICE.search(wording)
    if choice is None:
        phrase = " ".join(wording.split())
        yield from (phrase, phrase.replace("'", ""))
        return
    for chosen in choice[1].split("|"):
        yield from _choose(wording[: choice.start()] + chosen + wording[choice.end() :])


class Phrasebook:
    """All phrases of one table, ready to be found in one pass.

    Building takes up to a second for thousands of phrases, so build once; finding takes time in proportion
    to the text. Most texts hold no phrase, which ``may_hold`` finds out much sooner than ``find`` would.
    """

    def __init__(self, wordings: Mapping[str, Wordings]) -> None:
        spacy = spacy_parts()
        self._vocab = spacy.Vocab(lex_attr_getters={spacy.LOWER: str.lower})
        self._doc = partial(spacy.Doc, self._vocab)
        self._known: set[str] = set()
        self._matchers = tuple(spacy.PhraseMatcher(self._vocab, attr=attr) for attr in ("LOWER", "ORTH"))
        for key, wording in wordings.items():
            for matcher, lines in zip(self._matchers, (wording.any_case, wording.as_written), strict=True):
                matcher.add(key, [self._learn(phrase) for line in lines for phrase in expand(line)])
        every = [
            phrase
            for w in wordings.values()
            for line in (*w.any_case, *w.as_written)
            for phrase in expand(line)
        ]
        self._needed = _rarest_runs(every)

    def may_hold(self, runs: frozenset[str]) -> bool:
        """False only if no phrase is in the text whose letter runs are ``runs``."""
        return any(not self._needed[run].isdisjoint(runs) for run in runs & self._needed.keys())

    def find(self, words: Words) -> tuple[Found, ...]:
        """Every phrase in ``words``, overlaps included, in order of place."""
        doc = self._doc(words=[form if form.lower() in self._known else _OTHER for form in words.forms])
        found = {
            Found(self._vocab.strings[key], first, last)
            for matcher in self._matchers
            for key, first, last in matcher(doc)
        }
        return tuple(sorted(found, key=lambda f: (f.first, f.last, f.key)))

    def _learn(self, phrase: str) -> "Doc":
        forms = read_words(phrase).forms
        self._known.update(form.lower() for form in forms)
        return self._doc(words=list(forms))


def _rarest_runs(phrases: Iterable[str]) -> dict[str, frozenset[str]]:
    """Two letter runs that a text must hold for each phrase to be in it: words with a meaning of their
    own before others, then those that fewest phrases share.

    The first is a key, the second in its set; a phrase of one run has it in both places.
    """
    common_words = spacy_parts().STOP_WORDS
    needed = {letter_runs(phrase) for phrase in phrases}
    common = Counter(run for runs in needed for run in runs)
    pairs: dict[str, set[str]] = defaultdict(set)
    for runs in needed:
        first, *others = sorted(runs, key=lambda run: (run in common_words, common[run], -len(run), run))
        pairs[first].add(others[0] if others else first)
    return {first: frozenset(seconds) for first, seconds in pairs.items()}


def longest(found: Iterable[Found]) -> tuple[Found, ...]:
    """Those that no longer one overlaps, in order of place; the earlier of two equally long ones wins.

    Several keys on the very same words all stay.
    """
    kept: list[Found] = []
    taken: dict[int, tuple[int, int]] = {}
    for candidate in sorted(found, key=lambda f: (f.first - f.last, f.first)):
        span, places = (candidate.first, candidate.last), range(candidate.first, candidate.last)
        if all(taken.get(place, span) == span for place in places):
            taken.update(dict.fromkeys(places, span))
            kept.append(candidate)
    return tuple(sorted(kept, key=lambda f: (f.first, f.key)))
