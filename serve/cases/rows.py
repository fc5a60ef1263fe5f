"""Between the rows of the tables and the dataclasses of ``serve.cases.case``."""

from hashlib import sha256
from typing import Any

from sqlalchemy import Row

from classifier.assessment import Action
from classifier.labels import LABELS
from serve.cases.case import Case, Event, Kind, State


def to_case(row: Row[Any]) -> Case:
    """The case that a row of ``cases`` holds; never one that was erased."""
    return Case(
        id=row.id,
        story_id=row.story_id,
        story_hash=row.story_hash,
        state=State(row.state),
        action=Action(row.action),
        labels=tuple(label for label in LABELS if label in row.labels.split()),
        title=row.title,
        text=row.text,
        assessment=row.assessment,
        model=row.model,
        policy=row.policy,
        opened_at=row.opened_at,
        changed_at=row.changed_at,
        closed_at=row.closed_at,
        author_confirmed=row.author_confirmed,
        last_event=row.last_event,
    )


def to_event(row: Row[Any]) -> Event:
    """The event that a row of ``events`` holds."""
    return Event(
        case_id=row.case_id,
        number=row.number,
        at=row.at,
        actor=row.actor,
        kind=Kind(row.kind),
        details=row.details,
    )


def story_key(story_id: str) -> str:
    """SHA-256 of a story's id."""
    return sha256(story_id.encode()).hexdigest()
