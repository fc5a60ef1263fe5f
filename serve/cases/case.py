"""A case: one held story on its way through moderation, with everything that happened to it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from classifier.assessment import Action
from classifier.errors import ComplaintContextError
from classifier.labels import Label
from classifier.story import Span

MAX_NOTE_CHARS = 2000


class State(StrEnum):
    """Where a case stands; the last two are closed."""

    REVIEW = "review"
    PAUSED = "paused"
    ASKED = "asked"
    CONFIRMED = "confirmed"
    RESUMED = "resumed"
    WITHDRAWN = "withdrawn"

    @property
    def closed(self) -> bool:
        """Whether nothing is left to do."""
        return self in (State.RESUMED, State.WITHDRAWN)


class Step(StrEnum):
    """What a moderator can do with a case."""

    PAUSE = "pause"
    ASK = "ask"
    CONFIRM = "confirm"
    RESUME = "resume"
    WITHDRAW = "withdraw"


class Kind(StrEnum):
    """What an event tells: a step, or one of the other things that happen to a case."""

    OPENED = "opened"
    JUDGED_AGAIN = "judged_again"
    PAUSE = "pause"
    ASK = "ask"
    CONFIRM = "confirm"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    VERDICT = "verdict"
    TEXT_DROPPED = "text_dropped"
    ERASED = "erased"


class CaseError(ComplaintContextError):
    """A case cannot be found or changed; the message holds no word of its story."""


class NoCaseError(CaseError):
    """There is no such case, or it was erased."""

    def __init__(self) -> None:
        super().__init__(
            "case: there is none of this id, or it was erased. Look for it in the list of cases."
        )


class StaleCaseError(CaseError):
    """Something happened to the case since the moderator looked at it."""

    def __init__(self) -> None:
        super().__init__("case: it has changed since you looked. Look again, then decide.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A held story and how it stands now.

    Attributes:
        story_hash: SHA-256 of title and text; tells an edited story from one sent twice.
        labels: what is clear or possible in the story.
        title, text: the author's words; None once they are dropped.
        assessment: as ``Assessment.to_dict``; once the words are dropped, its quotes are empty strings.
        author_confirmed: the author has said that they wish to go ahead.
        last_event: number of its latest event. Give it to ``CaseStore.take`` as ``expected_event``, so that
            nobody decides on a text they have not seen.
    """

    id: str
    story_id: str
    story_hash: str
    state: State
    action: Action
    labels: tuple[Label, ...]
    title: str | None
    text: str | None
    assessment: dict[str, Any]
    model: str
    policy: str
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    author_confirmed: bool
    last_event: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a case; never changed afterwards. ``number`` counts from 1 in each case."""

    case_id: str
    number: int
    at: datetime
    actor: str
    kind: Kind
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Where the words stand that show a label. Only the place is kept: an event holds no story's words."""

    label: Label
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a moderator says that the story holds, whatever the model found.

    ``quotes`` may name the words for a label; for the others the model's own evidence stands.
    """

    labels: tuple[Label, ...]
    borderline: bool = False
    note: str | None = None
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """Which cases to list; None takes all. ``page`` counts from 1, ``size`` is the cases on one."""

    state: State | None = None
    action: Action | None = None
    label: Label | None = None
    page: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the cases that were asked for; ``total`` counts all of them.

    Open ones come first, the longest waiting on top; then closed ones, the latest on top.
    """

    cases: tuple[Case, ...]
    page: int
    size: int
    total: int
