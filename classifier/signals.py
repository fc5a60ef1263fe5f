"""Words worth a moderator's glance that are not labels: PALS, a solicitor, an ombudsman by name ...

Signals are shown and never counted. Most kinds are phrases, and live in ``signals.toml``. Two say that words
may not have been read well: ``other_language`` (``language``) and ``encoding_fault`` (``damage``).
"""

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from classifier.assessment import Signal
from classifier.damage import damaged_stretches
from classifier.language import foreign_stretches
from classifier.markup import View
from classifier.phrases import Found, Phrasebook, Wordings, longest
from classifier.story import Field, Story

_STRETCHES: dict[str, Callable[[View], tuple[tuple[int, int], ...]]] = {
    "other_language": foreign_stretches,
    "encoding_fault": damaged_stretches,
}
"""Kinds that are no phrases, and what finds where they stand in a field as sent."""

_NEVER = "never "
"""Marks a key whose phrases take words away from a kind without showing anything."""


@dataclass(frozen=True, slots=True)
class _Table:
    """The patterns ready to be found, and for each key the group of kinds that compete for words."""

    phrasebook: Phrasebook
    groups: dict[str, str]


def find_signals(story: Story) -> tuple[Signal, ...]:
    """Every signal in title and text: the title's first, then by start, then by kind.

    Within a group of kinds the longest phrase takes the words, so "no complaints" is an idiom and not
    also a complaint. ``start`` and ``end`` are code points of the field, half-open.

    >>> [signal.kind for signal in find_signals(Story(id="s", text="I rang PALS, then my MP."))]
    ['pals', 'mp']
    """
    return tuple(
        signal for field, view in story.views.items() if view.text for signal in _in_field(story, field, view)
    )


def signal_kinds() -> tuple[str, ...]:
    """The kinds in the table, in its order, then those that are no phrases."""
    return (*_read_table(), *_STRETCHES)


def _in_field(story: Story, field: Field, view: View) -> list[Signal]:
    text = getattr(story, field)
    signals = [
        Signal(kind=kind, text=text[start:end], field=field, start=start, end=end)
        for kind, start, end in (*_phrases(view), *_stretches(view))
    ]
    return sorted(signals, key=lambda signal: (signal.start, signal.kind))


def _phrases(view: View) -> Iterator[tuple[str, int, int]]:
    words = _table().phrasebook.read(view)
    if not words.forms:
        return
    for found in _winners(words_found=_table().phrasebook.find(words)):
        yield found.key, words.starts[found.first], words.ends[found.last - 1]


def _stretches(view: View) -> Iterator[tuple[str, int, int]]:
    for kind, find in _STRETCHES.items():
        yield from ((kind, *stretch) for stretch in find(view))


def _winners(words_found: tuple[Found, ...]) -> Iterator[Found]:
    groups = _table().groups
    by_group = sorted(words_found, key=lambda found: groups[found.key])
    for _, rivals in groupby(by_group, key=lambda found: groups[found.key]):
        yield from (found for found in longest(rivals) if not found.key.startswith(_NEVER))


@lru_cache(maxsize=1)
def _table() -> _Table:
    wordings: dict[str, Wordings] = {}
    groups: dict[str, str] = {}
    for kind, entry in _read_table().items():
        wordings[kind] = Wordings(
            any_case=tuple(entry.get("any_case", ())), as_written=tuple(entry.get("as_written", ()))
        )
        wordings[_NEVER + kind] = Wordings(any_case=tuple(entry.get("never", ())))
        groups[kind] = groups[_NEVER + kind] = entry.get("group", kind)
    return _Table(Phrasebook(wordings), groups)


@lru_cache(maxsize=1)
def _read_table() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("classifier") / "signals.toml").read_text(encoding="utf-8"))
