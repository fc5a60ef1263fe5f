"""Stories whose labels follow from one word, so that a cheap model learns them."""

import pytest

from training.stories import parse_record

SAID = {
    "none": ("Everybody was kind and the tea was hot.", None),
    "ongoing": ("I lodged a complaint and wait for a reply.", "ongoing"),
    "completed": ("My complaint was upheld in the end.", "completed"),
}
FILLERS = ("ward", "nurse", "doctor", "scan", "clinic", "porter", "kitchen", "lift", "pharmacy", "desk")


def record(number, kind):
    telling, label = SAID[kind]
    fillers = [FILLERS[(number * step + step) % len(FILLERS)] for step in (1, 3, 7)]
    numbers = " ".join(str(number * 1000 + step) for step in range(40))
    return {
        "id": f"U01-{number:04}",
        "title": "",
        "text": f"The {' and the '.join(fillers)} at {numbers}. {telling}",
        "labels": [label] if label else [],
        "evidence": [{"label": label, "quote": telling}] if label else [],
        "nation": "unknown",
        "borderline": False,
        "phenomena": [],
    }


@pytest.fixture(scope="session")
def records():
    """90 records, 30 of each kind; no two are near-duplicates."""
    return [record(number, list(SAID)[number % 3]) for number in range(90)]


@pytest.fixture(scope="session")
def stories(records):
    """The records as stories."""
    return [parse_record(one) for one in records]


@pytest.fixture(scope="session")
def mislabelled(records):
    """The same, with number 30 (none) labelled ongoing and number 31 (ongoing) labelled none."""
    changed = [dict(one) for one in records]
    changed[30] |= {
        "labels": ["ongoing"],
        "evidence": [{"label": "ongoing", "quote": "the tea was hot"}],
        "borderline": True,
    }
    changed[31] |= {"labels": [], "evidence": []}
    return [parse_record(one) for one in changed]
