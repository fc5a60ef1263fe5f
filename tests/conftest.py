"""Fixtures that more than one kind of test needs."""

import pytest

from classifier import ComplaintClassifier


@pytest.fixture(scope="session")
def released() -> ComplaintClassifier:
    """The released model under Care Opinion's policy."""
    return ComplaintClassifier.load()
