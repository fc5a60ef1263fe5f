import pytest

from classifier.assessment import Action, Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.evaluate import Judged
from training.flips import Flip, Turn, find_flips, is_right
from training.stories import LabelledStory

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS


def judged(name, gold=(), found=(), action=Action.CONTINUE):
    labelled = LabelledStory(
        story=Story(id=name, text="Tea."),
        labels=gold,
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )
    return Judged(labelled=labelled, labels=frozenset(found), action=action)


def test_same_decisions_are_no_flips():
    some = [judged("a", (ONGOING,), (ONGOING,), Action.PAUSE), judged("b")]
    assert find_flips(some, list(some)) == ()


def test_flips_are_told_with_both_decisions_right_to_wrong_first():
    before = [
        judged("a", (ONGOING,), (), Action.CONTINUE),
        judged("b", (OMBUDSMAN,), (ONGOING,), Action.PAUSE),
        judged("d", (), (), Action.CONTINUE),
        judged("c", (COMPLETED, OMBUDSMAN), (OMBUDSMAN, COMPLETED), Action.PAUSE),
    ]
    after = [
        judged("a", (ONGOING,), (ONGOING,), Action.PAUSE),
        judged("b", (OMBUDSMAN,), (PLANNED,), Action.PAUSE),
        judged("d", (), (), Action.REVIEW),
        judged("c", (COMPLETED, OMBUDSMAN), (COMPLETED,), Action.ADVISE),
    ]
    assert find_flips(before, after) == (
        Flip(
            id="c",
            gold="completed+ombudsman",
            before="completed+ombudsman: pause",
            after="completed: advise",
            turn=Turn.RIGHT_TO_WRONG,
        ),
        Flip(id="d", gold="none", before="none: continue", after="none: review", turn=Turn.RIGHT_TO_WRONG),
        Flip(
            id="a", gold="ongoing", before="none: continue", after="ongoing: pause", turn=Turn.WRONG_TO_RIGHT
        ),
        Flip(
            id="b",
            gold="ombudsman",
            before="ongoing: pause",
            after="planned: pause",
            turn=Turn.WRONG_TO_WRONG,
        ),
    )


def test_right_labels_that_a_person_has_to_look_at_are_not_right():
    assert is_right(judged("a"))
    assert not is_right(judged("a", action=Action.REVIEW))
    assert not is_right(judged("a", (ONGOING,)))


def test_other_stories_or_another_order_are_refused():
    with pytest.raises(ValueError, match="not the same stories in the same order"):
        find_flips([judged("a"), judged("b")], [judged("b"), judged("a")])
