"""In which nation the care was given, as far as the story shows: each has its own ombudsman.

The cues and their weights live in ``nations.toml``; this file adds them up.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from classifier.assessment import Nation
from classifier.phrases import Found, Phrasebook, Wordings, Words, longest
from classifier.story import Story

_BEFORE = 3
_AFTER = 3
"""How many words before and after a place are looked at for what they say of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """How the words beside a place change what it says; words in lower case."""

    home_factor: float
    care_factor: float
    home_before: frozenset[str]
    care_near: frozenset[str]
    person_before: frozenset[str]
    no_place_after: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The cues ready to be found; a cue's key is ``"nation tier"``."""

    phrasebook: Phrasebook
    weights: Mapping[str, float]
    enough: float
    beside: _Beside


def find_nation(story: Story) -> Nation:
    """The nation whose cues weigh most, or ``Nation.UNKNOWN`` where they are too few or in balance.

    A named body (ombudsman, board, trust) outweighs a hospital, a hospital a town. Each cue counts once,
    however often it is said. PALS or the CQC alone leave the nation unknown.

    >>> find_nation(Story(id="s", text="The SPSO has my complaint."))
    <Nation.SCOTLAND: 'scotland'>
    """
    totals = _weigh(story)
    if not totals:
        return Nation.UNKNOWN
    first, second, *_ = [*sorted(totals.items(), key=lambda item: -item[1]), (None, 0.0)]
    clear = first[1] >= _table().enough and first[1] > second[1]
    return Nation(first[0]) if clear else Nation.UNKNOWN


def _weigh(story: Story) -> dict[str, float]:
    """Nation to the sum of its cues' weights, each cue at its heaviest."""
    heaviest: dict[tuple[str, str], float] = {}
    read = map(_table().phrasebook.read, story.views.values())
    for words in (words for words in read if words.forms):
        for nation, cue, weight in _cues(words):
            heaviest[nation, cue] = max(weight, heaviest.get((nation, cue), 0.0))
    totals: dict[str, float] = defaultdict(float)
    for (nation, _), weight in heaviest.items():
        totals[nation] += weight
    return dict(totals)


def _cues(words: Words) -> Iterator[tuple[str, str, float]]:
    table = _table()
    for found in longest(table.phrasebook.find(words)):
        nation, _, tier = found.key.partition(" ")
        if tier:
            factor = _factor(words, found, table.beside) if tier == "place" else 1.0
            cue = " ".join(words.forms[found.first : found.last]).lower()
            yield nation, cue, factor * table.weights[tier]


def _factor(words: Words, place: Found, beside: _Beside) -> float:
    before = [form.lower() for form in words.forms[max(0, place.first - _BEFORE) : place.first]]
    after = [form.lower() for form in words.forms[place.last : place.last + _AFTER]]
    if not (beside.person_before.isdisjoint(before[-1:]) and beside.no_place_after.isdisjoint(after[:1])):
        return 0.0
    home = 1.0 if beside.home_before.isdisjoint(before) else beside.home_factor
    care = 1.0 if beside.care_near.isdisjoint(before + after) else beside.care_factor
    return home * care


@lru_cache(maxsize=1)
def _table() -> _Table:
    raw: dict[str, Any] = tomllib.loads((files("classifier") / "nations.toml").read_text(encoding="utf-8"))
    wordings = {"elsewhere": Wordings(any_case=tuple(raw["elsewhere"]["names"]))}
    for nation in (nation for nation in Nation if nation is not Nation.UNKNOWN):
        for tier in raw["weights"]:
            wordings[f"{nation} {tier}"] = Wordings(
                any_case=tuple(raw[nation].get(tier, ())),
                as_written=tuple(raw[nation].get(f"{tier}_as_written", ())),
            )
    return _Table(
        phrasebook=Phrasebook(wordings),
        weights=raw["weights"],
        enough=raw["enough"],
        beside=_Beside(**{key: _plain(value) for key, value in raw["beside"].items()}),
    )


def _plain(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list) else value
