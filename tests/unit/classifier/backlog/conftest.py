"""What the tests of a backlog share: rows made by hand, and the tiny bundle as a recipe."""

from collections.abc import Callable
from functools import cache

import pytest

from classifier import Story
from classifier.backlog import crew, places
from classifier.backlog.places import Form, Kind
from classifier.backlog.rows import Row
from classifier.backlog.scorer import Recipe, Scorer
from classifier.backlog.shards import Batch


@pytest.fixture
def recipe(tiny_bundle) -> Recipe:
    """The tiny bundle and Care Opinion's policy, answers as JSONL."""
    return Recipe(model=tiny_bundle, kind=Kind(Form.JSONL))


@pytest.fixture(scope="session")
def scorer(tiny_bundle) -> Scorer:
    """A worker of that recipe."""
    return Scorer(Recipe(model=tiny_bundle, kind=Kind(Form.JSONL)))


@pytest.fixture(scope="session")
def make_row() -> Callable[..., Row]:
    """Makes a row with a story, or with a fault; its id is its number."""

    def make(number, text="They were kind.", *, title="", month=None, fault=None):
        place = f"s.jsonl:{number}"
        if fault:
            return Row(place, str(number), fault=fault)
        return Row(place, str(number), Story(id=str(number), title=title, text=text), month=month)

    return make


@pytest.fixture(scope="session")
def make_batch(make_row) -> Callable[..., Batch]:
    """Makes a batch of rows with these texts, numbered from ``first``."""

    def make(*texts, first=1):
        return Batch(tuple(make_row(number, text) for number, text in enumerate(texts, start=first)))

    return make


@pytest.fixture(scope="session")
def loaded() -> Callable[[Recipe], Scorer]:
    """Loads each recipe once."""
    return cache(Scorer)


@pytest.fixture
def quick(monkeypatch, loaded) -> None:
    """Workers in this process take what is loaded already, and nobody waits for the disk."""
    monkeypatch.setattr(crew, "Scorer", loaded)
    monkeypatch.setattr(places.os, "fsync", lambda number: None)
