import random

import pytest

from classifier.assessment import Nation
from classifier.labels import Label
from classifier.story import Story
from training.audit.twins import Case, Twins, find_twins, read_cases
from training.splits import split
from training.stories import LabelledStory, RecordError


def words(seed, *, count=40):
    """As good as unique words: no two seeds share a run of four."""
    dice = random.Random(seed)
    return " ".join(f"w{dice.randrange(10**6)}" for _ in range(count))


def labelled(name, text=None, *, labels=(), tags=(), title=""):
    return LabelledStory(
        story=Story(id=name, title=title, text=words(name) if text is None else text),
        labels=labels,
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=tags,
    )


def side(name):
    """The side on which a story of this name falls when it is alone."""
    parts = split([labelled(name)])
    return next(side for side in ("train", "dev", "test") if getattr(parts, side))


def of_side(wanted):
    return next(name for number in range(200) if side(name := f"U01-{number:04}") == wanted)


# --- duplicates


def test_stories_with_nothing_in_common_have_no_twins():
    assert find_twins([labelled(f"U01-{number}") for number in range(5)]) == []


def test_same_words_are_twins_whatever_their_case_and_spaces():
    (found,) = find_twins([labelled("U01-1", words(1)), labelled("U02-1", words(1).upper() + "\n ")])
    assert (found.ids, found.same, found.labels_differ, found.leak) == (
        ("U01-1", "U02-1"),
        True,
        False,
        False,
    )


def test_nearly_the_same_words_with_other_labels_are_twins_that_differ():
    stories = [labelled("U01-1", words(1)), labelled("U02-1", words(1) + " w1", labels=(Label.ONGOING,))]
    (found,) = find_twins(stories)
    assert (found.same, found.labels_differ) == (False, True)


def test_contrast_partners_are_meant_so():
    stories = [labelled("U01-1", words(1), tags=("pair:1",)), labelled("U01-2", words(1), tags=("pair:1",))]
    assert find_twins(stories) == []


def test_partners_of_another_file_are_not_meant_so():
    stories = [labelled("U01-1", words(1), tags=("pair:1",)), labelled("U02-1", words(1), tags=("pair:1",))]
    assert [one.ids for one in find_twins(stories)] == [("U01-1", "U02-1")]


def test_titles_alone_are_compared_by_their_titles():
    stories = [labelled("U01-1", "", title=words(1)), labelled("U01-2", "", title=words(2))]
    assert find_twins(stories) == []


# --- leaks


def test_training_story_like_a_test_story_is_left_out_and_so_no_leak():
    (found,) = find_twins([labelled("U01-1", words(1)), labelled("T10-1", words(1))])
    assert (found.sides, found.leak) == (("left out", "test"), False)


@pytest.mark.parametrize(
    ("sides", "leak"),
    [
        (("train", "dev"), True),
        (("train", "test"), True),
        (("dev", "test"), True),
        (("train", "cases"), True),
        (("dev", "cases"), True),
        (("test", "cases"), False),
        (("train", "train"), False),
        (("left out", "test"), False),
        (("train", "left out"), False),
        (("left out", "cases"), False),
    ],
)
def test_leak_is_between_what_is_learnt_from_and_what_judges(sides, leak):
    assert Twins(ids=("a", "b"), sides=sides, same=False, labels_differ=False).leak is leak


@pytest.mark.parametrize(("wanted", "leak"), [("train", True), ("dev", True)])
def test_case_like_a_story_is_a_leak(wanted, leak):
    name = of_side(wanted)
    (found,) = find_twins([labelled(name, words(1))], cases=[Case("mft-1", words(1))])
    assert (found.ids, found.sides, found.same, found.leak) == (
        (name, "mft-1"),
        (wanted, "cases"),
        True,
        leak,
    )


def test_cases_alike_are_their_own_affair():
    cases = [Case("inv-1", words(1)), Case("inv-1", words(1))]
    assert find_twins([labelled("U01-1")], cases=cases) == []


# --- reading the suite


def test_case_has_its_text_and_its_changed_text(tmp_path):
    file = tmp_path / "cases.jsonl"
    file.write_text(
        '{"id": "a", "text": "Tea."}\n\n{"id": "b", "text": "Tea.", "changed_text": "TEA."}\n',
        encoding="utf-8",
    )
    assert read_cases(file) == [Case("a", "Tea."), Case("b", "Tea."), Case("b", "TEA.")]


@pytest.mark.parametrize("line", ["{", "[]", '"a"', '{"id": "a"}', '{"text": "Tea."}'])
def test_line_that_is_no_case_is_refused(tmp_path, line):
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "a", "text": "Tea."}\n' + line, encoding="utf-8")
    with pytest.raises(RecordError) as caught:
        read_cases(file)
    assert str(caught.value) == f"{file}:2: is no case. Give one JSON object with id and text."


def test_missing_suite_is_refused(tmp_path):
    with pytest.raises(RecordError, match=r"Name the suite's cases\.jsonl\.$"):
        read_cases(tmp_path / "cases.jsonl")


def test_suite_in_another_encoding_is_refused(tmp_path):
    file = tmp_path / "cases.jsonl"
    file.write_bytes(b'{"id": "\xe9"}')
    with pytest.raises(RecordError, match=r"byte 8 is not UTF-8\."):
        read_cases(file)
