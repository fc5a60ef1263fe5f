"""The cases in their database. What a method has returned is on disk, with its event, in one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from classifier.assessment import Assessment
from classifier.story import Story
from serve.cases import queries
from serve.cases.case import Case, CaseQuery, Event, Page, StaleCaseError, State, Step, Verdict
from serve.cases.change import RETENTION, Change
from serve.cases.database import scrub
from serve.cases.judging import Judging
from serve.cases.retention import AT_ONCE, Retention


class CaseStore:
    """Opens cases, moves them on, lists and forgets them. Safe to share between threads."""

    def __init__(
        self,
        engine: Engine,
        *,
        retention: Retention = AT_ONCE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._retention = retention
        self._now = now

    def open(
        self, story: Story, assessment: Assessment, actor: str, *, author_confirmed: bool = False
    ) -> Case | None:
        """The case of a story: a new one, or the one it has, judged again where that is due.

        The same text sent twice changes nothing. Another text under the same id, or its author's
        confirmation, is judged again, and the event says what changed. A closed case whose new text must
        be held opens again.

        Returns:
            None where nothing holds the story up and it never had a case.
        """
        judging = Judging(story, assessment, author_confirmed)
        try:
            return self._judge(judging, actor)
        except IntegrityError:  # another request opened it between our look and our write
            return self._judge(judging, actor)

    def take(
        self,
        case_id: str,
        step: Step,
        actor: str,
        *,
        note: str | None = None,
        expected_event: int | None = None,
    ) -> Case:
        """The case after a step.

        Args:
            note: why, in the moderator's own words.
            expected_event: ``last_event`` of the case as the moderator saw it; of two clicks only one wins.

        Raises:
            NoCaseError: there is none.
            StaleCaseError: it is no longer as the moderator saw it.
            WrongStepError: the step does not start at its state, or needs a note.
        """
        with self._change(actor) as change:
            case = queries.get_case(change.connection, case_id, lock=True)
            _check_seen(case, expected_event)
            return change.take(case, step, note=note)

    def record_verdict(
        self, case_id: str, verdict: Verdict, actor: str, *, expected_event: int | None = None
    ) -> Case:
        """The case after a moderator has said which labels hold; its state stays.

        Raises:
            NoCaseError: there is none.
            StaleCaseError: it is no longer as the moderator saw it.
            VerdictError: a quote does not stand in the story.
        """
        with self._change(actor) as change:
            case = queries.get_case(change.connection, case_id, lock=True)
            _check_seen(case, expected_event)
            return change.record(verdict, case)

    def erase(self, case_id: str, actor: str) -> None:
        """Forgets a case: its story, its events, whose it was. A bare event stays, with who and when.

        Raises:
            NoCaseError: there is none, or it is erased already.
        """
        with self._change(actor) as change:
            change.erase(queries.get_case(change.connection, case_id, lock=True))

    def drop_text(self, closed_before: datetime) -> int:
        """Drops the words of cases closed before then; the number of cases that lost theirs.

        Where the operator keeps the texts that verdicts are about, those stay, unless their author has
        withdrawn the story.
        """
        with self._engine.connect() as connection:
            overdue = queries.with_text(connection, closed_before=closed_before)
        return sum(self._drop_text(case_id, closed_before) for case_id in overdue)

    def drop_overdue_text(self) -> int:
        """Drops what the operator's retention no longer keeps, and what an earlier drop left in the log."""
        count = self.drop_text(self._retention.closed_before(self._now()))
        scrub(self._engine)  # a reader may have been in the way of the last one
        return count

    def get(self, case_id: str) -> Case:
        """The case.

        Raises:
            NoCaseError: there is none, or it was erased.
        """
        with self._engine.connect() as connection:
            return queries.get_case(connection, case_id)

    def find(self, query: CaseQuery) -> Page:
        """Open cases first, the longest waiting on top; then closed ones, the latest on top."""
        with self._engine.connect() as connection:
            return queries.find_cases(connection, query)

    def counts(self) -> dict[State, int]:
        """How many cases stand at each state."""
        with self._engine.connect() as connection:
            return queries.count_states(connection)

    def events(self, case_id: str) -> tuple[Event, ...]:
        """All that happened to a case, in order; of an erased one its tombstone.

        Raises:
            NoCaseError: there never was one.
        """
        with self._engine.connect() as connection:
            return queries.events_of(connection, case_id)

    def verdicts(self) -> Iterator[tuple[Case, Event]]:
        """Each case that has a verdict, with the latest one."""
        with self._engine.connect() as connection:
            yield from queries.latest_verdicts(connection)

    def close(self) -> None:
        """Lets go of the database."""
        self._engine.dispose()

    def _judge(self, judging: Judging, actor: str) -> Case | None:
        with self._change(actor) as change:
            case = queries.find_story(change.connection, judging.story.id)
            if case is None:
                return change.begin(judging)
            return change.judge_again(case, judging) if judging.is_new_to(case) else case

    def _drop_text(self, case_id: str, closed_before: datetime) -> bool:
        with self._change(RETENTION) as change:
            case = queries.get_case(change.connection, case_id, lock=True)
            # Since it was listed it may have opened again or lost its text.
            due = case.text is not None and case.closed_at is not None and case.closed_at < closed_before
            if not due or change.keeps_for_verdict(case):
                return False
            change.drop_text(case)
            return True

    @contextmanager
    def _change(self, actor: str) -> Iterator[Change]:
        """One transaction, committed when the block ends well."""
        writer = self._engine.execution_options(writes=True)
        with writer.begin() as connection:
            now, retention = self._now(), self._retention
            yield (change := Change(connection=connection, actor=actor, now=now, retention=retention))
        if change.forgot:
            scrub(self._engine)


def _check_seen(case: Case, expected_event: int | None) -> None:
    if expected_event not in (None, case.last_event):
        raise StaleCaseError
