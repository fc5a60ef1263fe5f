from dataclasses import replace

from classifier.assessment import Nation
from classifier.story import Story
from training.nations import measure_nations, nation_rate
from training.splits import Splits
from training.stories import LabelledStory

SCOTTISH = "The SPSO has my case."
WELSH = "I used Putting Things Right."
SILENT = "Tea came."


def labelled(text, nation=Nation.UNKNOWN, *, borderline=False):
    return LabelledStory(
        story=Story(id="U01-1", text=text),
        labels=(),
        evidence=(),
        nation=nation,
        borderline=borderline,
        phenomena=(),
    )


def test_precision_is_over_named_nations_and_recall_over_known_ones():
    found = nation_rate(
        [
            labelled(SCOTTISH, Nation.SCOTLAND),
            labelled(WELSH, Nation.WALES),
            labelled(SCOTTISH, Nation.WALES),
            labelled(WELSH, Nation.UNKNOWN),
            labelled(SILENT, Nation.ENGLAND),
            labelled(SILENT, Nation.ENGLAND),
            labelled(SILENT, Nation.UNKNOWN),
        ]
    )
    assert (found.right, found.wrong, found.missed) == (2, 2, 3)
    assert (found.precision, found.recall) == (2 / 4, 2 / 5)


def test_where_no_nation_is_named_or_known_nothing_is_wrong():
    found = nation_rate([labelled(SILENT)])
    assert (found.precision, found.recall, found.right) == (1.0, 1.0, 0)


def test_our_own_stories_are_measured_apart_from_the_test_set_and_without_borderline_ones():
    right, wrong = labelled(SCOTTISH, Nation.SCOTLAND), labelled(SCOTTISH, Nation.WALES)
    found = measure_nations(
        Splits(
            train=(right, replace(wrong, borderline=True)),
            dev=(right,),
            test=(wrong, replace(right, borderline=True)),
            left_out=(right,),
        )
    )
    assert list(found) == ["ours", "test"]
    assert (found["ours"].right, found["ours"].wrong) == (3, 0)
    assert (found["test"].right, found["test"].wrong) == (0, 1)
