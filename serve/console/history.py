"""The events of a case in the words of its page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from serve.cases.case import Event, Kind, State
from serve.console.words import EVENTS, STATES

_SHOWN = ("labels", "action")


@dataclass(frozen=True, slots=True)
class Line:
    """One event: when, who, what, what else is known of it, and the moderator's note ("" for none)."""

    at: datetime
    actor: str
    what: str
    details: tuple[str, ...]
    note: str


def lines(events: tuple[Event, ...]) -> tuple[Line, ...]:
    """One line an event, in their order."""
    return tuple(map(_line, events))


def _line(event: Event) -> Line:
    details, note = tuple(_details(event)), event.details.get("note") or ""
    return Line(event.at, event.actor, EVENTS[event.kind], details, note)


def _details(event: Event) -> Iterator[str]:
    told = event.details
    for name in _SHOWN:
        if name in told:
            yield f"{name}: {_value(told[name])}"
    if isinstance(told.get("story_hash"), Mapping):
        yield "the author changed the words"
    if isinstance(told.get("author_confirmed"), Mapping):
        yield (
            "the author confirmed" if told["author_confirmed"]["after"] else "not confirmed for the new words"
        )
    if event.kind is Kind.JUDGED_AGAIN and told["from"] != told["to"]:
        yield f"now: {STATES[State(told['to'])]}"
    if told.get("borderline"):
        yield "borderline"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):  # what it was and what it is now
        return f"{_value(value['before'])} before, {_value(value['after'])} now"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return str(value)
