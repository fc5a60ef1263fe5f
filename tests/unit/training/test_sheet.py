import random

from classifier.assessment import Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.sheet import render_sheet
from training.stories import LabelledStory

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS


def labelled(name, *labels, words=10, nation=Nation.UNKNOWN, borderline=False, tags=()):
    dice = random.Random(name)
    text = " ".join(f"w{dice.randrange(10**6)}" for _ in range(words))
    return LabelledStory(
        story=Story(id=name, title="Tea", text=text),
        labels=labels,
        evidence=(),
        nation=nation,
        borderline=borderline,
        phenomena=tags,
    )


def sections(stories):
    """Opening line, and each table as a mapping by its name."""
    opening, *tables = render_sheet(stories).split("\n\n")
    read = {}
    for table in tables:
        (name, header), _, *rows = [
            [cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()
        ]
        assert header == "stories"
        read[name] = {key: int(count) for key, count in rows}
    return opening, read


def test_opening_counts_splits_and_borderline_stories():
    opening, _ = sections(
        [
            labelled("U01-0000", PLANNED),
            labelled("U01-0008", borderline=True),
            labelled("T10-1", ONGOING, borderline=True),
        ]
    )
    assert opening == (
        "3 stories: 1 train, 1 dev, 1 frozen test, 0 left out as too close to a test story; 2 borderline."
    )


def test_label_sets_and_single_labels_are_counted_apart():
    _, tables = sections(
        [
            labelled("U01-1", COMPLETED, OMBUDSMAN),
            labelled("U01-2", COMPLETED, OMBUDSMAN),
            labelled("U01-3", COMPLETED),
            labelled("U01-4"),
        ]
    )
    assert tables["label set"] == {"completed+ombudsman": 2, "completed": 1, "none": 1}
    assert tables["label"] == {"planned": 0, "ongoing": 0, "completed": 3, "ombudsman": 2}


def test_nations_and_files_are_counted_in_their_own_order():
    _, tables = sections(
        [labelled("U02-1", nation=Nation.WALES), labelled("U01-1", nation=Nation.WALES), labelled("U02-2")]
    )
    assert list(tables["nation"].items()) == [
        ("england", 0),
        ("scotland", 0),
        ("wales", 2),
        ("northern_ireland", 0),
        ("unknown", 1),
    ]
    assert list(tables["file"].items()) == [("U01", 1), ("U02", 2)]


def test_lengths_are_counted_in_words_of_the_text():
    lengths = (1, 19, 20, 99, 100, 199, 399, 400, 900)
    _, tables = sections([labelled(f"U01-{count}", words=count) for count in lengths])
    assert tables["words"] == {
        "0 to 19": 2,
        "20 to 49": 1,
        "50 to 99": 1,
        "100 to 199": 2,
        "200 to 399": 1,
        "400 or more": 2,
    }


def test_story_of_a_title_alone_has_no_words_of_text():
    story = LabelledStory(
        story=Story(id="U01-1", title="Tea", text=""),
        labels=(),
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )
    _, tables = sections([story])
    assert tables["words"]["0 to 19"] == 1


def test_only_phenomena_of_at_least_twenty_stories_are_listed_the_most_frequent_first():
    stories = [
        labelled(
            f"U01-{number}",
            tags=("plain", "pair:1", *(["long"] * (number < 20)), *(["short"] * (number < 19))),
        )
        for number in range(22)
    ]
    _, tables = sections(stories)
    assert list(tables["phenomenon"].items()) == [("plain", 22), ("long", 20)]
