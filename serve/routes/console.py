"""``/``: a page to try a story on. It works without scripts, keeps nothing and fetches nothing."""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from classifier.assessment import Action, Assessment, Nation
from classifier.errors import StoryError
from classifier.labels import LABELS
from classifier.story import Field, Story
from serve.assessor import Assessor
from serve.body import FORM, read_body, read_form
from serve.dependencies import TheAssessor, TheSettings
from serve.highlight import Stretch, highlight
from serve.problems import BAD_STORY, ProblemError

router = APIRouter(include_in_schema=False)

_ACTIONS = {
    Action.PAUSE: "Pause: hold the story and ask its author to think about the points below",
    Action.REVIEW: "Review: a person should look at the marked words",
    Action.ADVISE: "Advise: go on as usual, and tell the author what is below",
    Action.CONTINUE: "Continue: nothing here holds the story up",
}
_NATIONS = {
    Nation.ENGLAND: "England",
    Nation.SCOTLAND: "Scotland",
    Nation.WALES: "Wales",
    Nation.NORTHERN_IRELAND: "Northern Ireland",
    Nation.UNKNOWN: "The story does not say",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the form held."""

    title: str = ""
    text: str = ""
    author_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of labels: ``found`` is clear, possible or no; ``score`` is in 0..1."""

    label: str
    found: str
    score: float


@dataclass(frozen=True, slots=True)
class View:
    """An assessment in the words of the page."""

    assessment: Assessment
    action: str
    nation: str
    rows: tuple[Row, ...]
    title: tuple[Stretch, ...]
    text: tuple[Stretch, ...]

    @property
    def for_moderator(self) -> list[Any]:
        """Guidance for the moderator."""
        return [item for item in self.assessment.guidance if item.audience == "moderator"]

    @property
    def for_author(self) -> list[Any]:
        """Messages to the author, at most one."""
        return [item for item in self.assessment.guidance if item.audience == "author"]


@router.get("/")
async def show_form() -> Response:
    """The empty form."""
    return _page(Entry())


@router.post("/")
async def try_story(request: Request, assessor: TheAssessor, settings: TheSettings) -> Response:
    """The form again, with the assessment of what it held or with what was wrong."""
    entry = Entry()
    try:
        entry = _entry(
            read_form(await read_body(request, media_type=FORM, max_bytes=settings.max_body_bytes))
        )
        return _page(entry, view=await _assess(entry, assessor))
    except ProblemError as problem:
        return _page(entry, problem=problem)


async def _assess(entry: Entry, assessor: Assessor) -> View:
    try:
        story = Story(id="try", title=entry.title, text=entry.text)
    except StoryError as error:
        raise ProblemError(BAD_STORY, str(error)) from None
    return _view(story, await assessor.assess(story, author_confirmed=entry.author_confirmed))


def _entry(form: dict[str, str]) -> Entry:
    return Entry(form.get("title", ""), form.get("text", ""), form.get("author_confirmed") == "yes")


def _view(story: Story, assessment: Assessment) -> View:
    fields: tuple[Field, Field] = ("title", "text")
    title, text = (highlight(story, field=field, evidence=assessment.evidence) for field in fields)
    return View(
        assessment=assessment,
        action=_ACTIONS[assessment.action],
        nation=_NATIONS[assessment.nation],
        rows=_rows(assessment),
        title=title,
        text=text,
    )


def _rows(assessment: Assessment) -> tuple[Row, ...]:
    found = {reason.label: "clear" if reason.clear else "possible" for reason in assessment.reasons}
    return tuple(Row(label, found.get(label, "no"), assessment.scores[label]) for label in LABELS)


def _page(entry: Entry, *, view: View | None = None, problem: ProblemError | None = None) -> Response:
    nonce = secrets.token_urlsafe(16)
    content = _template().render(entry=entry, view=view, problem=problem, nonce=nonce)
    status = problem.kind.status if problem else 200
    return HTMLResponse(content, status_code=status, headers=_headers(nonce))


def _headers(nonce: str) -> dict[str, str]:
    return {
        "content-security-policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "cache-control": "no-store",  # a story must not stay in a browser's cache
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


@lru_cache(maxsize=1)
def _template() -> Any:
    return Environment(
        loader=PackageLoader("serve"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("try.html")
