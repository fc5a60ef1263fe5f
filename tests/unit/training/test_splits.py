import random
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import pytest

from classifier.assessment import Nation
from classifier.story import Story
from training.splits import DEV_PERCENT, TEST_SOURCE, families, near_duplicates, split
from training.stories import LabelledStory, read_stories

STORIES = Path(__file__).resolve().parents[3] / "data" / "stories"


def words(seed, *, count=40):
    """As good as unique words: no two seeds share a run of four."""
    dice = random.Random(seed)
    return [f"w{dice.randrange(10**6)}" for _ in range(count)]


def labelled(name, text=None, *tags):
    story = Story(id=name, text=" ".join(words(name)) if text is None else text)
    return LabelledStory(
        story=story, labels=(), evidence=(), nation=Nation.UNKNOWN, borderline=False, phenomena=tags
    )


def many(count, *, source="U01"):
    return [labelled(f"{source}-{number:04}") for number in range(count)]


def ids(stories):
    return [story.id for story in stories]


def family_ids(stories):
    return [ids(family) for family in families(stories)]


def in_dev(name):
    return int.from_bytes(sha256(name.encode()).digest()[:4]) % 100 < DEV_PERCENT


# --- families


def test_stories_with_nothing_in_common_are_families_of_one():
    assert family_ids(many(5)) == [[name] for name in ids(many(5))]


@pytest.mark.parametrize("tag", ["pair:7", "pair7", "pair:tooth"])
def test_contrast_partners_are_one_family(tag):
    stories = [labelled("U01-1", None, tag), labelled("U01-2"), labelled("U01-3", None, "plain", tag)]
    assert family_ids(stories) == [["U01-1", "U01-3"], ["U01-2"]]


@pytest.mark.parametrize("tag", ["plain", "pairs", "impair:7", "pair"])
def test_other_tags_join_nobody(tag):
    assert family_ids([labelled("U01-1", None, tag), labelled("U01-2", None, tag)]) == [["U01-1"], ["U01-2"]]


def test_same_pair_tag_of_another_hand_is_another_pair():
    stories = [labelled("U01-1", None, "pair:1"), labelled("U02-1", None, "pair:1")]
    assert family_ids(stories) == [["U01-1"], ["U02-1"]]


def test_near_duplicate_words_make_a_family_whatever_marks_and_capitals():
    text = " ".join(words("a"))
    stories = [labelled("U01-1", text), labelled("U02-1"), labelled("U03-1", text.upper().replace(" ", ", "))]
    assert family_ids(stories) == [["U01-1", "U03-1"], ["U02-1"]]


def test_families_join_through_a_story_in_the_middle():
    text = " ".join(words("a"))
    stories = [
        labelled("U01-1", None, "pair:1"),
        labelled("U01-2", text),
        labelled("U01-3", text + " and more", "pair:1"),
    ]
    assert family_ids(stories) == [["U01-1", "U01-2", "U01-3"]]


def test_near_duplicates_are_pairs_of_positions():
    text, other = words("a", count=100), words("b", count=100)
    near, far = [*text[:90], *other[:10]], [*text[:30], *other[30:]]
    texts = [" ".join(one) for one in (text, other, near, far)]
    assert near_duplicates(texts) == [(0, 2)]


def test_texts_shorter_than_four_words_are_compared_whole():
    assert near_duplicates(["No complaints.", "no complaints", "no complaint", ""]) == [(0, 1)]


# --- sides


def test_side_follows_from_the_hash_of_the_id():
    stories = many(200)
    parts = split(stories)
    assert ids(parts.dev) == [name for name in ids(stories) if in_dev(name)]
    assert ids(parts.train) == [name for name in ids(stories) if not in_dev(name)]
    assert (parts.test, parts.left_out) == ((), ())


def test_about_fifteen_in_a_hundred_go_to_dev():
    stories = [labelled(f"U01-{number:04}", f"word{number}") for number in range(400)]
    assert len(split(stories).dev) == 64


def test_added_stories_move_no_old_one():
    old, new = many(150), many(150, source="U02")
    before, after = split(old), split([*new, *old])
    assert ids(before.dev) == [name for name in ids(after.dev) if name.startswith("U01")]
    assert ids(before.train) == [name for name in ids(after.train) if name.startswith("U01")]


def test_order_of_the_stories_does_not_matter():
    stories = many(100)
    shuffled = random.Random(1).sample(stories, k=len(stories))
    assert set(ids(split(stories).dev)) == set(ids(split(shuffled).dev))


def test_whole_family_goes_where_its_smallest_id_points():
    first = next(name for name in ids(many(100)) if in_dev(name))
    later = [name for name in ids(many(100)) if name > first and not in_dev(name)][:3]
    stories = [labelled(name, None, "pair:1") for name in (*later, first)]
    assert ids(split(stories).dev) == [*later, first]


def test_test_source_is_the_test_set_whatever_the_hash():
    stories = [*many(30), *many(30, source=TEST_SOURCE)]
    assert ids(split(stories).test) == ids(many(30, source=TEST_SOURCE))


def test_frozen_test_stories_stay_together_when_training_stories_come_or_go():
    frozen = many(20, source=TEST_SOURCE)
    assert split(frozen).test == split([*many(50), *frozen]).test == tuple(frozen)


def test_training_story_too_close_to_a_test_story_is_left_out_with_its_family():
    text = " ".join(words("a"))
    stories = [
        labelled("U01-1", text, "pair:1"),
        labelled("U01-2", None, "pair:1"),
        labelled(f"{TEST_SOURCE}-1", text),
        labelled("U01-3"),
    ]
    parts = split(stories)
    assert ids(parts.test) == [f"{TEST_SOURCE}-1"]
    assert ids(parts.left_out) == ["U01-1", "U01-2"]
    assert ids(parts.train + parts.dev) == ["U01-3"]


def test_nothing_splits_into_nothing():
    parts = split([])
    assert (parts.train, parts.dev, parts.test, parts.left_out) == ((), (), (), ())


def test_real_stories_are_split_without_loss_and_no_partners_are_parted():
    stories = read_stories(*(STORIES / f"{name}.jsonl" for name in ("T05", "T10", "T25")))
    parts = split(stories)
    sides = {labelled.id: side for side in ("train", "dev", "test") for labelled in getattr(parts, side)}
    assert set(sides) | set(ids(parts.left_out)) == set(ids(stories))
    assert len(sides) + len(parts.left_out) == len(stories)
    assert [name for name, side in sides.items() if side == "test"] == [
        labelled.id for labelled in stories if labelled.source == TEST_SOURCE
    ]
    partners = defaultdict(set)
    for labelled in stories:
        for tag in labelled.phenomena:
            if tag.startswith("pair") and labelled.id in sides:
                partners[labelled.source, tag].add(sides[labelled.id])
    assert len(partners) > 150
    assert {len(found) for found in partners.values()} == {1}
