"""An app around a classifier made by hand, so that no unit test needs a trained model."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from classifier.assessment import Action, Assessment, Evidence, Guidance, Link, Nation, Reason, Signal
from classifier.labels import Label
from classifier.story import Story
from serve.app import create_app
from serve.settings import Settings

ASSESSMENT = Assessment(
    id="1",
    labels=(Label.ONGOING,),
    scores={Label.PLANNED: 0.5, Label.ONGOING: 0.9, Label.COMPLETED: 0.0, Label.OMBUDSMAN: 0.125},
    action=Action.PAUSE,
    reasons=(
        Reason(label=Label.PLANNED, rule="planned-complaint", clear=False, score=0.5, threshold=0.3),
        Reason(label=Label.ONGOING, rule="ongoing-complaint", clear=True, score=0.9, threshold=0.7),
    ),
    evidence=(
        Evidence(label=Label.ONGOING, text="I have", field="text", start=0, end=6, score=0.9),
        Evidence(label=Label.PLANNED, text="I have", field="text", start=0, end=6, score=0.5),
    ),
    signals=(Signal(kind="patient_advice", text="<i>PALS", field="text", start=7, end=14),),
    nation=Nation.NORTHERN_IRELAND,
    guidance=(
        Guidance(
            rule="ongoing-complaint",
            audience="moderator",
            basis="reading",
            section="Moderation & more",
            text="Pause <it>.",
            links=(Link(title="Ombudsman <1>", url="https://example.org/?a=1&b=2"),),
        ),
        Guidance(
            rule="ongoing-complaint", audience="author", basis="stated", section="S", text="Hello <you>."
        ),
    ),
    model="complaint-context/1",
    policy="care-opinion-uk/2",
)

Reader = Callable[[Story], Assessment]
Serving = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture(autouse=True)
def _folder_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases and keys are kept in the working folder, unless the settings say otherwise."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def assessment() -> Assessment:
    """What the classifier made by hand says of every story."""
    return ASSESSMENT


@pytest.fixture
def serving() -> Serving:
    """Opens a client of a ready app whose classifier reads stories with the function given."""

    @contextmanager
    def serve(read: Reader = lambda story: ASSESSMENT, **settings: int) -> Iterator[TestClient]:
        classifier = SimpleNamespace(
            assess=lambda story, author_confirmed=False: read(story),
            bundle=SimpleNamespace(name=ASSESSMENT.model, manifest={}),
            policy=SimpleNamespace(version=ASSESSMENT.policy),
        )
        app = create_app(lambda: classifier, Settings(**settings))
        with TestClient(app, base_url="http://127.0.0.1") as client:
            client.portal.call(app.state.assessor.settled)
            yield client

    return serve


@pytest.fixture
def client(serving: Serving) -> Iterator[TestClient]:
    """A ready app that pauses every story."""
    with serving() as client:
        yield client
