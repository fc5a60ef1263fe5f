"""The two tables behind the cases, the same in SQLite and PostgreSQL.

What clients send may hold any character and be of any length; ``Words`` and the hashed key see to it that
neither database minds.
"""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class Words(TypeDecorator[str]):
    """Text written like the inside of a JSON string: PostgreSQL's text cannot hold the character NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        """As it is stored."""
        return None if value is None else json.dumps(value, ensure_ascii=False)[1:-1]

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        """As it was given."""
        return None if value is None else json.loads(f'"{value}"')


class Moment(TypeDecorator[datetime]):
    """A time in UTC; SQLite forgets the zone, so it is put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """With its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

cases = Table(
    "cases",
    metadata,
    Column("id", String(32), primary_key=True),
    # Of an erased case nothing is left but its id: the tombstone in ``events`` hangs on it.
    Column("story_key", String(64), unique=True),  # SHA-256 of the story's id, which may be of any length
    Column("story_id", Words),
    Column("story_hash", String(64)),
    Column("state", String(16), index=True),
    Column("action", String(16)),
    Column("labels", String(64)),
    Column("title", Words),
    Column("text", Words),
    Column("assessment", JSON(none_as_null=True)),
    Column("model", Text),
    Column("policy", Text),
    Column("opened_at", Moment),
    Column("changed_at", Moment),
    Column("closed_at", Moment),
    Column("author_confirmed", Boolean),
    Column("last_event", Integer, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("case_id", ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", Words, nullable=False),
    Column("kind", String(16), nullable=False, index=True),
    Column("details", JSON, nullable=False),
)
