from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.labels import Label
from training.audit.opinions import out_of_fold
from training.audit.suspicions import doubts, find_suspicions
from training.baselines.tfidf import TfidfLogisticRegression
from training.settings import TrainingSettings
from training.stories import held

ONGOING = 1


@dataclass(frozen=True)
class Fixed:
    """A view given as it is."""

    probabilities: NDArray[np.float64]
    name: str = "fixed"

    def telling(self, number, label):
        """Names the story and the label."""
        return f"{label} in {number}"


def certain(truth):
    """The view that every label is right: 0.9 where it holds, 0.1 where it does not."""
    return np.where(truth, 0.9, 0.1)


def test_labels_that_fit_are_not_doubted(stories):
    truth = held(stories)
    doubted, scores = doubts(truth, certain(truth))
    assert not doubted.any()
    assert scores == pytest.approx(np.full(90, 0.9))


def test_label_that_the_view_speaks_against_is_doubted_and_one_it_misses_too(stories):
    truth = held(stories)
    given = truth.copy()
    given[30, ONGOING], given[31, ONGOING] = True, False
    doubted, scores = doubts(given, certain(truth))
    assert np.argwhere(doubted).tolist() == [[30, ONGOING], [31, ONGOING]]
    assert set(np.argsort(scores)[:2].tolist()) == {30, 31}


def test_label_that_no_story_holds_cannot_be_doubted(stories):
    truth = held(stories)
    view = certain(truth)
    view[5, 0] = 0.99  # planned, which nobody holds
    doubted, _ = doubts(truth, view)
    assert not doubted.any()


def test_stories_without_any_label_cannot_be_doubted():
    doubted, scores = doubts(np.zeros((3, 4), dtype=bool), np.full((3, 4), 0.9))
    assert not doubted.any()
    assert scores.tolist() == [1.0, 1.0, 1.0]


def test_suspicion_quotes_the_evidence_doubted_or_the_sentence_missed(stories, mislabelled):
    found = find_suspicions(mislabelled, opinion=Fixed(certain(held(stories))))
    by_id = {one.id: one for one in found}
    assert set(by_id) == {"U01-0030", "U01-0031"}
    doubted, missed = by_id["U01-0030"], by_id["U01-0031"]
    assert (doubted.given, doubted.suggested) == ((Label.ONGOING,), ())
    assert (doubted.quotes, doubted.borderline) == (("the tea was hot",), True)
    assert (missed.given, missed.suggested) == ((), (Label.ONGOING,))
    assert (missed.quotes, missed.borderline) == (("ongoing in 31",), False)


@pytest.mark.parametrize(
    ("given", "missed", "order"),
    [(0.02, 0.95, ["U01-0030", "U01-0031"]), (0.05, 0.98, ["U01-0031", "U01-0030"])],
)
def test_suspicions_come_most_doubtful_first(stories, mislabelled, given, missed, order):
    view = certain(held(stories))
    view[30, ONGOING], view[31, ONGOING] = given, missed
    found = find_suspicions(mislabelled, opinion=Fixed(view))
    assert [one.id for one in found] == order
    assert found[0].score < found[1].score


def test_out_of_fold_view_finds_the_wrong_labels_among_the_right_ones(mislabelled):
    opinion = out_of_fold(mislabelled, model=lambda: TfidfLogisticRegression(TrainingSettings()))
    found = find_suspicions(mislabelled, opinion=opinion)
    assert {one.id for one in found[:2]} == {"U01-0030", "U01-0031"}
    missed = next(one for one in found if one.id == "U01-0031")
    assert (missed.suggested, missed.quotes) == (
        (Label.ONGOING,),
        ("I lodged a complaint and wait for a reply.",),
    )
