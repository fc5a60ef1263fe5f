"""Words worth a moderator's glance that are not labels: PALS, a solicitor, an ombudsman by name ...

Signals are shown and never counted. The patterns live in ``signals.toml``; nothing here knows a kind by name.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any

from classifier.assessment import Signal
from classifier.phrases import Found, Phrasebook, Wordings, longest
from classifier.story import FIELDS, Field, Story

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
    return tuple(signal for field in FIELDS for signal in _in_field(story, field))


def signal_kinds() -> tuple[str, ...]:
    """The kinds in the table, in its order."""
    return tuple(_read_table())


def _in_field(story: Story, field: Field) -> list[Signal]:
    text = getattr(story, field)
    words = _table().phrasebook.read(text)
    signals = []
    for found in _winners(words_found=_table().phrasebook.find(words)):
        start, end = words.starts[found.first], words.ends[found.last - 1]
        signals.append(Signal(kind=found.key, text=text[start:end], field=field, start=start, end=end))
    return sorted(signals, key=lambda signal: (signal.start, signal.kind))


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
