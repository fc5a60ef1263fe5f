"""``/cases/{id}``: a held story with all that a moderator needs to decide, and the forms for it."""

from dataclasses import dataclass, field
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from classifier.labels import LABELS
from classifier.story import Story
from serve.cases.case import MAX_NOTE_CHARS, Case, Kind, StaleCaseError, Step
from serve.cases.machine import WrongStepError, needs_note
from serve.console.form import TheForm
from serve.console.history import lines
from serve.console.note import faults_of_note, read_note
from serve.console.page import Fault, page, see_other
from serve.console.queue import name_of
from serve.console.reading import read, thresholds_of
from serve.console.steps import choices
from serve.console.verdict import Marked, faults_of, read_marked, verdict_of
from serve.console.words import EVENTS, STATES
from serve.dependencies import TheAssessor, TheCases
from serve.security.roles import Caller, Role, require

router = APIRouter(include_in_schema=False)

Moderator = Annotated[Caller, require(Role.MODERATE)]

_UNKNOWN_STEP = Fault("next", "Choose one of the steps below")
_NO_REASON = Fault("note", "Say why no pause is needed, to resume without the author's word")
_NO_WORDS = Fault("next", "The story's words are gone, so its labels cannot be judged any more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A form that was not taken: what was wrong, and what it held."""

    faults: tuple[Fault, ...]
    status: int = 422
    note: str = ""
    marked: Marked = field(default_factory=Marked)


class CasePage:
    """The page of a case, as it stands or after a form that was not taken; what its routes share."""

    def __init__(
        self, id: str, request: Request, caller: Moderator, cases: TheCases, assessor: TheAssessor
    ) -> None:
        self.id = id
        self.caller = caller
        self.cases = cases
        self._request = request
        self._assessor = assessor

    async def case(self) -> Case:
        """The case."""
        return await to_thread.run_sync(self.cases.get, self.id)

    async def show(self, attempt: Attempt | None = None) -> Response:
        """The page, with what ``attempt`` held."""
        case = await self.case()
        events = await to_thread.run_sync(lambda: tuple(self.cases.events(self.id)))
        thresholds = thresholds_of(self._assessor, case.model)
        offered = choices(case.state)
        return page(
            self._request,
            "case.html",
            caller=self.caller,
            status=attempt.status if attempt else 200,
            faults=attempt.faults if attempt else (),
            case=case,
            name=name_of(case),
            state=STATES[case.state],
            reading=read(case.assessment, story=story_of(case), thresholds=thresholds),
            choices=offered,
            reason=any(choice.reason for choice in offered),
            labels=LABELS,
            note=attempt.note if attempt else "",
            max_note_chars=MAX_NOTE_CHARS,
            marked=attempt.marked if attempt else Marked(),
            history=lines(events),
            may_erase=self.caller.role.includes(Role.ADMIN),
            done=_done(self._request),
        )


TheCasePage = Annotated[CasePage, Depends()]


@router.get("/cases/{id}")
async def show_case(shown: TheCasePage) -> Response:
    """A case."""
    return await shown.show()


@router.post("/cases/{id}/step")
async def take_step(shown: TheCasePage, form: TheForm) -> Response:
    """Moves the case on and shows it again."""
    note, case = read_note(form, field="note"), await shown.case()
    if form.get("step") not in list(Step):
        return await shown.show(Attempt(faults=(_UNKNOWN_STEP,), note=note))
    step, seen = Step(form["step"]), _seen(form)
    if faults := _faults_of(note, case, step=step, seen=seen):
        return await shown.show(Attempt(faults=faults, note=note))
    try:
        await to_thread.run_sync(
            lambda: shown.cases.take(
                shown.id, step, shown.caller.name, note=note.strip() or None, expected_event=seen
            )
        )
    except (StaleCaseError, WrongStepError) as error:
        return await shown.show(Attempt(faults=(Fault("next", str(error)),), status=409, note=note))
    return see_other(f"/cases/{shown.id}?done={step}")


@router.post("/cases/{id}/verdict")
async def record_verdict(shown: TheCasePage, form: TheForm) -> Response:
    """Records which labels hold and shows the case again."""
    marked, story = read_marked(form), story_of(await shown.case())
    if story is None:
        return await shown.show(Attempt(faults=(_NO_WORDS,), status=409))
    if faults := faults_of(marked, story):
        return await shown.show(Attempt(faults=faults, marked=marked))
    verdict, seen = verdict_of(marked, story), _seen(form)
    try:
        await to_thread.run_sync(
            lambda: shown.cases.record_verdict(shown.id, verdict, shown.caller.name, expected_event=seen)
        )
    except StaleCaseError as error:
        return await shown.show(Attempt(faults=(Fault("verdict", str(error)),), status=409, marked=marked))
    return see_other(f"/cases/{shown.id}?done={Kind.VERDICT}")


def story_of(case: Case) -> Story | None:
    """The author's words; None once they are gone."""
    return None if case.text is None else Story(id=case.story_id, title=case.title or "", text=case.text)


def _faults_of(note: str, case: Case, *, step: Step, seen: int) -> tuple[Fault, ...]:
    """A step on an old page is told that alone, not that it lacks a reason."""
    if needs_note(case.state, step) and seen == case.last_event and not note.strip():
        return (_NO_REASON,)
    return faults_of_note(note, field="note")


def _seen(form: dict[str, str]) -> int:
    """The last event on the page that the form came from; 0, which none has, where there is no number."""
    number = form.get("seen", "")
    return int(number) if number.isascii() and number.isdecimal() and len(number) < 10 else 0


def _done(request: Request) -> str | None:
    kind = request.query_params.get("done")
    return EVENTS[Kind(kind)] if kind in list(Kind) else None
