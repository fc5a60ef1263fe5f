import numpy as np
import pytest

from classifier.bundle import Calibration
from classifier.labels import LABELS
from training.calibrate import calibrate, calibration_error

PLAIN = Calibration(slope=1.0, intercept=0.0)


def columns(*values, kind):
    """Four columns, shape (stories, 4)."""
    return np.stack([np.asarray(value, dtype=kind) for value in values], axis=1)


def same(logits, held):
    """One label's logits and truths, given to all four."""
    cues = np.zeros(len(logits), dtype=np.bool_)
    return calibrate(columns(*[logits] * 4, kind=np.float32), columns(*[held] * 4, kind=np.bool_), cues=cues)


def drawn(slope, intercept, *, count=20_000):
    """Logits, and truths that hold with exactly the chance that the curve states."""
    dice = np.random.default_rng(1)
    logits = dice.normal(scale=3, size=count)
    chance = 1 / (1 + np.exp(-(slope * logits + intercept)))
    return logits, dice.random(count) < chance


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (2.0, -1.0), (0.5, 3.0)])
def test_known_curve_is_recovered(slope, intercept):
    curve = same(*drawn(slope, intercept))[LABELS[0]]
    assert curve.slope == pytest.approx(slope, rel=0.06)
    assert curve.intercept == pytest.approx(intercept, abs=0.1)


def test_weight_of_a_cue_is_recovered():
    dice = np.random.default_rng(2)
    logits, cues = dice.normal(scale=3, size=20_000), dice.random(20_000) < 0.5
    held = dice.random(20_000) < 1 / (1 + np.exp(-(logits - 2 + 3 * cues)))
    curves = calibrate(
        columns(*[logits] * 4, kind=np.float32), columns(*[held] * 4, kind=np.bool_), cues=cues
    )
    assert curves[LABELS[0]].cue == pytest.approx(3, abs=0.15)
    assert curves[LABELS[0]].intercept == pytest.approx(-2, abs=0.1)


def test_each_label_has_its_own_curve():
    steep, flat = drawn(2.0, -1.0), drawn(0.5, 1.0)
    curves = calibrate(
        columns(steep[0], flat[0], steep[0], flat[0], kind=np.float32),
        columns(steep[1], flat[1], steep[1], flat[1], kind=np.bool_),
        cues=np.zeros(20_000, dtype=np.bool_),
    )
    assert tuple(curves) == LABELS
    planned, ongoing, completed, ombudsman = curves.values()
    assert planned == completed != ongoing == ombudsman


@pytest.mark.parametrize("truth", [True, False])
def test_label_that_all_or_no_stories_hold_keeps_the_plain_curve(truth):
    assert set(same([1.0, 2.0, 3.0], [truth] * 3).values()) == {PLAIN}


def test_label_ranked_backwards_keeps_the_plain_curve():
    assert set(same([3.0, 2.0, 1.0, 0.0], [False, False, True, True]).values()) == {PLAIN}


def test_perfectly_parted_logits_still_give_a_finite_rising_curve():
    curve = same([-4.0, -3.0, 3.0, 4.0], [False, False, True, True])[LABELS[0]]
    assert 0 < curve.slope < 100
    assert curve.intercept == pytest.approx(0, abs=1e-3)


# --- expected calibration error


def error(probabilities, held):
    return calibration_error(np.array(probabilities, dtype=np.float64), np.array(held, dtype=np.bool_))


def test_error_of_a_case_made_by_hand():
    # bin 0: one story, 0.05 stated, none holds; bin 2: two stories, 0.25 stated, half hold;
    # bin 9: two stories, 0.96 stated on average, both hold
    found = error([0.05, 0.22, 0.28, 0.92, 1.0], [0, 1, 0, 1, 1])
    assert found == pytest.approx((1 * 0.05 + 2 * 0.25 + 2 * 0.04) / 5)


def test_error_is_nought_where_shares_are_as_stated():
    assert error([0.25] * 4 + [1.0], [1, 0, 0, 0, 1]) == 0.0


def test_error_is_one_where_every_certainty_is_wrong():
    assert error([0.0, 1.0], [1, 0]) == 1.0


def test_stories_on_a_bin_s_edge_belong_to_the_bin_above():
    # 0.5 and 0.59 share a bin: (0.5 + 0.59) / 2 against 1 / 2; 0.49 stands alone
    assert error([0.49, 0.5, 0.59], [0, 1, 0]) == pytest.approx((0.49 + 2 * 0.045) / 3)
