import math

import pytest

from classifier.labels import Label
from classifier.story import Story
from training.suggest.views import Why, look


def odds(probability):
    return math.log(probability / (1 - probability))


def seen(text, classifier):
    story = Story(id="s", text=text)
    return look(story, assessment=classifier.assess(story), bundle=classifier.bundle)


@pytest.mark.parametrize(
    ("word", "threshold"),
    [("ongoing799999", 0.8), ("ongoing800001", 0.8), ("ongoing300001", 0.3), ("ongoing299999", 0.3)],
)
def test_story_near_a_threshold_on_either_side_is_uncertain(classifier, word, threshold):
    found = seen(word, classifier)
    assert (found.nearest, found.threshold) == (Label.ONGOING, threshold)
    assert found.distance == pytest.approx(abs(odds(float(word[7:]) / 1e6) - odds(threshold)))


def test_story_right_at_a_threshold_is_at_no_distance(classifier):
    assert seen("planned400000", classifier).distance == pytest.approx(0.0, abs=1e-9)


def test_distance_is_in_log_odds_so_that_small_thresholds_count_as_much():
    """0.02 from 0.25 is nearer than 0.02 from 0.9."""
    assert abs(odds(0.27) - odds(0.25)) < abs(odds(0.92) - odds(0.9))


def test_story_far_from_every_threshold_is_certain(classifier):
    found = seen("Kind staff.", classifier)
    assert found.distance > 3
    assert found.margin < -3


def test_margin_is_that_of_the_label_furthest_above_its_review_threshold(classifier):
    found = seen("ongoing800000\nombudsman899999", classifier)
    assert found.top is Label.OMBUDSMAN
    assert found.margin == pytest.approx(odds(0.899999) - odds(0.25))
    assert found.margins[Label.ONGOING] == pytest.approx(odds(0.8) - odds(0.3))


def test_certain_scores_stay_finite(classifier):
    found = seen("lodged", classifier)
    assert math.isfinite(found.margin)


@pytest.mark.parametrize(("text", "cue"), [("I put in a formal complaint.", True), ("Kind staff.", False)])
def test_cue_net_is_asked(classifier, text, cue):
    assert seen(text, classifier).cue is cue


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Why.UNCERTAIN, "uncertain: ongoing at 0.80, near its threshold 0.80"),
        (Why.LABEL_WITHOUT_CUE, "disagreement: ongoing at 0.80, though no cue of a complaint is found"),
        (
            Why.CUE_WITHOUT_LABEL,
            "disagreement: a cue of a complaint is found, though no label (ongoing at 0.80)",
        ),
        (Why.RANDOM, "random: drawn blindly, to show what the model does not know"),
    ],
)
def test_reason_is_said_in_words(classifier, why, words):
    assert seen("ongoing799999", classifier).reason(why) == words
