from classifier.assessment import Action, Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.columns import Column, count, in_a_column, measure_columns
from training.comments import CommentFigures
from training.evaluate import PAUSING, Judged
from training.stories import LabelledStory

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS


def labelled(*labels, tags=()):
    return LabelledStory(
        story=Story(id="U01-1", text="Tea came."),
        labels=labels,
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=tags,
    )


def judged(gold=(), found=(), action=None, tags=()):
    chosen = action or (Action.PAUSE if set(found) & PAUSING else Action.CONTINUE)
    return Judged(labelled=labelled(*gold, tags=tags), labels=frozenset(found), action=chosen)


COMMENTS = CommentFigures(
    comments=20,
    unlabelled=16,
    labelled=4,
    false_pauses=("a", "b"),
    found=("c",),
    missed=("d", "e", "f"),
    reviews=5,
)


def test_column_counts_false_pauses_and_found_labels():
    some = [
        judged((), ()),
        judged((), (PLANNED,)),
        judged((), (COMPLETED,)),
        judged((ONGOING,), (ONGOING,)),
        judged((ONGOING, COMPLETED), (COMPLETED, PLANNED)),
        judged((ONGOING,), (), Action.REVIEW),
        judged((ONGOING,), (PLANNED,)),
        judged((COMPLETED,), ()),
    ]
    assert count(some) == Column(stories=8, unlabelled=3, false_pauses=1, labelled=5, found=3, exact=2)


def test_false_pauses_are_also_given_per_thousand_without_a_label():
    column = Column(stories=8, unlabelled=3, false_pauses=1, labelled=5, found=3, exact=2)
    assert column.to_dict()["false_pauses_per_1000"] == 1000 / 3


def test_where_every_story_has_a_label_there_is_no_rate_of_false_pauses():
    assert count([judged((ONGOING,), (ONGOING,))]).to_dict()["false_pauses_per_1000"] is None


def test_ordinary_and_plain_explicit_stories_of_dev_stand_beside_the_chosen_ones():
    dev = [
        judged((), (PLANNED,), tags=("ordinary",)),
        judged((), (), tags=("praise",)),
        judged((ONGOING,), (ONGOING,), tags=("plain",)),
        judged((ONGOING,), (), tags=("plain", "implicit")),
        judged((), (PLANNED,), tags=("near_miss",)),
    ]
    found = measure_columns([judged()], name="test", dev=dev)
    assert list(found) == ["test", "ordinary", "plain_explicit"]
    assert (found["test"].stories, found["test"].exact) == (1, 1)
    assert (found["ordinary"].stories, found["ordinary"].false_pauses) == (2, 1)
    assert (found["plain_explicit"].stories, found["plain_explicit"].found) == (1, 1)
    assert [in_a_column(item.labelled) for item in dev] == [True, True, True, False, False]


def test_outside_comments_are_a_column_where_they_were_measured():
    found = measure_columns([], name="test", dev=[], comments=COMMENTS)
    assert found["comments"] == Column(
        stories=20, unlabelled=16, false_pauses=2, labelled=4, found=1, exact=None
    )
    assert found["comments"].to_dict()["false_pauses_per_1000"] == COMMENTS.false_pauses_per_1000 == 125.0
