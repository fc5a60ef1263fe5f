import json
from dataclasses import replace

import pytest

from classifier.assessment import Action, Evidence, Nation
from classifier.labels import LABELS, Label
from classifier.story import Span, Story
from training.evaluate import (
    PAUSING,
    Judged,
    Rate,
    judge,
    judge_labels,
    label_rate,
    macro_f1,
    measure,
    pause_rate,
    settled,
    unsettled,
)
from training.stories import LabelledStory, Quote

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS
TEXT = "We waited. I lodged a complaint. Tea came."


def labelled(*labels, quotes=(), text=TEXT, number=0):
    """``quotes``: label, start, end in the text."""
    return LabelledStory(
        story=Story(id=f"U01-{number}", title="A complaint", text=text),
        labels=labels,
        evidence=tuple(Quote(label, Span("text", start, end)) for label, start, end in quotes),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )


def evidence(label, start, end, *, field="text"):
    return Evidence(label=label, text="", field=field, start=start, end=end, score=0.9)


def judged(gold=(), found=(), action=None, **named):
    """By default the action that the labels found lead to."""
    labels = frozenset(found)
    chosen = action or (Action.PAUSE if labels & PAUSING else Action.CONTINUE)
    quotes = named.pop("evidence", ())
    return Judged(labelled=labelled(*gold, **named), labels=labels, action=chosen, evidence=quotes)


# --- what a model says of a story


def test_judging_assesses_each_story_as_the_service_would(classifier):
    stories = [
        labelled(ONGOING, text="Tea came. I lodged a complaint. They lodged it.", number=1),
        labelled(text="We waited for tea.", number=2),
        labelled(COMPLETED, text="It was upheld.", number=3),
    ]
    found = judge(stories, classifier=classifier)
    assert [item.labelled for item in found] == stories
    assert [item.labels for item in found] == [{ONGOING}, set(), {COMPLETED}]
    assert [item.action for item in found] == [Action.PAUSE, Action.CONTINUE, Action.ADVISE]
    assert [[quote.text for quote in item.evidence] for item in found[1:]] == [[], ["It was upheld."]]


def test_judged_story_keeps_only_the_first_quote_of_each_label(classifier):
    story = labelled(text="I lodged a complaint. It was upheld. Then I lodged another one.")
    assessment = classifier.assess(story.story)
    (item,) = judge([story], classifier=classifier)
    firsts = [next(q for q in assessment.evidence if q.label is label) for label in (ONGOING, COMPLETED)]
    assert list(item.evidence) == firsts
    assert len(assessment.evidence) > len(firsts)


def test_quotes_of_a_label_only_up_for_review_are_left_out(classifier):
    # such a word scores for itself alone: at the review threshold, under the clear one
    (item,) = judge([labelled(text="ongoing300000")], classifier=classifier)
    assert (item.labels, item.action, item.evidence) == (frozenset(), Action.REVIEW, ())


def test_models_that_only_give_labels_pause_on_a_pausing_one():
    sets = [frozenset({label}) for label in LABELS] + [frozenset({COMPLETED, OMBUDSMAN}), frozenset()]
    found = judge_labels([labelled()] * 6, sets)
    assert [item.labels for item in found] == sets
    assert [item.action for item in found] == [
        Action.PAUSE,
        Action.PAUSE,
        Action.CONTINUE,
        Action.PAUSE,
        Action.PAUSE,
        Action.CONTINUE,
    ]
    assert {item.evidence for item in found} == {()}


def test_one_answer_a_story_is_demanded():
    with pytest.raises(ValueError, match="shorter"):
        judge_labels([labelled()] * 2, [frozenset()])


@pytest.mark.parametrize(
    ("gold", "pauses"),
    [
        ((PLANNED,), True),
        ((ONGOING,), True),
        ((OMBUDSMAN,), True),
        ((COMPLETED, OMBUDSMAN), True),
        ((COMPLETED,), False),
        ((), False),
    ],
)
def test_story_should_pause_unless_all_is_over(gold, pauses):
    assert judged(gold).should_pause is pauses


def test_settled_and_unsettled_stories_are_parted_in_order():
    sure, unsure = labelled(number=1), replace(labelled(number=2), borderline=True)
    assert settled([unsure, sure, unsure]) == [sure]
    assert unsettled([unsure, sure, unsure]) == [unsure, unsure]


# --- rates


def test_rate_of_a_label_counts_exactly():
    some = [
        judged([PLANNED], [PLANNED]),
        judged([PLANNED, ONGOING], [PLANNED]),
        judged([PLANNED], [ONGOING]),
        judged([], [PLANNED]),
        judged([COMPLETED], [PLANNED]),
        judged([], []),
    ]
    assert label_rate(some, PLANNED) == Rate(
        precision=2 / 4, recall=2 / 3, f1=4 / 7, right=2, wrong=2, missed=1
    )
    assert label_rate(some, ONGOING) == Rate(precision=0, recall=0, f1=0, right=0, wrong=1, missed=1)


def test_nothing_to_find_and_nothing_found_is_perfect():
    assert label_rate([judged()], OMBUDSMAN) == Rate(precision=1, recall=1, f1=1, right=0, wrong=0, missed=0)


def test_macro_f1_is_the_plain_mean_over_the_labels():
    some = [judged([PLANNED], [PLANNED]), judged([ONGOING], [COMPLETED]), judged([], [])]
    # planned 1, ongoing 0, completed 0, ombudsman 1 (of nothing, all)
    assert macro_f1(some) == 0.5


def test_pause_is_judged_by_the_action_not_by_the_labels():
    some = [
        judged([ONGOING], [PLANNED], Action.PAUSE),
        judged([ONGOING], [ONGOING], Action.REVIEW),
        judged([COMPLETED], [], Action.PAUSE),
        judged([COMPLETED], [COMPLETED], Action.ADVISE),
        judged([], [], Action.REVIEW),
    ]
    assert pause_rate(some) == Rate(precision=0.5, recall=0.5, f1=0.5, right=1, wrong=1, missed=1)


# --- all figures


def test_figures_of_a_case_made_by_hand():
    found = measure(
        [
            judged([ONGOING], [ONGOING], Action.PAUSE),
            judged([PLANNED], [], Action.REVIEW),
            judged([OMBUDSMAN], [], Action.CONTINUE),
            judged([], [], Action.REVIEW),
            judged([COMPLETED], [COMPLETED, PLANNED], Action.PAUSE),
        ]
    )
    assert found.stories == 5
    assert found.exact == 2 / 5
    assert found.held_recall == 2 / 3
    assert found.review == 2 / 5
    assert found.pause == Rate(precision=1 / 2, recall=1 / 3, f1=2 / 5, right=1, wrong=1, missed=2)
    assert [found.labels[label].f1 for label in LABELS] == [0, 1, 1, 0]
    assert found.macro_f1 == 0.5
    assert found.evidence is None


def test_intervals_hold_the_figure_and_repeat_with_the_same_seed():
    some = [judged([ONGOING], [ONGOING])] * 12 + [judged([ONGOING])] * 5 + [judged([], [ONGOING])] * 4
    one, again, other = measure(some), measure(some), measure(some, seed=2)
    assert one == again
    assert one.pause_recall_interval != other.pause_recall_interval
    for low, value, high in (
        (one.macro_f1_interval[0], one.macro_f1, one.macro_f1_interval[1]),
        (one.pause_recall_interval[0], one.pause.recall, one.pause_recall_interval[1]),
        (one.pause_precision_interval[0], one.pause.precision, one.pause_precision_interval[1]),
    ):
        assert 0 < low < value < high < 1


def test_interval_of_a_certain_figure_is_a_point():
    found = measure([judged([ONGOING], [ONGOING])] * 3)
    assert found.pause_recall_interval == found.macro_f1_interval == (1.0, 1.0)


def test_no_stories_give_figures_of_nothing():
    found = measure([])
    assert (found.stories, found.evidence, found.review) == (0, None, 0.0)
    assert found.pause == Rate(precision=1, recall=1, f1=1, right=0, wrong=0, missed=0)
    assert found.macro_f1_interval == (1.0, 1.0)


def test_figures_as_plain_values_survive_json():
    plain = measure([judged([ONGOING], [ONGOING])]).to_dict()
    assert json.loads(json.dumps(plain))["labels"]["ongoing"]["right"] == 1
    assert list(json.loads(json.dumps(plain))["labels"]) == ["planned", "ongoing", "completed", "ombudsman"]


# --- evidence


def shown(gold, quotes, found):
    """Evidence figure of one story whose labels were all found."""
    return measure([judged(gold, gold, quotes=quotes, evidence=found)]).evidence


@pytest.mark.parametrize(
    ("found", "share"),
    [
        (evidence(ONGOING, 11, 32), 1.0),
        (evidence(ONGOING, 0, 14), 1.0),
        (evidence(ONGOING, 0, 13), 0.0),
        (evidence(ONGOING, 24, 40), 0.0),
        (evidence(ONGOING, 23, 40), 1.0),
        (evidence(ONGOING, 0, 11, field="title"), 0.0),
    ],
)
def test_first_quote_counts_when_it_overlaps_a_reader_s(found, share):
    assert shown([ONGOING], [(ONGOING, 13, 24)], (found,)) == share


def test_any_of_the_readers_quotes_will_do_if_it_shows_the_same_label():
    quotes = [(ONGOING, 0, 10), (ONGOING, 11, 32), (COMPLETED, 33, 42)]
    found = (evidence(ONGOING, 12, 20), evidence(COMPLETED, 0, 10))
    assert shown([ONGOING, COMPLETED], quotes, found) == 0.5


def test_quotes_of_wrongly_found_labels_do_not_count():
    wrong = judged([ONGOING], [PLANNED], quotes=[(ONGOING, 0, 9)], evidence=(evidence(PLANNED, 0, 9),))
    right = judged([ONGOING], [ONGOING], quotes=[(ONGOING, 0, 9)], evidence=(evidence(ONGOING, 0, 9),))
    assert measure([wrong]).evidence is None
    assert measure([wrong, right]).evidence == 1.0


def test_pausing_labels_are_those_of_a_complaint_not_over():
    assert set(Label) - {Label.COMPLETED} == PAUSING
