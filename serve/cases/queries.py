"""What is asked of the database; nothing here changes it."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from serve.cases.case import Case, CaseQuery, Event, Kind, NoCaseError, Page, State
from serve.cases.rows import story_key, to_case, to_event
from serve.cases.tables import cases, events

_ID = re.compile("[0-9a-f]{32}")
_LIVE = cases.c.state.is_not(None)  # an erased case has none


def get_case(connection: Connection, case_id: str, *, lock: bool = False) -> Case:
    """The case; with ``lock`` nobody else can change it before this transaction ends.

    Raises:
        NoCaseError: there is none.
    """
    return to_case(_only(connection, select(cases).where(_LIVE), case_id, lock=lock))


def find_story(connection: Connection, story_id: str) -> Case | None:
    """The case of a story, locked; None where it has none."""
    of_story = select(cases).where(cases.c.story_key == story_key(story_id)).with_for_update()
    row = connection.execute(of_story).one_or_none()
    return to_case(row) if row else None


def find_cases(connection: Connection, query: CaseQuery) -> Page:
    """Open cases first, the longest waiting on top; then closed ones, the latest on top."""
    wanted = [_LIVE, *_conditions(query)]
    total = connection.scalar(select(func.count()).select_from(cases).where(*wanted)) or 0
    rows = connection.execute(
        select(cases)
        .where(*wanted)
        .order_by(cases.c.closed_at.desc().nulls_first(), cases.c.changed_at, cases.c.id)
        .limit(query.size)
        .offset((query.page - 1) * query.size)
    )
    return Page(cases=tuple(map(to_case, rows)), page=query.page, size=query.size, total=total)


def count_states(connection: Connection) -> dict[State, int]:
    """How many cases stand at each state; every state is there."""
    by_state = select(cases.c.state, func.count().label("cases")).where(_LIVE).group_by(cases.c.state)
    found = {row.state: row.cases for row in connection.execute(by_state)}
    return {state: found.get(state, 0) for state in State}


def events_of(connection: Connection, case_id: str) -> tuple[Event, ...]:
    """All that happened to a case, in order; of an erased one its tombstone.

    Raises:
        NoCaseError: there never was one.
    """
    _only(connection, select(cases), case_id)
    rows = connection.execute(select(events).where(events.c.case_id == case_id).order_by(events.c.number))
    return tuple(map(to_event, rows))


def latest_verdicts(connection: Connection) -> Iterator[tuple[Case, Event]]:
    """Each case that has a verdict, with the latest one, in the order of their times."""
    latest = (
        select(events.c.case_id, func.max(events.c.number).label("number"))
        .where(events.c.kind == str(Kind.VERDICT))
        .group_by(events.c.case_id)
        .subquery()
    )
    of_latest = (events.c.case_id == latest.c.case_id) & (events.c.number == latest.c.number)
    verdicts = select(events).join(latest, of_latest).order_by(events.c.at, events.c.case_id)
    for row in connection.execute(verdicts).all():
        case = _case_or_none(connection, row.case_id)
        if case is not None:  # else it was erased meanwhile, which PostgreSQL shows us at once
            yield case, to_event(row)


def with_text(connection: Connection, *, closed_before: datetime) -> tuple[str, ...]:
    """Ids of cases closed before then that still have their text."""
    wanted = select(cases.c.id).where(cases.c.closed_at < closed_before, cases.c.text.is_not(None))
    return tuple(connection.scalars(wanted))


def has_verdict(connection: Connection, case: Case) -> bool:
    """Whether a moderator's verdict stands on the case's present text."""
    of_case = select(events.c.details).where(events.c.case_id == case.id, events.c.kind == str(Kind.VERDICT))
    return any(details["story_hash"] == case.story_hash for details in connection.scalars(of_case))


def _case_or_none(connection: Connection, case_id: str) -> Case | None:
    try:
        return get_case(connection, case_id)
    except NoCaseError:
        return None


def _only(connection: Connection, wanted: Select[Any], case_id: str, *, lock: bool = False) -> Any:
    # An id of another form is refused here: not every database takes every character.
    if not _ID.fullmatch(case_id):
        raise NoCaseError
    found = wanted.where(cases.c.id == case_id)
    row = connection.execute(found.with_for_update() if lock else found).one_or_none()
    if row is None:
        raise NoCaseError
    return row


def _conditions(query: CaseQuery) -> Iterator[ColumnElement[bool]]:
    if query.state is not None:
        yield cases.c.state == str(query.state)
    if query.action is not None:
        yield cases.c.action == str(query.action)
    if query.label is not None:
        yield cases.c.labels.contains(str(query.label))  # no label's name is part of another's
