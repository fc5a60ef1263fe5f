import pytest

from classifier.assessment import Action, Nation
from classifier.labels import LABELS
from classifier.story import Span, Story
from training.evaluate import Judged, judge
from training.missed import Fault, Said, find_fault, find_missed
from training.stories import LabelledStory, Quote

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS


def labelled(*labels, text="Tea came.", name="U01-1", quotes=()):
    """``quotes``: label and its words in the text."""
    return LabelledStory(
        story=Story(id=name, text=text),
        labels=labels,
        evidence=tuple(
            Quote(label, Span("text", text.index(words), text.index(words) + len(words)))
            for label, words in quotes
        ),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )


def judged(gold, found, action):
    return Judged(labelled=labelled(*gold), labels=frozenset(found), action=action)


@pytest.mark.parametrize(
    ("gold", "found", "action", "fault"),
    [
        ((ONGOING,), (), Action.CONTINUE, Fault.PAUSE_MISSED),
        ((COMPLETED, OMBUDSMAN), (COMPLETED,), Action.ADVISE, Fault.PAUSE_MISSED),
        ((ONGOING,), (), Action.REVIEW, Fault.LEFT_TO_A_PERSON),
        ((), (PLANNED,), Action.PAUSE, Fault.FALSE_PAUSE),
        ((COMPLETED,), (COMPLETED, ONGOING), Action.PAUSE, Fault.FALSE_PAUSE),
        ((ONGOING,), (PLANNED,), Action.PAUSE, Fault.LABELS_DIFFER),
        ((), (COMPLETED,), Action.ADVISE, Fault.LABELS_DIFFER),
        ((ONGOING,), (ONGOING,), Action.PAUSE, None),
        ((), (), Action.CONTINUE, None),
        ((), (), Action.REVIEW, None),
        ((COMPLETED,), (COMPLETED,), Action.ADVISE, None),
    ],
)
def test_gravest_fault_is_named(gold, found, action, fault):
    assert find_fault(judged(gold, found, action)) is fault


def test_missed_story_tells_labels_action_probabilities_and_both_sides_words(classifier):
    text = "We waited for tea. I lodged a complaint. It was upheld."
    story = labelled(COMPLETED, text=text, quotes=[(COMPLETED, "was upheld")])
    (found,) = find_missed(judge([story], classifier=classifier))
    assert (found.id, found.fault, found.action) == ("U01-1", Fault.FALSE_PAUSE, Action.PAUSE)
    assert (found.gold, found.found) == ((COMPLETED,), (ONGOING, COMPLETED))
    assert found.probabilities == classifier.assess(story.story).scores
    assert found.readers_quotes == (Said(COMPLETED, "was upheld"),)
    assert found.model_quotes == (
        Said(ONGOING, "I lodged a complaint."),
        Said(COMPLETED, "It was upheld."),
    )
    assert found.surprise == max(found.probabilities[ONGOING], 1 - found.probabilities[COMPLETED])


def test_words_of_a_label_only_up_for_review_are_told_too(classifier):
    # such a word scores for itself alone: at the review threshold, under the clear one
    story = labelled(ONGOING, text="ongoing300000", quotes=[(ONGOING, "ongoing300000")])
    (found,) = find_missed(judge([story], classifier=classifier))
    assert (found.fault, found.found) == (Fault.LEFT_TO_A_PERSON, ())
    assert found.model_quotes == (Said(ONGOING, "ongoing300000"),)


def test_gravest_faults_come_first_then_the_surest_mistakes_then_ids(classifier):
    stories = [
        labelled(text="It was upheld.", name="U01-1"),
        labelled(text="ongoing800000", name="U01-2"),
        labelled(text="I lodged a complaint.", name="U01-3"),
        labelled(ONGOING, text="ongoing299999", name="U01-4"),
        labelled(ONGOING, text="Tea came.", name="U01-6"),
        labelled(ONGOING, text="Tea came.", name="U01-5"),
        labelled(ONGOING, text="I lodged a complaint.", name="U01-7"),
    ]
    found = find_missed(judge(stories, classifier=classifier))
    assert [(missed.id, missed.fault) for missed in found] == [
        ("U01-5", Fault.PAUSE_MISSED),
        ("U01-6", Fault.PAUSE_MISSED),
        ("U01-4", Fault.PAUSE_MISSED),
        ("U01-3", Fault.FALSE_PAUSE),
        ("U01-2", Fault.FALSE_PAUSE),
        ("U01-1", Fault.LABELS_DIFFER),
    ]


def test_model_that_only_gives_labels_has_no_probabilities_and_no_surprise():
    (found,) = find_missed([judged((ONGOING,), (), Action.CONTINUE)])
    assert (found.probabilities, found.model_quotes, found.surprise) == ({}, (), 0.0)
