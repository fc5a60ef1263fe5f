"""Phrases found in an author's words, whatever their capitals, apostrophes, hyphens or spaces.

The text stays as it is: ``read_words`` makes words with their places, of the view of it (``markup``), and a
``Phrasebook`` looks for phrases among them. What the phrases mean is for others to say (signals, nation).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from classifier.markup import View, view_of

_APOSTROPHE = r"['\u2019\u2018\u02bc`\u00b4]"
_LETTER = r"(?:[^\W_]|[\u0300-\u036f])"
_SKIPPED = rf"(?<={_LETTER})[-\u2010\u2011](?={_LETTER})"
_WORD = re.compile(
    rf"(?P<skipped>{_SKIPPED})"
    rf"|(?P<possessive>(?<={_LETTER}){_APOSTROPHE}[sS](?!{_LETTER}))"
    rf"|(?P<word>{_LETTER}+(?:{_APOSTROPHE}(?![sS](?!{_LETTER})){_LETTER}+)*)"
    r"|(?P<and>&)"
    r"|(?P<mark>\S|\n[^\S\n]*\n)"
)
_ANY_APOSTROPHE = re.compile(_APOSTROPHE)
_RUN = re.compile(r"[\w\u0300-\u036f]+")
_CHOICE = re.compile(r"\(([^()]*)\)")
_COMMON = """
    a about all am an and any are as at be been but by can could did do for from get go got had has
    have he her here him his how i if in is it just like me more my no not of off on one only or
    our out over put s said she so t that the their them then there they this to too up us very was
    we well went were what when which who will with would you your
    """
_COMMON_WORDS = frozenset(_COMMON.split())
"""Words that most texts hold, so that finding one of them says little."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words and marks of one text in order; word ``i`` is ``text[starts[i]:ends[i]]`` (code points).

    ``forms`` are the words as phrases know them: every apostrophe, typographic ones too, is straight,
    ``'s`` is a word of its own, ``&`` reads ``and``, hyphens inside words count as spaces, and a blank
    line is a mark, so that no phrase reaches over it.
    """

    forms: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]


_NO_WORDS = Words((), (), ())


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
    return _read(view_of(text))


def _read(view: View) -> Words:
    found = [match for match in _WORD.finditer(view.text) if match.lastgroup != "skipped"]
    places = [view.place(*match.span()) for match in found]
    return Words(
        forms=tuple(_form(match) for match in found),
        starts=tuple(start for start, _ in places),
        ends=tuple(end for _, end in places),
    )


def _form(match: re.Match[str]) -> str:
    if match.lastgroup == "and":
        return "and"
    if match.lastgroup == "possessive":
        return "'s"
    form = match.group()
    return form if form.isalnum() else _ANY_APOSTROPHE.sub("'", form)


def letter_runs(text: str) -> frozenset[str]:
    """Every unbroken run of letters and digits in ``text``, a view, in lower case.

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

    Looked up by hash: a library's matcher took half a second, at every start, to learn thousands of phrases.
    Finding takes time in proportion to the text. Most texts hold no phrase, which ``may_hold`` finds out much
    sooner than ``find`` would.
    """

    def __init__(self, wordings: Mapping[str, Wordings]) -> None:
        self._any_case, self._as_written = _Lookup(), _Lookup()
        phrases = set()
        for key, wording in wordings.items():
            for lookup, lines, spell in (
                (self._any_case, wording.any_case, str.lower),
                (self._as_written, wording.as_written, str),
            ):
                for phrase in (phrase for line in lines for phrase in expand(line)):
                    lookup.add(key, list(map(spell, _forms(phrase))))
                    phrases.add(phrase)
        self._needed = _rarest_runs(phrases)

    def may_hold(self, runs: frozenset[str]) -> bool:
        """False only if no phrase is in the text whose letter runs are ``runs``; marks may be among them."""
        return any(not self._needed[run].isdisjoint(runs) for run in runs if run in self._needed)

    def read(self, view: View) -> Words:
        """The words of ``view`` to look in; none where it cannot hold any phrase."""
        return _read(view) if view.words and self.may_hold(frozenset(view.words)) else _NO_WORDS

    def find(self, words: Words) -> tuple[Found, ...]:
        """Every phrase in ``words``, overlaps included, in order of place."""
        lower = [form.lower() for form in words.forms]
        found = {*self._any_case.find(lower), *self._as_written.find(words.forms)}
        return tuple(sorted(found, key=lambda f: (f.first, f.last, f.key)))


def _forms(phrase: str) -> Sequence[str]:
    """What ``read_words`` would say, sooner for the many phrases of mere letters."""
    return phrase.split() if phrase.replace(" ", "").isalpha() else read_words(phrase).forms


class _Lookup:
    """Phrases by their first word, then by all their words; each with the keys it is filed under."""

    def __init__(self) -> None:
        self._by_first: dict[str, dict[tuple[str, ...], set[str]]] = defaultdict(lambda: defaultdict(set))
        self._lengths: dict[str, set[int]] = defaultdict(set)

    def add(self, key: str, forms: Sequence[str]) -> None:
        self._by_first[forms[0]][tuple(forms)].add(key)
        self._lengths[forms[0]].add(len(forms))

    def find(self, forms: Sequence[str]) -> Iterator[Found]:
        for first, form in enumerate(forms):
            for length in self._lengths.get(form, ()):
                phrase = tuple(forms[first : first + length])
                for key in self._by_first[form].get(phrase, ()):
                    yield Found(key, first, first + len(phrase))


def _rarest_runs(phrases: Iterable[str]) -> dict[str, frozenset[str]]:
    """Two letter runs that a text must hold for each phrase to be in it: words with a meaning of their
    own before others, then those that fewest phrases share.

    The first is a key, the second in its set; a phrase of one run has it in both places.
    """
    needed = {letter_runs(phrase) for phrase in phrases}
    common = Counter(run for runs in needed for run in runs)
    pairs: dict[str, set[str]] = defaultdict(set)
    for runs in needed:
        first, *others = sorted(runs, key=lambda run: (run in _COMMON_WORDS, common[run], -len(run), run))
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
