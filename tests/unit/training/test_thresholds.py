import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from classifier.bundle import Thresholds
from classifier.labels import LABELS, Label
from training.thresholds import (
    CLEAR_RECALL_FLOOR,
    LIVE_RATE,
    LOWEST_REVIEW,
    REVIEW_RECALL_FLOOR,
    Price,
    choose_thresholds,
    price,
    recall_bound,
    threshold_for,
)

PROBABILITIES = st.lists(st.floats(1e-4, 1), max_size=80).map(np.array)


def steps(count, *, top=0.9, step=0.01):
    """``top``, and downwards in steps: shape (count,)."""
    return np.array([round(top - number * step, 6) for number in range(count)])


# --- bounds


@pytest.mark.parametrize(
    ("found", "positives", "bound"),
    [(0, 10, 0.0), (1, 1, 0.05), (10, 10, 0.7411), (9, 10, 0.6058), (59, 59, 0.9505), (45, 50, 0.8012)],
)
def test_bound_equals_clopper_and_pearson_s(found, positives, bound):
    assert recall_bound(found, positives) == pytest.approx(bound, abs=5e-5)


@pytest.mark.parametrize(("found", "positives"), [(3, 7), (17, 20), (200, 220)])
def test_at_the_bound_so_many_would_be_found_in_one_sample_of_twenty(found, positives):
    assert binom.sf(found - 1, positives, recall_bound(found, positives)) == pytest.approx(0.05)


def test_bound_lies_below_the_recall_seen_and_closes_in_with_more_stories():
    bounds = [recall_bound(9 * n, 10 * n) for n in (1, 10, 100, 1000)]
    assert bounds == sorted(bounds)
    assert 0.88 < bounds[-1] < 0.9


# --- one threshold


@pytest.mark.parametrize(
    ("positives", "missed"),
    # 0.05 ** (1 / n), the bound when all n are found, reaches 0.85 at 19
    [(19, 0), (29, 0), (30, 1), (39, 1), (40, 2)],
)
def test_threshold_misses_as_many_as_the_floor_allows(positives, missed):
    scores = steps(positives)
    assert (
        recall_bound(positives - missed, positives) >= 0.85 > recall_bound(positives - missed - 1, positives)
    )
    assert threshold_for(scores, floor=0.85) == pytest.approx(scores[positives - 1 - missed])


def test_too_few_positives_to_be_sure_keep_them_all():
    assert recall_bound(18, 18) < 0.85
    assert threshold_for(steps(18), floor=0.85) == pytest.approx(steps(18).min())


def test_order_of_the_positives_does_not_matter():
    scores = steps(45)
    assert threshold_for(scores, floor=0.85) == threshold_for(scores[::-1], floor=0.85)


def test_without_positives_the_threshold_is_one_half():
    assert threshold_for(np.array([]), floor=0.85) == 0.5


@pytest.mark.parametrize(
    ("lowest", "threshold"), [(0.12349, 0.1234), (0.1234, 0.1234), (1.0, 1.0), (1e-6, 1e-4), (0.0, 1e-4)]
)
def test_threshold_is_rounded_down_to_four_places_and_never_nought(lowest, threshold):
    assert threshold_for(np.array([lowest]), floor=0.85) == threshold


@settings(max_examples=100, deadline=None)
@given(PROBABILITIES, st.lists(st.floats(0.5, 0.99), min_size=2, max_size=2).map(sorted))
def test_a_higher_floor_never_raises_the_threshold(positives, floors):
    low, high = floors
    assert threshold_for(positives, floor=high) <= threshold_for(positives, floor=low)


@settings(max_examples=100, deadline=None)
@given(PROBABILITIES.filter(len), st.floats(0.5, 0.99))
def test_the_floor_is_kept_wherever_it_can_be(positives, floor):
    found = int((positives >= threshold_for(positives, floor=floor)).sum())
    assert found == len(positives) or recall_bound(found, len(positives)) >= floor


# --- both thresholds of each label


def alike(scores, held):
    """The same probabilities and truths for all four labels, shape (stories, 4) each."""
    return np.stack([np.asarray(scores)] * 4, axis=1), np.stack([np.asarray(held, dtype=bool)] * 4, axis=1)


def test_review_threshold_lies_below_the_clear_one():
    scores = steps(60)
    chosen = choose_thresholds(*alike(scores, [True] * 60))
    clear = threshold_for(scores, floor=CLEAR_RECALL_FLOOR)
    review = threshold_for(scores, floor=REVIEW_RECALL_FLOOR)
    assert review < clear
    assert chosen == {label: Thresholds(review=review, clear=clear) for label in LABELS}


def test_only_stories_that_hold_the_label_count():
    scores, held = steps(60), [True] * 60
    more = choose_thresholds(*alike([*scores, *[0.01] * 500], held + [False] * 500))
    assert more == choose_thresholds(*alike(scores, held))


def test_nobody_is_asked_to_look_below_the_lowest_review_threshold():
    scores = [*steps(59), 0.001]
    chosen = choose_thresholds(*alike(scores, [True] * 60))[Label.PLANNED]
    assert threshold_for(np.array(scores), floor=REVIEW_RECALL_FLOOR) == 0.001
    assert chosen.review == LOWEST_REVIEW


def test_review_never_lies_above_clear_however_low_the_scores():
    chosen = choose_thresholds(*alike([0.001] * 5, [True] * 5))
    assert set(chosen.values()) == {Thresholds(review=0.001, clear=0.001)}


def test_label_that_dev_never_holds_is_decided_at_one_half():
    chosen = choose_thresholds(*alike([0.9, 0.1], [False, False]))
    assert set(chosen.values()) == {Thresholds(review=0.5, clear=0.5)}


# --- what a floor costs


def story(*, planned=0.0, ongoing=0.0, completed=0.0, ombudsman=0.0):
    return [planned, ongoing, completed, ombudsman]


def arrays(*rows):
    """Rows of probabilities and labels that hold, a count each."""
    scores = [scores for scores, _, count in rows for _ in range(count)]
    held = [[label in labels for label in LABELS] for _, labels, count in rows for _ in range(count)]
    return np.array(scores), np.array(held)


def test_price_counts_pauses_of_stories_that_should_not_pause_at_the_live_rate():
    probabilities, held = arrays(
        (story(ongoing=0.8), {Label.ONGOING}, 20),
        (story(ongoing=0.9), set(), 2),
        (story(ongoing=0.8), {Label.COMPLETED}, 1),
        (story(completed=0.99), {Label.COMPLETED}, 7),
        (story(ongoing=0.7999), set(), 170),
    )
    (found,) = price(probabilities, held, floors=(0.85,))
    quiet = 1000 * (1 - LIVE_RATE)
    assert quiet == 990
    assert found.recall_floor == 0.85
    assert found.recall == 1.0
    assert found.false_pauses_per_1000 == pytest.approx(quiet * 3 / 180)
    assert found.false_pauses_per_1000_at_most == pytest.approx(quiet * beta.ppf(0.95, 4, 177))
    assert binom.cdf(3, 180, found.false_pauses_per_1000_at_most / quiet) == pytest.approx(0.05)


def test_story_that_should_pause_is_found_by_any_pausing_label():
    probabilities, held = arrays(
        (story(planned=0.8), {Label.PLANNED}, 30),
        (story(ongoing=0.8), {Label.ONGOING}, 29),
        (story(planned=0.9, ongoing=0.1), {Label.ONGOING}, 1),
        (story(), set(), 10),
    )
    (found,) = price(probabilities, held, floors=(0.85,))
    assert (found.recall, found.false_pauses_per_1000) == (1.0, 0.0)


def test_recall_is_the_share_of_all_stories_that_should_pause():
    probabilities, held = arrays(
        (story(ongoing=0.8), {Label.ONGOING}, 39),
        (story(ongoing=0.1), {Label.ONGOING}, 1),
        (story(), set(), 10),
    )
    (found,) = price(probabilities, held, floors=(0.85,))
    assert found.recall == 39 / 40


def test_every_floor_has_its_price_and_more_recall_never_costs_less():
    dice = np.random.default_rng(1)
    probabilities, held = dice.random((400, 4)), dice.random((400, 4)) < 0.3
    found = price(probabilities, held)
    assert [item.recall_floor for item in found] == [0.75, 0.80, 0.85, 0.90, 0.95]
    costs = [item.false_pauses_per_1000 for item in found]
    assert costs == sorted(costs)
    assert all(item.false_pauses_per_1000 <= item.false_pauses_per_1000_at_most for item in found)


def test_price_on_nothing_claims_nothing():
    (found,) = price(np.zeros((0, 4)), np.zeros((0, 4), dtype=bool), floors=(0.85,))
    assert found == Price(
        recall_floor=0.85, recall=1.0, false_pauses_per_1000=0.0, false_pauses_per_1000_at_most=990.0
    )


def test_price_as_plain_numbers():
    found = Price(recall_floor=0.85, recall=1, false_pauses_per_1000=2, false_pauses_per_1000_at_most=3)
    assert found.to_dict() == {
        "recall_floor": 0.85,
        "recall": 1,
        "false_pauses_per_1000": 2,
        "false_pauses_per_1000_at_most": 3,
    }
