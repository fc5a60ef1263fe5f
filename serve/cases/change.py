"""One change to a case: who makes it, when, in which transaction. Each writes its event along."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, update

from serve.cases import queries, verdicts
from serve.cases.case import Case, Kind, State, Step, Verdict
from serve.cases.judging import Judging
from serve.cases.machine import next_state, opening_state, state_after_judging
from serve.cases.retention import Retention, without_words
from serve.cases.rows import story_key
from serve.cases.tables import cases, events

RETENTION = "retention"
"""The actor that drops text when its time is over."""


@dataclass(slots=True, kw_only=True)
class Change:
    """A transaction, and what every event in it says. The cases given to its methods are locked in it.

    ``forgot`` becomes true once it removes words.
    """

    connection: Connection
    actor: str
    now: datetime
    retention: Retention
    forgot: bool = False

    def begin(self, judging: Judging) -> Case | None:
        """A new case; None where nothing holds the story up."""
        state = opening_state(judging.assessment.action)
        if state is None:
            return None
        id, story_id = uuid4().hex, judging.story.id
        named = {"id": id, "story_key": story_key(story_id), "story_id": story_id}
        placed = {"state": str(state), "opened_at": self.now, "changed_at": self.now, "last_event": 0}
        self.connection.execute(insert(cases).values(named | judging.columns | placed))
        case = queries.get_case(self.connection, id)
        return self._write(case, Kind.OPENED, {"to": str(state)} | judging.told)

    def judge_again(self, case: Case, judging: Judging) -> Case:
        """The case with another text, or with its author's confirmation."""
        changes = judging.changes(case)
        unconfirmed = case.author_confirmed and not judging.author_confirmed
        state = state_after_judging(
            case.state,
            judging.assessment.action,
            same=not unconfirmed and not changes.keys() & {"labels", "action"},
            author_confirmed=judging.author_confirmed,
        )
        return self._move(case, Kind.JUDGED_AGAIN, changes, state=state, **judging.columns)

    def take(self, case: Case, step: Step, *, note: str | None) -> Case:
        """The case after a step.

        Raises:
            WrongStepError: the step does not start at its state, or needs a note.
        """
        state = next_state(case.state, step, note=note)
        confirmed = {"author_confirmed": True} if step is Step.CONFIRM else {}
        return self._move(case, Kind(step), {"note": note}, state=state, **confirmed)

    def record(self, verdict: Verdict, case: Case) -> Case:
        """The case after a verdict.

        Raises:
            VerdictError: a quote does not stand in the story.
        """
        verdicts.check(verdict, case)
        return self._write(case, Kind.VERDICT, verdicts.details(verdict, case))

    def erase(self, case: Case) -> None:
        """Leaves of the case its id and one bare event."""
        number = self._add_event(
            case, Kind.ERASED, self.actor, {}
        )  # first: the database lets no event go without it
        mine = events.c.case_id == case.id
        self.connection.execute(delete(events).where(mine, events.c.kind != str(Kind.ERASED)))
        nothing = {column.name: None for column in cases.columns if column.nullable}
        bare = nothing | {"last_event": number}
        self.connection.execute(update(cases).where(cases.c.id == case.id).values(bare))
        self.forgot = True

    def drop_text(self, case: Case) -> Case:
        """The case without its author's words."""
        self.forgot = True
        blank = {"title": None, "text": None, "assessment": without_words(case.assessment)}
        return self._write(case, Kind.TEXT_DROPPED, {}, actor=RETENTION, **blank)

    def keeps_for_verdict(self, case: Case) -> bool:
        """Whether its words stay for training; never those that their author has withdrawn."""
        if not self.retention.keep_verdict_text or case.state is State.WITHDRAWN:
            return False
        return queries.has_verdict(self.connection, case)

    def _move(self, case: Case, kind: Kind, details: dict[str, Any], *, state: State, **columns: Any) -> Case:
        placed: dict[str, Any] = {
            "state": str(state),
            "changed_at": self.now,
            "closed_at": self.now if state.closed else None,
        }
        told = {"from": str(case.state), "to": str(state)} | details
        moved = self._write(case, kind, told, **columns, **placed)
        return self.drop_text(moved) if self._loses_text(moved) else moved

    def _loses_text(self, case: Case) -> bool:
        if case.text is None or not case.state.closed:
            return False
        return self.retention.keep_text_days == 0 and not self.keeps_for_verdict(case)

    def _write(
        self, case: Case, kind: Kind, details: dict[str, Any], *, actor: str | None = None, **columns: Any
    ) -> Case:
        number = self._add_event(case, kind, actor or self.actor, details)
        self.connection.execute(
            update(cases).where(cases.c.id == case.id).values(columns | {"last_event": number})
        )
        return queries.get_case(self.connection, case.id)

    def _add_event(self, case: Case, kind: Kind, actor: str, details: dict[str, Any]) -> int:
        number = case.last_event + 1
        told = {"at": self.now, "actor": actor, "kind": str(kind), "details": details}
        self.connection.execute(insert(events).values(case_id=case.id, number=number, **told))
        return number
