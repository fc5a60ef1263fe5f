"""Stories with assessments made by hand, and a store on SQLite in a temporary folder."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifier.assessment import Action, Assessment, Evidence, Nation, Reason, Signal
from classifier.labels import LABELS, Label
from classifier.story import Story
from serve.cases.database import connect, prepare
from serve.cases.retention import AT_ONCE, Retention
from serve.cases.store import CaseStore

TEXT = "I have complained to the trust. PALS told me how."
"""Its first sentence, code points 0 to 31, shows the label; the signal is at 32."""


class Clock:
    """Tells a time that only the test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def pass_days(self, days: float) -> None:
        self.time += timedelta(days=days)


def assess(story: Story, *labels: Label, action: Action = Action.PAUSE, model: str = "m/1") -> Assessment:
    """An assessment whose evidence is the story's first 31 characters; ``pause`` makes its labels clear."""
    clear = action is Action.PAUSE
    quote = story.text[:31]
    return Assessment(
        id=story.id,
        labels=labels if clear else (),
        scores=dict.fromkeys(LABELS, 0.0) | dict.fromkeys(labels, 0.9),
        action=action,
        reasons=tuple(
            Reason(label=label, rule=f"{label}-complaint", clear=clear, score=0.9, threshold=0.7)
            for label in labels
        ),
        evidence=tuple(
            Evidence(label=label, text=quote, field="text", start=0, end=31, score=0.9) for label in labels
        ),
        signals=(Signal(kind="patient_advice", text=story.text[32:36], field="text", start=32, end=36),),
        nation=Nation.WALES,
        guidance=(),
        model=model,
        policy="p/1",
    )


@pytest.fixture
def story() -> Story:
    """A story of an ongoing complaint."""
    return Story(id="s-1", title="Café 😀", text=TEXT)


@pytest.fixture
def edited(story: Story) -> Story:
    """The same story, edited by its author."""
    return replace(story, text=TEXT + " Thank you.")


@pytest.fixture
def assessed() -> Callable[..., Assessment]:
    """Assesses a story by hand: ``assessed(story, Label.ONGOING, action=Action.REVIEW)``."""
    return assess


@pytest.fixture
def clock() -> Clock:
    """The store's clock, at 1 March 2026, 09:00 UTC."""
    return Clock()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """An empty database that is up to date."""
    url = f"sqlite:///{tmp_path}/cases.db"
    prepare(url)
    return url


@pytest.fixture
def make_store(database_url: str, clock: Clock) -> Iterator[Callable[..., CaseStore]]:
    """Makes stores on the same database."""
    made: list[CaseStore] = []

    def make(retention: Retention = AT_ONCE) -> CaseStore:
        made.append(CaseStore(connect(database_url), retention=retention, now=clock))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store: Callable[..., CaseStore]) -> CaseStore:
    """A store that drops text when a case is closed."""
    return make_store()
