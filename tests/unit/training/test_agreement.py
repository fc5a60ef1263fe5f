import numpy as np

from classifier.bundle import Thresholds
from classifier.labels import LABELS
from training.agreement import agreement

THRESHOLDS = {label: Thresholds(review=0.3, clear=0.6) for label in LABELS}
QUIET = [0.1, 0.1, 0.1, 0.1]
POSSIBLE = [0.1, 0.3, 0.1, 0.1]
CLEAR = [0.1, 0.6, 0.1, 0.1]


def agree(one, other, classifier):
    return agreement(np.array(one), np.array(other), thresholds=THRESHOLDS, policy=classifier.policy)


def test_other_probabilities_that_decide_alike_agree(classifier):
    near = [[0.29, 0.0, 0.2, 0.1], [0.1, 0.59, 0.1, 0.1], [0.29, 0.99, 0.0, 0.0]]
    assert agree([QUIET, POSSIBLE, CLEAR], near, classifier) == 1.0


def test_story_that_gains_or_loses_a_clear_label_does_not_agree(classifier):
    assert agree([CLEAR, CLEAR, QUIET, QUIET], [POSSIBLE, CLEAR, QUIET, CLEAR], classifier) == 0.5


def test_story_that_only_one_sends_to_review_does_not_agree(classifier):
    assert agree([QUIET, QUIET, QUIET, POSSIBLE], [QUIET, POSSIBLE, QUIET, QUIET], classifier) == 0.5


def test_another_label_with_the_same_action_does_not_agree(classifier):
    planned = [0.6, 0.1, 0.1, 0.1]
    assert agree([planned, CLEAR], [CLEAR, CLEAR], classifier) == 0.5


def test_possible_label_beside_a_clear_one_that_pauses_anyway_agrees(classifier):
    assert agree([CLEAR], [[0.3, 0.6, 0.1, 0.1]], classifier) == 1.0
