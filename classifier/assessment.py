"""The answer: what a story says of a complaint, in which words, and what the policy makes of it."""

import json
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from classifier.labels import Label
from classifier.story import Field


class Action(StrEnum):
    """What the policy says to do, mildest last."""

    PAUSE = "pause"
    REVIEW = "review"
    ADVISE = "advise"
    CONTINUE = "continue"


class Nation(StrEnum):
    """Where the care was given, as far as the story shows it."""

    ENGLAND = "england"
    SCOTLAND = "scotland"
    WALES = "wales"
    NORTHERN_IRELAND = "northern_ireland"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the action was chosen: one label, the policy rule it set off, and how sure we are.

    ``clear`` is true at or above the bundle's ``clear`` threshold, false between its ``review``
    and ``clear`` thresholds; ``threshold`` is the one that was reached, in 0..1 like ``score``.
    """

    label: Label
    rule: str
    clear: bool
    score: float
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The exact words that carried a label; ``text`` is ``field[start:end]`` in code points."""

    label: Label
    text: str
    field: Field
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something worth a moderator's glance that is not a label; shown, never counted."""

    kind: str
    text: str
    field: Field
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address that goes with a piece of guidance."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """One piece of advice that the policy attaches to a rule.

    ``audience`` is ``moderator`` or ``author``; ``basis`` is ``stated`` where the policy says so
    itself and ``reading`` where it is our reading of it; ``section`` names the policy's section.
    """

    rule: str
    audience: str
    basis: str
    section: str
    text: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One story's answer, with the same keys in Python, over HTTP and in files."""

    id: str
    labels: tuple[Label, ...]
    scores: dict[Label, float]
    action: Action
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]
    signals: tuple[Signal, ...]
    nation: Nation
    guidance: tuple[Guidance, ...]
    model: str
    policy: str

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers, ready for JSON; keys in the documented order."""
        return to_plain(self)


def to_json(value: Any) -> str:
    """Compact JSON with characters as they are; the one spelling that all doors share."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_AS_THEY_ARE = (str, float, int, bool, type(None))


def to_plain(part: Any) -> Any:
    """An assessment, or a part of one, as plain dicts, lists, strings and numbers.

    ``dataclasses.asdict`` would copy each value deeply, which took a fifth of the time of a backlog.
    """
    kind = type(part)
    if kind in _AS_THEY_ARE:
        return part
    if kind in (tuple, list):
        return [to_plain(item) for item in part]
    if isinstance(part, StrEnum):
        return part.value
    if isinstance(part, dict):
        return {str(key): to_plain(item) for key, item in part.items()}
    return {field.name: to_plain(getattr(part, field.name)) for field in fields(part)}
