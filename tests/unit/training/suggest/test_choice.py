import random
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from classifier.labels import LABELS, Label
from classifier.story import Story
from training.suggest.choice import choose, spread
from training.suggest.views import View, Why


def words(seed, *, count=40):
    """As good as unique words: no two seeds share a run of four."""
    dice = random.Random(seed)
    return " ".join(f"w{dice.randrange(10**6)}" for _ in range(count))


def seen(number, *, text=None, distance=9.0, margin=-9.0, cue=False):
    """A view as a model might have it; far from everything unless told otherwise."""
    return View(
        story=Story(id=f"s-{number:04}", text=words(number) if text is None else text),
        assessment=SimpleNamespace(),
        margins=dict.fromkeys(LABELS, margin),
        distance=distance,
        nearest=Label.PLANNED,
        threshold=0.5,
        cue=cue,
    )


def many(count, *, start=0, **what):
    return [seen(start + number, **what) for number in range(count)]


def backlog():
    """200 dull stories, and 60 each near a threshold, labelled without a cue, with a cue but no label."""
    near = [replace(one, distance=0.01 * n) for n, one in enumerate(many(60, start=1000))]
    uncued = [
        replace(one, margins=dict.fromkeys(LABELS, 0.1 * n)) for n, one in enumerate(many(60, start=2000))
    ]
    missed = [
        replace(one, margins=dict.fromkeys(LABELS, -1 - 0.1 * n), cue=True)
        for n, one in enumerate(many(60, start=3000))
    ]
    return [*many(200), *near, *uncued, *missed]


def ids(picks, why=None):
    return [pick.view.story.id for pick in picks if why in (None, pick.why)]


def pick(views, count, *, labelled=(), seed=1):
    return choose(views, labelled=labelled, count=count, seed=seed)


# --- how many of each


@pytest.mark.parametrize(
    ("count", "kinds"),
    [
        (1, {"uncertain": 1}),
        (5, {"uncertain": 2, "label_without_cue": 1, "cue_without_label": 1, "random": 1}),
        (20, {"uncertain": 12, "label_without_cue": 3, "cue_without_label": 3, "random": 2}),
        (100, {"uncertain": 60, "label_without_cue": 15, "cue_without_label": 15, "random": 10}),
    ],
)
def test_one_in_ten_is_random_and_a_sixth_of_the_others_each_disagreement(count, kinds):
    found = pick(backlog(), count)
    assert Counter(str(one.why) for one in found) == kinds
    assert len(set(ids(found))) == count


def test_uncertain_ones_fill_up_where_there_is_no_disagreement():
    found = pick(many(100), 20)
    assert Counter(one.why for one in found) == {Why.UNCERTAIN: 18, Why.RANDOM: 2}


def test_too_few_stories_are_all_picked():
    assert sorted(ids(pick(many(7), 20))) == [one.story.id for one in many(7)]


def test_no_story_gives_no_pick():
    assert pick([], 20) == []


# --- which


def test_uncertain_picks_are_among_those_nearest_a_threshold():
    best = {f"s-{1000 + n:04}" for n in range(36 + 4)}  # three times 12, less what was drawn at random
    assert set(ids(pick(backlog(), 20), Why.UNCERTAIN)) <= best


def test_label_without_cue_picks_are_among_the_surest():
    sure = {f"s-{2000 + n:04}" for n in range(60 - 9 - 2, 60)}
    assert set(ids(pick(backlog(), 20), Why.LABEL_WITHOUT_CUE)) <= sure


def test_cue_without_label_picks_are_among_the_nearest_misses():
    assert set(ids(pick(backlog(), 20), Why.CUE_WITHOUT_LABEL)) <= {f"s-{3000 + n:04}" for n in range(9 + 2)}


def test_label_right_at_review_is_no_miss():
    found = pick([*many(30), seen(900, margin=0.0, cue=True)], 10)
    assert Why.CUE_WITHOUT_LABEL not in [one.why for one in found]


# --- seeded


def test_same_seed_same_picks():
    assert ids(pick(backlog(), 20, seed=3)) == ids(pick(backlog(), 20, seed=3))


def test_other_seed_other_random_picks():
    one, other = (ids(pick(backlog(), 50, seed=seed), Why.RANDOM) for seed in (1, 2))
    assert len(one) == len(other) == 5
    assert set(one) != set(other)


def test_random_picks_come_from_everywhere():
    drawn = [name for seed in range(20) for name in ids(pick(backlog(), 10, seed=seed), Why.RANDOM)]
    assert len({name[:3] for name in drawn}) >= 3


# --- nothing twice


def test_near_duplicates_of_labelled_stories_are_passed_over():
    labelled = [Story(id="T01-1", text=words(0) + " w1")]
    assert ids(pick([seen(0, distance=0.0), *many(3, start=1)], 4, labelled=labelled)) == [
        "s-0001",
        "s-0002",
        "s-0003",
    ]


def test_of_near_duplicates_one_is_picked():
    twins = [seen(number, text=words(0) + f" w{number}", distance=0.0) for number in range(5)]
    found = ids(pick([*twins, *many(3, start=10)], 8))
    assert sorted(name for name in found if name >= "s-0010") == ["s-0010", "s-0011", "s-0012"]
    assert len(found) == 4


# --- spread


def texts(*given):
    return [seen(number, text=text) for number, text in enumerate(given)]


def test_spread_starts_with_the_first_and_takes_what_is_least_like_it():
    views = texts("tea tea toast", "tea toast tea jam", "parking meter queue", "tea jam")
    assert [view.story.id for view in spread(views, count=2)] == ["s-0000", "s-0002"]


def test_spread_takes_into_account_all_that_is_chosen():
    views = texts("tea toast", "parking meter", "parking meter queue", "knee scan")
    assert [view.story.id for view in spread(views, count=3)] == ["s-0000", "s-0001", "s-0003"]


@pytest.mark.parametrize(("count", "taken"), [(0, 0), (1, 1), (3, 3), (4, 3)])
def test_spread_gives_as_many_as_there_are(count, taken):
    assert len(spread(texts("tea", "jam", "!"), count=count)) == taken
