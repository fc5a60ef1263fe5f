import json

import numpy as np
import pytest

from classifier.assessment import Action, Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.errors import (
    LEAST,
    Estimate,
    NoStoriesError,
    Slice,
    cut,
    find_errors,
    find_weaknesses,
    measure_slice,
)
from training.evaluate import PAUSING, Judged
from training.stories import LabelledStory

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS


def judged(gold=(), found=(), *, name="U01-1", tags=(), words=3, nation=Nation.UNKNOWN, action=None):
    """By default the action that the labels found lead to."""
    labelled = LabelledStory(
        story=Story(id=name, text=" ".join(["tea"] * words)),
        labels=gold,
        evidence=(),
        nation=nation,
        borderline=False,
        phenomena=tags,
    )
    chosen = action or (Action.PAUSE if set(found) & PAUSING else Action.CONTINUE)
    return Judged(labelled=labelled, labels=frozenset(found), action=chosen)


def many(count, *arguments, start=0, **named):
    return [judged(*arguments, name=f"U01-{start + number}", **named) for number in range(count)]


def estimate(value, low, high, of=100):
    return Estimate(value=value, low=low, high=high, of=of, small=of < LEAST)


def part(name, exact, *, recall=None, stories=100):
    return Slice(
        dimension="nation",
        name=name,
        stories=stories,
        exact=exact,
        pause_recall=recall,
        pause_precision=None,
    )


# --- figures of a slice


def test_figures_of_a_slice_count_exactly():
    some = [
        *many(6, (ONGOING,), (ONGOING,)),
        *many(2, (ONGOING,), ()),
        *many(3, (), (PLANNED,)),
        *many(9, (), ()),
    ]
    found = measure_slice(some, dimension="nation", name="wales")
    assert (found.dimension, found.name, found.stories) == ("nation", "wales", 20)
    assert (found.exact.value, found.exact.of, found.exact.small) == (15 / 20, 20, False)
    assert (found.pause_recall.value, found.pause_recall.of, found.pause_recall.small) == (6 / 8, 8, True)
    assert (found.pause_precision.value, found.pause_precision.of) == (6 / 9, 9)
    for one in (found.exact, found.pause_recall, found.pause_precision):
        assert 0 < one.low < one.value < one.high <= 1


def test_interval_is_the_bootstrap_of_the_ratio_over_the_same_draws():
    some = [*many(12, (ONGOING,), (ONGOING,)), *many(5, (ONGOING,), ()), *many(13, (), ())]
    rows = np.random.default_rng(3).integers(0, 30, size=(1000, 30))
    paused, should = (rows < 12).sum(axis=1), (rows < 17).sum(axis=1)
    found = measure_slice(some, dimension="all", name="all", seed=3).pause_recall
    assert (found.low, found.high) == tuple(np.quantile(paused / should, [0.025, 0.975]))


def test_slice_without_a_story_to_pause_has_no_pause_figures():
    found = measure_slice([*many(9, (), ()), judged((), (ONGOING,))], dimension="label", name="none")
    assert (found.pause_recall, found.pause_precision) == (None, None)
    assert found.exact.value == 0.9


def test_slice_in_which_nothing_was_paused_has_a_recall_but_no_precision():
    found = measure_slice(many(2, (ONGOING,), ()), dimension="label", name="ongoing")
    assert (found.pause_recall.value, found.pause_precision) == (0.0, None)


@pytest.mark.parametrize(("count", "small"), [(LEAST - 1, True), (LEAST, False)])
def test_figure_of_fewer_than_the_least_stories_is_small(count, small):
    assert measure_slice(many(count, (), ()), dimension="all", name="all").exact.small is small


# --- cutting


def test_stories_are_cut_by_label_and_one_may_stand_in_two_slices():
    some = [*many(10, (COMPLETED, OMBUDSMAN)), *many(10, (OMBUDSMAN,), start=10), *many(10, start=20)]
    found = cut(some, dimension="label")
    assert {name: len(items) for name, items in found.items()} == {
        "completed": 10,
        "ombudsman": 20,
        "none": 10,
    }
    assert list(found) == ["completed", "ombudsman", "none"]


def test_bands_of_words_stand_in_their_own_order_and_tags_by_size():
    some = [*many(10, words=300, tags=("gp",)), *many(11, words=5, tags=("short",), start=10)]
    assert list(cut(some, dimension="words")) == ["0 to 19", "200 to 399"]
    assert list(cut(some, dimension="phenomenon")) == ["short", "gp"]


def test_small_slices_are_pooled_and_no_story_counts_twice_in_the_pool():
    some = [
        *many(LEAST, tags=("gp",)),
        *many(LEAST - 1, tags=("dentist", "rare"), start=100),
        *many(2, tags=("optician", "gp"), start=200),
    ]
    found = cut(some, dimension="phenomenon")
    assert {name: len(items) for name, items in found.items()} == {
        "gp": LEAST + 2,
        "3 smaller ones together": LEAST + 1,
    }


def test_a_single_small_slice_keeps_its_name():
    some = [*many(LEAST, nation=Nation.WALES), *many(1, nation=Nation.ENGLAND, start=50)]
    assert list(cut(some, dimension="nation")) == ["england", "wales"]


# --- ranking


def test_tiny_unlucky_slice_does_not_come_before_a_surely_weak_one():
    whole = part("all", estimate(0.8, 0.78, 0.82, of=600), stories=600)
    unlucky = part("unlucky", estimate(0.5, 0.2, 0.85, of=10), stories=10)
    weak = part("weak", estimate(0.7, 0.65, 0.75))
    strong = part("strong", estimate(0.95, 0.9, 0.99))
    found = find_weaknesses([strong, unlucky, weak], whole=whole)
    assert [(w.name, round(w.below, 6)) for w in found] == [
        ("weak", 0.05),
        ("unlucky", -0.05),
        ("strong", -0.19),
    ]
    assert {(w.whole, w.figure, w.dimension) for w in found} == {(0.8, "exact", "nation")}


def test_figures_of_too_few_stories_and_slices_that_are_everything_are_not_ranked():
    whole = part("all", estimate(0.8, 0.78, 0.82), recall=estimate(0.9, 0.8, 1.0))
    small = part("small", estimate(0.0, 0.0, 0.0, of=LEAST - 1), recall=estimate(0.5, 0.4, 0.6), stories=50)
    same = part("same", estimate(0.8, 0.78, 0.82), recall=estimate(0.9, 0.8, 1.0))
    assert [(w.name, w.figure) for w in find_weaknesses([small, same], whole=whole)] == [
        ("small", "pause_recall")
    ]


# --- the whole analysis


def test_errors_hold_slices_of_every_dimension_the_worst_and_the_missed():
    good = many(40, (ONGOING,), (ONGOING,), tags=("gp",), nation=Nation.WALES)
    bad = many(20, (ONGOING,), (), tags=("dentist",), nation=Nation.ENGLAND, start=100)
    found = find_errors([*good, *bad], most_worst=2)
    assert (found.whole.name, found.whole.stories, found.whole.exact.value) == ("all stories", 60, 40 / 60)
    assert {one.dimension for one in found.slices} == {
        "label",
        "kind",
        "words",
        "nation",
        "voice",
        "file",
        "phenomenon",
    }
    assert {(w.dimension, w.name, w.estimate.value) for w in found.worst} == {("nation", "england", 0.0)}
    assert len(found.worst) == 2
    assert found.compared > 2
    assert len(found.missed) == 20


def test_errors_as_plain_values_survive_json():
    plain = json.loads(json.dumps(find_errors(many(3, (ONGOING,), ())).to_dict()))
    assert plain["whole"]["exact"]["value"] == 0.0
    assert plain["missed"][0]["gold"] == ["ongoing"]
    assert plain["whole"]["pause_precision"] is None


def test_no_stories_are_refused_with_what_to_do():
    with pytest.raises(NoStoriesError) as caught:
        find_errors([])
    assert str(caught.value) == ("errors: no settled story to look at. Name more stories, or another split.")
