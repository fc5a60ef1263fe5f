import numpy as np
import pytest

from training.bootstrap import RESAMPLES, middle, resample


def test_each_draw_has_as_many_stories_as_there_are():
    drawn = resample(np.ones((7, 2), dtype=np.bool_))
    assert drawn.shape == (RESAMPLES, 2)
    assert (drawn == 7).all()


def test_draws_are_sums_of_the_drawn_stories():
    adds = np.arange(12).reshape(3, 2, 2) * 100
    rows = np.random.default_rng(5).integers(0, 3, size=(RESAMPLES, 3))
    assert (resample(adds, seed=5) == adds[rows].sum(axis=1)).all()


def test_same_seed_draws_the_same_and_another_does_not():
    adds = np.arange(50)
    assert (resample(adds) == resample(adds, seed=1)).all()
    assert (resample(adds) != resample(adds, seed=2)).any()


def test_no_stories_add_nothing():
    assert (resample(np.zeros((0, 5, 3))) == np.zeros((RESAMPLES, 5, 3))).all()


def test_middle_leaves_out_a_fortieth_on_either_side():
    assert middle(np.arange(1001.0)) == pytest.approx((25, 975))
