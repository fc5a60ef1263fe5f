"""``/``: the cases, open ones first and the longest waiting on top, with filters and counts."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from classifier.assessment import Action
from classifier.labels import LABELS, Label
from serve.cases.case import Case, CaseQuery, Page, State
from serve.cases.machine import opening_state
from serve.console.page import page
from serve.console.words import STATES
from serve.dependencies import TheCases
from serve.security.roles import Caller, Role, require

router = APIRouter(include_in_schema=False)

_HOLDING = tuple(action for action in Action if opening_state(action) is not None)
_LAST_PAGE = 1_000_000

Name = TypeVar("Name", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many cases stand at a state (None: at any), and the address that lists them."""

    state: State | None
    words: str
    count: int
    address: str


@router.get("/")
async def show_queue(
    request: Request, cases: TheCases, caller: Annotated[Caller, require(Role.MODERATE)]
) -> Response:
    """The cases that the address asks for; what it asks for wrongly is not asked for."""
    query = _query(request)
    found, counts = await to_thread.run_sync(lambda: (cases.find(query), cases.counts()))
    return page(
        request,
        "queue.html",
        caller=caller,
        query=query,
        items=found.cases,
        total=found.total,
        tallies=_tallies(query, counts),
        open=sum(count for state, count in counts.items() if not state.closed),
        kept=sum(counts.values()),
        filtered=(query.state, query.action, query.label) != (None, None, None),
        states=STATES,
        actions=_HOLDING,
        labels=LABELS,
        name_of=name_of,
        pages=_pages(found),
        earlier=_address(query, page=found.page - 1) if found.page > 1 else None,
        later=_address(query, page=found.page + 1) if found.page < _pages(found) else None,
        done="erased" if request.query_params.get("done") == "erased" else None,
    )


def name_of(case: Case) -> str:
    """What a list calls a case: its story's title, else its story's id."""
    return (case.title or "").strip() or f"Story {case.story_id}"


def _query(request: Request) -> CaseQuery:
    asked = request.query_params
    number = asked.get("page", "1")
    sound = number.isascii() and number.isdecimal() and len(number) < len(str(_LAST_PAGE))
    return CaseQuery(
        state=_named(State, asked.get("state")),
        action=_named(Action, asked.get("action")),
        label=_named(Label, asked.get("label")),
        page=max(1, int(number)) if sound else 1,
    )


def _named(names: type[Name], value: str | None) -> Name | None:
    return names(value) if value in list(names) else None


def _pages(found: Page) -> int:
    return max(1, -(-found.total // found.size))


def _tallies(query: CaseQuery, counts: dict[State, int]) -> list[Tally]:
    every = Tally(None, "All", sum(counts.values()), _address(query, state=None, page=1))
    return [every] + [
        Tally(state, words, counts.get(state, 0), _address(query, state=state, page=1))
        for state, words in STATES.items()
    ]


def _address(query: CaseQuery, **changed: State | int | None) -> str:
    asked = {"state": query.state, "action": query.action, "label": query.label, "page": query.page} | changed
    kept = {name: str(value) for name, value in asked.items() if value not in (None, 1)}
    return f"/?{urlencode(kept)}" if kept else "/"
