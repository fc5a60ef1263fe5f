import pytest

from classifier.assessment import Nation
from classifier.labels import LABELS, Label
from classifier.story import Story
from training.slices import (
    DIMENSIONS,
    ORDERS,
    Voice,
    character,
    kind,
    ordinary,
    phenomena,
    plain_explicit,
    voice,
    word_band,
)
from training.stories import LabelledStory

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS


def labelled(*tags, labels=(), name="U01-1", words=3, nation=Nation.UNKNOWN):
    return LabelledStory(
        story=Story(id=name, title="Tea", text=" ".join(["tea"] * words)),
        labels=labels,
        evidence=(),
        nation=nation,
        borderline=False,
        phenomena=tags,
    )


@pytest.mark.parametrize(
    ("tags", "who"),
    [
        ((), Voice.PATIENT),
        (("short", "gp"), Voice.PATIENT),
        (("gp", "relative"), Voice.RELATIVE),
        (("parent",), Voice.RELATIVE),
        (("bereaved",), Voice.RELATIVE),
        (("carer",), Voice.CARER),
        (("young_carer",), Voice.CARER),
        (("staff",), Voice.STAFF),
        (("author_is_staff",), Voice.STAFF),
        (("staff", "relative"), Voice.RELATIVE),
        (("carer", "relative"), Voice.RELATIVE),
        (("advocacy",), Voice.PATIENT),
        (("third_party",), Voice.PATIENT),
        (("staff_complaint",), Voice.PATIENT),
        (("relative", "advocacy"), Voice.RELATIVE),
    ],
)
def test_voice_follows_from_the_tags(tags, who):
    assert voice(labelled(*tags)) is who


@pytest.mark.parametrize(
    ("words", "band"),
    [
        (1, "0 to 19"),
        (19, "0 to 19"),
        (20, "20 to 49"),
        (49, "20 to 49"),
        (50, "50 to 99"),
        (199, "100 to 199"),
        (399, "200 to 399"),
        (400, "400 or more"),
        (5000, "400 or more"),
    ],
)
def test_word_band_at_its_edges(words, band):
    assert word_band(labelled(words=words)) == band


def test_numbering_tags_are_no_phenomena_and_none_counts_twice():
    assert phenomena(labelled("pair:T05-1", "pattern:11", "gp", "short", "gp")) == ("gp", "short")


@pytest.mark.parametrize(
    ("tags", "labels", "found"),
    [
        (("ordinary",), (), True),
        (("praise", "short"), (), True),
        (("survey",), (), True),
        (("feedback_form",), (), True),
        (("praise",), (COMPLETED,), False),
        (("near_miss",), (), False),
        (("plain",), (), False),
        ((), (), False),
    ],
)
def test_ordinary_stories_have_no_label_and_a_tag_of_everyday_posts(tags, labels, found):
    assert ordinary(labelled(*tags, labels=labels)) is found


@pytest.mark.parametrize(
    ("tags", "labels", "found"),
    [
        (("plain",), (ONGOING,), True),
        (("plain", "long"), (COMPLETED, OMBUDSMAN), True),
        (("plain", "implicit"), (ONGOING,), False),
        (("plain",), (), False),
        (("long",), (ONGOING,), False),
    ],
)
def test_plain_explicit_stories_have_a_label_in_plain_words(tags, labels, found):
    assert plain_explicit(labelled(*tags, labels=labels)) is found


def test_kind_is_ordinary_plain_explicit_or_neither():
    assert kind(labelled("ordinary", "plain")) == "ordinary"
    assert kind(labelled("plain", labels=(PLANNED,))) == "plain explicit"
    assert kind(labelled(labels=(PLANNED,))) == "neither"


def test_files_of_one_character_are_one_slice_and_unknown_files_stand_for_themselves():
    assert character(labelled(name="T05-0001")) == character(labelled(name="T25-0001")) == "contrast pairs"
    assert character(labelled(name="X77-0001")) == "X77"


def test_story_belongs_to_its_slices_in_every_dimension():
    story = labelled(
        "relative", "gp", "pair:1", labels=(COMPLETED, OMBUDSMAN), name="T07-1", nation=Nation.WALES, words=60
    )
    assert {name: slices(story) for name, slices in DIMENSIONS.items()} == {
        "label": ("completed", "ombudsman"),
        "kind": ("neither",),
        "words": ("50 to 99",),
        "nation": ("wales",),
        "voice": ("relative",),
        "file": ("long and plain",),
        "phenomenon": ("relative", "gp"),
    }
    assert DIMENSIONS["label"](labelled()) == ("none",)


def test_natural_orders_name_every_slice_of_their_dimension():
    assert ORDERS["label"] == (*Label, "none")
    assert ORDERS["nation"] == tuple(Nation)
    assert ORDERS["voice"] == tuple(Voice)
    assert ORDERS["words"][0] == "0 to 19"
    assert ORDERS["words"][-1] == "400 or more"
