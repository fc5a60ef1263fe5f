"""The shapes of cases over HTTP, for the contract at /docs."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from classifier.assessment import Action, Assessment
from classifier.labels import Label
from classifier.story import Field as StoryField
from classifier.story import Span
from serve import examples
from serve.cases.case import MAX_NOTE_CHARS, Case, Event, Kind, Page, Quote, State, Step, Verdict
from serve.schemas import Shape, StoryProblem

_FURTHEST = 1_000_000_000


def _example(*found: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": list(found)})


Note = Annotated[
    str | None,
    Field(
        max_length=MAX_NOTE_CHARS,
        description="Why, in your own words. It is kept when the story is dropped: quote nothing of it.",
    ),
]
Seen = Annotated[
    int | None,
    Field(
        ge=1,
        le=_FURTHEST,
        description="`last_event` of the case as you saw it: if anything happened since, the answer is 409.",
    ),
]


class StepRequest(Shape):
    """A step on the case's way."""

    model_config = _example(examples.STEP)

    step: Step
    note: Note = None
    expected_event: Seen = None


class QuoteRequest(Shape):
    """Where the words stand that show a label: code points, half-open."""

    model_config = _example(examples.QUOTE)

    label: Label
    field: StoryField
    start: int = Field(ge=0, le=_FURTHEST)
    end: int = Field(ge=0, le=_FURTHEST)


class VerdictFound(Shape):
    """What the story really holds; no labels: none."""

    model_config = _example(examples.VERDICT)

    labels: list[Label] = Field(max_length=len(Label))
    borderline: bool = Field(default=False, description="Two careful moderators could differ.")
    note: Note = None
    quotes: list[QuoteRequest] = Field(
        default=[], max_length=64, description="Needed only for labels that the model found no words for."
    )


class VerdictRequest(Shape):
    """A moderator's verdict on what the model found."""

    model_config = _example({"verdict": examples.VERDICT, "expected_event": 1})

    verdict: VerdictFound
    expected_event: Seen = None


class CaseSummary(Shape):
    """A held story and where it stands, without its words."""

    model_config = _example(examples.CASE_SUMMARY)

    id: str
    story_id: str
    state: State
    action: Action
    labels: list[Label] = Field(description="Clear or possible ones.")
    model: str
    policy: str
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    author_confirmed: bool
    last_event: int = Field(description="Number of the latest event; send it back as `expected_event`.")


class CaseDocument(CaseSummary):
    """A held story. Once its text is dropped, title and text are null and the assessment's quotes empty."""

    model_config = _example(examples.CASE)

    story_hash: str = Field(description="SHA-256 of title and text.")
    title: str | None
    text: str | None
    assessment: Assessment


class CasesPage(Shape):
    """Some cases: open ones first, the longest waiting on top; then closed ones, the latest on top."""

    model_config = _example(examples.CASES)

    cases: list[CaseSummary]
    page: int
    size: int
    total: int = Field(description="Cases that were asked for, on all pages.")
    counts: dict[State, int] = Field(description="All cases there are, by state.")


class EventDocument(Shape):
    """Something that happened to a case: it is never changed."""

    model_config = _example(examples.EVENT)

    number: int = Field(description="From 1 in each case.")
    at: datetime
    actor: str = Field(description="Whose key it was; `retention` where text was dropped in time.")
    kind: Kind
    details: dict[str, Any] = Field(description="What changed. Never the story's words.")


class EventsDocument(Shape):
    """All that happened to a case, in order; of an erased one the bare fact."""

    model_config = _example({"events": [examples.EVENT]})

    events: list[EventDocument]


class ModeratedStory(Shape):
    """A story's assessment, and its case if it has one."""

    model_config = _example({"assessment": examples.ASSESSMENT, "case": examples.CASE_SUMMARY})

    assessment: Assessment
    case: CaseSummary | None = Field(description="Null where nothing holds the story up.")


class ModerateResponse(Shape):
    """One result for each story, in the order of the request."""

    model_config = _example({"results": [{"assessment": examples.ASSESSMENT, "case": examples.CASE_SUMMARY}]})

    results: list[ModeratedStory | StoryProblem]


def verdict(found: VerdictFound) -> Verdict:
    """The verdict that was sent."""
    quotes = tuple(Quote(label=q.label, span=Span(q.field, q.start, q.end)) for q in found.quotes)
    return Verdict(labels=tuple(found.labels), borderline=found.borderline, note=found.note, quotes=quotes)


def case_summary(case: Case) -> dict[str, Any]:
    """A case ready for JSON, without words."""
    return {name: _plain(getattr(case, name)) for name in CaseSummary.model_fields}


def case_document(case: Case) -> dict[str, Any]:
    """A case ready for JSON, with all that it still holds."""
    return {name: _plain(getattr(case, name)) for name in CaseDocument.model_fields}


def event_document(event: Event) -> dict[str, Any]:
    """An event ready for JSON."""
    return {name: _plain(getattr(event, name)) for name in EventDocument.model_fields}


def cases_page(page: Page, counts: dict[State, int]) -> dict[str, Any]:
    """A page of cases ready for JSON."""
    found = {"cases": [case_summary(case) for case in page.cases]}
    numbers = {"page": page.page, "size": page.size, "total": page.total}
    return found | numbers | {"counts": {str(state): count for state, count in counts.items()}}


def _plain(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
