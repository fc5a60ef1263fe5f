import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom

from classifier.labels import LABELS, Label
from training.thresholds import (
    LIVE_RATE,
    PAUSE_RECALL_FLOOR,
    Pausing,
    Price,
    best_thresholds,
    choose_thresholds,
    lower_to,
    lower_within,
    move,
    pause_at,
    price,
    recall_bound,
)


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


# --- both thresholds of each label


def alike(scores, held):
    """The same probabilities and truths for all four labels, shape (stories, 4) each."""
    return np.stack([np.asarray(scores)] * 4, axis=1), np.stack([np.asarray(held, dtype=bool)] * 4, axis=1)


def recall_at(threshold, scores, held):
    """Share of the stories that hold the label and reach ``threshold``."""
    return np.mean(np.asarray(scores)[np.asarray(held)] >= threshold)


PARTED = [*steps(100, step=0.005), *steps(100, top=0.45, step=0.004)]
PARTED_HELD = [True] * 60 + [False, True] * 20 + [False] * 100


def test_best_f1_stands_where_it_already_keeps_enough_recall():
    scores, held = [0.9] * 60 + [0.1] * 60, [True] * 60 + [False] * 60
    chosen = choose_thresholds(*alike(scores, held))
    assert {thresholds.clear for thresholds in chosen.values()} == {0.5}


def test_pausing_labels_are_lowered_to_the_floor_and_completed_is_not():
    chosen = choose_thresholds(*alike(PARTED, PARTED_HELD))
    best = best_thresholds(*alike(PARTED, PARTED_HELD))[0]
    assert chosen[Label.COMPLETED].clear == np.floor(best * 1e4) / 1e4
    pausing = {chosen[label] for label in LABELS if label is not Label.COMPLETED}
    assert len(pausing) == 1
    (lowered,) = pausing
    assert lowered.review <= lowered.clear <= best


def test_the_floor_is_kept_with_confidence():
    lowered, positives = choose_thresholds(*alike(PARTED, PARTED_HELD))[Label.PLANNED], sum(PARTED_HELD)
    found = round(recall_at(lowered.clear, PARTED, PARTED_HELD) * positives)
    assert recall_bound(found, positives) >= PAUSE_RECALL_FLOOR


def review(scores, *, budget):
    probabilities, _ = alike(scores, [False] * len(scores))
    return float(lower_within(np.full(4, 0.5), probabilities, budget=budget)[0])


def test_review_goes_as_low_as_the_budget_allows():
    scores = [0.9] * 50 + [0.4, 0.3, 0.2, 0.1] + [0.01] * 46
    assert 0.4 < review(scores, budget=0.0) < 0.42
    assert 0.3 < review(scores, budget=0.01) < 0.32
    assert 0.2 < review(scores, budget=0.02) < 0.21
    assert 0.1 < review(scores, budget=0.03) < 0.11
    assert 0.01 < review(scores, budget=0.49) < 0.011


def test_open_complaint_that_only_looks_ended_is_looked_for_too():
    probabilities, _ = arrays(
        (story(ongoing=0.9), {Label.ONGOING}, 96),
        (story(ongoing=0.1, completed=0.4), {Label.ONGOING}, 1),
        (story(completed=0.9), {Label.COMPLETED}, 3),
    )
    lowered = lower_within(np.full(4, 0.5), probabilities, budget=0.01)
    assert (lowered == lowered[2]).all()
    assert lowered[2] <= 0.4


def test_clear_completed_story_takes_nothing_from_the_review_budget():
    probabilities, _ = arrays(
        (story(ongoing=0.4), {Label.ONGOING}, 1),
        (story(completed=0.6), {Label.COMPLETED}, 99),
    )
    lowered = lower_within(np.full(4, 0.5), probabilities, budget=0.01)
    assert lowered[1] <= 0.4


def test_only_the_log_odds_are_shifted():
    thresholds = np.array([0.5, 0.8, 0.6, 0.2])
    scores, held = alike([0.3] * 60, [True] * 60)
    found = lower_to(thresholds, scores, held, floor=0.9)
    # the ombudsman's threshold is reached already, so nothing has to be lowered
    assert found.tolist() == thresholds.tolist()
    found = lower_to(np.array([0.5, 0.8, 0.6, 0.5]), scores, held, floor=0.9)
    odds = found / (1 - found)
    assert odds[0] == pytest.approx(odds[3])
    assert odds[1] == pytest.approx(4 * odds[0])
    assert found[2] == 0.6
    assert found[0] <= 0.3 < found[0] * np.exp(0.02)


def test_too_few_stories_to_be_sure_leave_the_thresholds_as_they_are():
    thresholds = np.array([0.5, 0.5, 0.5, 0.5])
    assert recall_bound(5, 5) < PAUSE_RECALL_FLOOR
    found = lower_to(thresholds, *alike([0.4] * 5, [True] * 5), floor=PAUSE_RECALL_FLOOR)
    assert found.tolist() == thresholds.tolist()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.floats(0.5, 0.99), min_size=2, max_size=2).map(sorted))
def test_a_higher_floor_never_raises_a_threshold(seed, floors):
    dice = np.random.default_rng(seed)
    probabilities, held = dice.random((200, 4)), dice.random((200, 4)) < 0.4
    best = best_thresholds(probabilities, held)
    low, high = (lower_to(best, probabilities, held, floor=floor) for floor in floors)
    assert (high <= low).all() or (high == best).all()


def test_label_that_dev_never_holds_is_decided_at_one_half():
    chosen = choose_thresholds(*alike([0.9, 0.1], [False, False]))
    assert {thresholds.clear for thresholds in chosen.values()} == {0.5}


def test_thresholds_of_pausing_labels_move_together_in_log_odds():
    thresholds = np.array([0.5, 0.8, 0.6, 0.2])
    assert move(thresholds, log_odds=0).tolist() == pytest.approx(thresholds.tolist())
    assert move(thresholds, log_odds=np.log(4)).tolist() == pytest.approx([0.8, 16 / 17, 0.6, 0.5])
    assert move(thresholds, log_odds=-np.log(4)).tolist() == pytest.approx([0.2, 0.5, 0.6, 1 / 17])


# --- what thresholds and a floor cost


def test_pausing_at_thresholds_counts_recall_precision_and_false_pauses():
    scores, held = np.zeros((9, 4)), np.zeros((9, 4), dtype=bool)
    held[:4, 1] = True
    scores[:3, 1] = 0.5  # three of four at the threshold, which counts
    scores[3, 1] = 0.49
    scores[4, 0] = 0.9  # one of five wrongly
    scores[5, 2] = 0.9  # completed does not pause
    found = pause_at(np.full(4, 0.5), scores, held)
    assert found == Pausing(
        recall=3 / 4,
        precision=3 / 4,
        false_pauses_per_1000=1000 * (1 - LIVE_RATE) * 1 / 5,
        false_pauses_per_1000_at_most=1000 * (1 - LIVE_RATE) * float(beta.ppf(0.95, 2, 4)),
    )


def test_nothing_to_pause_and_nothing_paused_is_perfect():
    found = pause_at(np.full(4, 0.5), np.zeros((3, 4)), np.zeros((3, 4), dtype=bool))
    assert (found.recall, found.precision, found.false_pauses_per_1000) == (1.0, 1.0, 0.0)


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
        (story(ongoing=0.7), set(), 170),
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
        (story(ongoing=0.001), {Label.ONGOING}, 1),
        (story(), set(), 10),
    )
    (found,) = price(probabilities, held, floors=(0.85,))
    assert found.recall == 39 / 40


def test_every_floor_has_its_price_and_more_recall_never_costs_less():
    dice = np.random.default_rng(1)
    probabilities, held = dice.random((400, 4)), dice.random((400, 4)) < 0.3
    found = price(probabilities, held)
    assert [item.recall_floor for item in found] == [0.85, 0.90, 0.93, 0.95, 0.97]
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
