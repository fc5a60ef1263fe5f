"""Stretches in another language than English, which nothing here can read: a moderator should know.

A stretch is told by its letters where they are not Latin, else by the small words that hold a language
together (``languages.toml``). Names of places, drugs and people have none of those, so a list of them is no
language; nor has English with typing errors, in capitals or in dialect. Which language it is, is not said.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from classifier.markup import View

LEAST_WORDS = 8
"""Fewest words of a stretch: a greeting or a thank-you in another language is no news."""

LEAST_LETTERS = 12
"""Fewest letters of a stretch that is not in Latin letters; some of those languages part no words."""

_ENGLISH_SHARE = 0.2
"""English has more small words than this; a sentence with fewer is looked at closely."""

_OTHER_SHARE = 0.2
_LEAST_DIFFERENT = 3
"""The share of another language's small words from which a stretch is in it, and how many different ones."""

_SENTENCE = re.compile(r"[^\n\r.!?\u2026\u3002\u06d4\u061f\u0964]+[.!?\u2026\u3002\u06d4\u061f\u0964]*")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_ACCENTED = re.compile("[ąćęłńóśźżășțşğıőűöüäčďěňřšťůžāēģīķļņūėįųãõßøåæđơư]")
"""Letters that no English word has, not even one that came from France; a word with one speaks for another
language as a small word does."""

_OTHER_LETTERS = re.compile(
    r"[\u0370-\u1cff\u1f00-\u1fff\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefc\U00020000-\U0003ffff]"
)
"""Greek to Hangul; without phonetic signs and the like, in which some write English for its looks."""


@dataclass(frozen=True, slots=True)
class _Language:
    """``own``: its small words that English has not, ``english``: those of English that it has not."""

    own: frozenset[str]
    english: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Table:
    """``english``: the small words that no other language has; ``any_other``: those of all others at once."""

    english: frozenset[str]
    others: tuple[_Language, ...]
    any_other: _Language


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of a view, ``text[start:end]``: its words, and those of them that English cannot have."""

    start: int
    end: int
    words: tuple[str, ...]
    accented: frozenset[str]


def foreign_stretches(view: View) -> tuple[tuple[int, int], ...]:
    """Where whole sentences in another language stand in a field as sent, neighbours as one stretch.

    >>> from classifier.markup import view_of
    >>> foreign_stretches(view_of("Kind nurses. Roedd y nyrsys yn garedig iawn wrth fy mam. Thanks."))
    ((13, 56),)
    """
    if len(view.words) < LEAST_WORDS and view.text.isascii():
        return ()
    found = (_in_other_letters(run, view.text) or _in_latin(run) for run in _doubtful_runs(view.text))
    return tuple(view.place(run[0].start, run[-1].end) for run in found if run)


def _doubtful_runs(text: str) -> Iterator[list[_Sentence]]:
    """Neighbouring sentences with hardly any small word of English, where they are long enough to matter.

    Every story is asked this, so it is asked in the cheapest way: words are what stands between spaces.
    """
    english = _table().english
    unspaced = not text.isascii() and bool(_OTHER_LETTERS.search(text))
    run: list[re.Match[str]] = []
    length = 0
    for match in (*_SENTENCE.finditer(text), None):
        words = match[0].lower().split() if match else []
        if match and sum(map(english.__contains__, words)) <= _ENGLISH_SHARE * len(words):
            run.append(match)
            length += len(words)
            continue
        if length >= LEAST_WORDS or (run and unspaced):
            yield list(map(_sentence, run))
        run, length = [], 0


def _sentence(match: re.Match[str]) -> _Sentence:
    """Words keep their capitals, so that "De La Cruz" holds no small word; the first may be any word, and so
    may those of a sentence that is all in capitals."""
    words = _WORD.findall(match[0].replace("\u2019", "'"))
    shouted = match[0].isupper()
    blank = len(match[0]) - len(match[0].lstrip())
    end = match.start() + len(match[0].rstrip())
    lower = tuple(word.lower() if shouted or not number else word for number, word in enumerate(words))
    accented = frozenset(word for word in lower if word.islower() and _ACCENTED.search(word))
    return _Sentence(match.start() + blank, end, lower, accented)


def _in_other_letters(run: list[_Sentence], text: str) -> list[_Sentence]:
    """The part of ``run`` that is mostly in letters that are not Latin; empty where that is too little."""
    counts = [len(_OTHER_LETTERS.findall(text, one.start, one.end)) for one in run]
    kept, counts = _trimmed(run, counts), [count for count in counts if count]
    enough = sum(counts) >= max(LEAST_LETTERS, sum(map(len, (w for one in kept for w in one.words))) / 2)
    return kept if enough else []


def _in_latin(run: list[_Sentence]) -> list[_Sentence]:
    """The part of ``run`` that small words of one other language hold together; empty where none does."""
    if len({word for one in run for word in _telling(one, _table().any_other)}) < _LEAST_DIFFERENT:
        return []
    language = max(_table().others, key=lambda one: sum(len(_telling(sentence, one)) for sentence in run))
    kept = _trimmed(run, [len(_telling(sentence, language)) for sentence in run])
    words = [word for sentence in kept for word in sentence.words]
    telling = [word for sentence in kept for word in _telling(sentence, language)]
    enough = (
        len(words) >= LEAST_WORDS
        and len(set(telling)) >= _LEAST_DIFFERENT
        and len(telling) >= _OTHER_SHARE * len(words)
        and len(telling) >= 2 * sum(word in language.english for word in words)
    )
    return kept if enough else []


def _telling(sentence: _Sentence, language: _Language) -> list[str]:
    return [word for word in sentence.words if word in language.own or word in sentence.accented]


def _trimmed(run: list[_Sentence], counts: list[int]) -> list[_Sentence]:
    """``run`` from the first to the last sentence that counts for anything."""
    telling = [number for number, count in enumerate(counts) if count]
    return run[telling[0] : telling[-1] + 1] if telling else []


@lru_cache(maxsize=1)
def _table() -> _Table:
    raw = tomllib.loads((files("classifier") / "languages.toml").read_text(encoding="utf-8"))
    english = frozenset(raw["english"].split())
    others = [_spellings(words) for words in raw["latin"].values()]
    languages = (_Language(own=words - english, english=english - words) for words in others)
    every = _Language(own=frozenset().union(*others) - english, english=english.difference(*others))
    return _Table(every.english, tuple(languages), every)


def _spellings(words: str) -> frozenset[str]:
    """Each word as it is, and without its accents, as people type."""
    return frozenset(words.split()) | frozenset(_bare(words).split())


def _bare(words: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", words) if not unicodedata.combining(one))
