"""``/try``: a page to try a story on. Nothing that is entered is kept."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response

from classifier.errors import StoryError
from classifier.story import Story
from serve.assessor import Assessor
from serve.body import FORM, read_body, read_form
from serve.console.page import Fault, page
from serve.console.reading import Reading, read, thresholds_of
from serve.dependencies import TheAssessor, TheSettings
from serve.envelope import check_length
from serve.hangup import unless_hung_up
from serve.problems import BAD_STORY, ProblemError
from serve.security import csrf
from serve.security.roles import Caller, Role, require

router = APIRouter(include_in_schema=False)

MayTry = Annotated[Caller, require(Role.CLASSIFY)]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the form held."""

    title: str = ""
    text: str = ""
    author_confirmed: bool = False


@router.get("/try")
async def show_form(request: Request, caller: MayTry) -> Response:
    """The empty form."""
    return page(request, "try.html", caller=caller, entry=Entry(), reading=None)


@router.post("/try")
async def try_story(
    request: Request, assessor: TheAssessor, settings: TheSettings, caller: MayTry
) -> Response:
    """The form again, with the assessment of what it held or with what was wrong."""
    entry, status = Entry(), 200
    reading: Reading | None = None
    faults: tuple[Fault, ...] = ()
    try:
        form = read_form(await read_body(request, media_type=FORM, max_bytes=settings.max_body_bytes))
        csrf.check(request, form)
        entry = Entry(form.get("title", ""), form.get("text", ""), form.get("author_confirmed") == "yes")
        assessing = _assess(entry, assessor, max_chars=settings.max_story_chars)
        reading = await unless_hung_up(request, assessing)
    except ProblemError as problem:
        status, faults = problem.kind.status, (Fault("text", problem.detail),)
    return page(
        request, "try.html", caller=caller, status=status, faults=faults, entry=entry, reading=reading
    )


async def _assess(entry: Entry, assessor: Assessor, *, max_chars: int) -> Reading:
    try:
        story = Story(id="try", title=entry.title, text=entry.text)
    except StoryError as error:
        raise ProblemError(BAD_STORY, str(error)) from None
    check_length(story, max_chars=max_chars)
    assessment = await assessor.assess(story, author_confirmed=entry.author_confirmed)
    thresholds = thresholds_of(assessor, assessment.model)
    return read(assessment.to_dict(), story=story, thresholds=thresholds)
