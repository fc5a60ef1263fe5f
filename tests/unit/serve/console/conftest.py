"""The console alone, in front of cases in a database in memory and a model made by hand."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import count
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from starlette.testclient import TestClient

from classifier.assessment import Action, Assessment
from classifier.bundle import Thresholds
from classifier.labels import LABELS
from classifier.story import Story
from serve import console, problems
from serve.cases import faults, tables
from serve.cases.case import Case
from serve.cases.store import CaseStore
from serve.console.faults import FaultPages
from serve.problems import NO_SHADOW, NOT_ALLOWED, ProblemError
from serve.security.headers import SecurityHeaders
from serve.security.roles import Caller, Role
from serve.settings import Settings
from serve.shadow import ShadowReport

HTML = {"accept": "text/html"}
FIRST = datetime(2026, 5, 3, 14, 5, tzinfo=UTC)
WITHOUT_END = {"meta", "input", "link", "br"}
APART = {"td", "th", "dt", "dd", "li", "p", "span"}


class Page(HTMLParser):
    """A page as a browser sees it: elements with their attributes, and texts by class, id and tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[set[str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.elements.append((tag, found))
        if tag == "br":
            self.handle_data(" ")
        if tag not in WITHOUT_END:
            self._open.append({tag, found.get("id") or tag, *(found.get("class") or tag).split()})

    def handle_endtag(self, tag):
        if tag in APART:
            self.handle_data(" ")
        self._open.pop()

    def handle_data(self, data):
        for name in set().union(*self._open):
            self.texts[name] = self.texts.get(name, "") + data

    def tags(self):
        return {tag for tag, _ in self.elements}

    def all(self, tag):
        return [found for name, found in self.elements if name == tag]

    def words(self, name):
        """The text under a name, its white space evened out."""
        return " ".join(self.texts.get(name, "").split())

    def field(self, name):
        return next(found for _, found in self.elements if found.get("name") == name)


class Door:
    """Lets everybody in as ``caller``."""

    def __init__(self) -> None:
        self.caller = Caller("Rae", Role.ADMIN, None)

    def admit(self, _, role: Role) -> Caller:
        if not self.caller.role.includes(role):
            raise ProblemError(NOT_ALLOWED, f"key: has the role {self.caller.role}.")
        return self.caller


class Challenger:
    """Reads along once a test gives it a report."""

    def __init__(self) -> None:
        self.told: ShadowReport | None = None

    @property
    def reads_along(self) -> bool:
        return self.told is not None

    def report(self) -> ShadowReport:
        if self.told is None:
            raise ProblemError(NO_SHADOW, "shadow: none is set.")
        return self.told


class Browser:
    """Looks at pages and sends their forms, with the token that stands on them."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.answer = None

    def open(self, address: str) -> Page:
        self.answer = self.client.get(address, headers=HTML)
        return Page(self.answer.text)

    def send(self, address: str, *, page: Page, **fields: str) -> Page:
        """``fields`` are the form's, with _ for -; what it hides (token, last event) comes from ``page``."""
        form = {name.replace("_", "-"): value for name, value in fields.items()}
        hidden = {
            found["name"]: found["value"] for found in page.all("input") if found.get("type") == "hidden"
        }
        self.answer = self.client.post(address, data=hidden | form, headers=HTML)
        return Page(self.answer.text)


@pytest.fixture
def cases() -> Iterator[CaseStore]:
    """An empty store whose clock goes on by a minute with each look at it."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    tables.metadata.create_all(engine)
    minutes = count()
    yield CaseStore(engine, now=lambda: FIRST + timedelta(minutes=next(minutes)))
    engine.dispose()


@pytest.fixture
def hold(cases, assessment) -> Callable[..., Case]:
    """Opens a case, by default one that waits for its author."""

    def open_case(
        id: str = "s-1", *, action: Action = Action.PAUSE, title: str = "A title", **changed
    ) -> Case:
        story = Story(id=id, title=title, text="I have <i>PALS")
        judged = {name: getattr(assessment, name) for name in Assessment.__slots__}
        return cases.open(story, Assessment(**(judged | {"id": id, "action": action} | changed)), "pipeline")

    return open_case


@pytest.fixture
def door() -> Door:
    """Says who asks; an admin until a test says otherwise."""
    return Door()


@pytest.fixture
def challenger() -> Challenger:
    """There is none until a test says otherwise."""
    return Challenger()


@pytest.fixture
def app(cases, door, challenger, assessment) -> FastAPI:
    """The console and nothing else."""
    bundle = SimpleNamespace(
        name=assessment.model, thresholds={label: Thresholds(review=0.3, clear=0.7) for label in LABELS}
    )

    async def assess(story: Story, *, author_confirmed: bool = False) -> Assessment:
        return assessment

    app = FastAPI(openapi_url=None)
    app.state.cases = cases
    app.state.guard = door
    app.state.settings = Settings(max_body_bytes=500)
    app.state.assessor = SimpleNamespace(
        classifier=SimpleNamespace(bundle=bundle), assess=assess, shadow=challenger
    )
    app.add_middleware(FaultPages)
    app.add_middleware(SecurityHeaders)
    problems.install(app)
    faults.install(app)
    app.include_router(console.router)
    return app


@pytest.fixture
def browser(app) -> Iterator[Browser]:
    """A browser before the console; it does not follow redirects."""
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        yield Browser(client)
