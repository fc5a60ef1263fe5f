from collections import Counter
from dataclasses import replace
from functools import reduce
from operator import add

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier import Label, Story
from classifier.assessment import Action, Assessment, Nation, Reason, Signal, to_json
from classifier.backlog.tally import EXAMPLES, NO_MONTH, Example, Tally, tally
from classifier.bundle import Thresholds

THRESHOLDS = {label: Thresholds(review=0.5, clear=0.5) for label in Label}


def answer(identity, action=Action.CONTINUE, *reasons, labels=()):
    """An assessment with reasons of (label, score, threshold)."""
    return Assessment(
        id=identity,
        labels=tuple(labels),
        scores=dict.fromkeys(Label, 0.0) | {label: score for label, score, _ in reasons},
        action=action,
        reasons=tuple(
            Reason(label=label, rule="rule", clear=True, score=score, threshold=threshold)
            for label, score, threshold in reasons
        ),
        evidence=(),
        signals=(),
        nation=Nation.UNKNOWN,
        guidance=(),
        model="tiny/7",
        policy="small/1",
    )


def sure(identity, score, threshold=0.5):
    return answer(str(identity), Action.PAUSE, (Label.ONGOING, score, threshold))


def count(*answers, **options):
    return tally(answers, months=[None] * len(answers), thresholds=THRESHOLDS, **options)


def test_story_counts_once_for_each_kind_of_signal():
    pals = Signal(kind="pals", text="PALS", field="text", start=0, end=4)
    mp = Signal(kind="mp", text="MP", field="text", start=5, end=7)
    found = count(replace(answer("a"), signals=(pals, pals, mp)), replace(answer("b"), signals=(pals,)))
    assert (found.signals, (found + found).signals) == ({"pals": 2, "mp": 1}, {"pals": 4, "mp": 2})


# ---------------------------------------------------------------- counting


def test_nothing_counts_nothing():
    assert count() == Tally()
    assert (Tally().stories, Tally().rejected, Tally().actions.total(), Tally().months) == (0, 0, 0, {})


def test_stories_actions_labels_and_rejects_are_counted():
    found = count(
        answer("a", Action.PAUSE, labels=[Label.ONGOING, Label.OMBUDSMAN]),
        answer("b", Action.PAUSE, labels=[Label.ONGOING]),
        answer("c"),
        rejected=2,
    )
    assert (found.stories, found.rejected) == (3, 2)
    assert found.actions == {"pause": 2, "continue": 1}
    assert found.labels == {"ongoing": 2, "ombudsman": 1}
    assert found.months == {}


def test_months_count_actions_and_labels():
    answers = [
        answer("a", Action.PAUSE, labels=[Label.ONGOING]),
        answer("b", Action.ADVISE, labels=[Label.COMPLETED, Label.OMBUDSMAN]),
        answer("c"),
        answer("d"),
        answer("e", Action.PAUSE),
    ]
    found = tally(answers, months=["2026-01", "2026-02", "2026-01", NO_MONTH, None], thresholds=THRESHOLDS)
    assert found.months == {
        "2026-01": {"pause": 1, "continue": 1, "ongoing": 1},
        "2026-02": {"advise": 1, "completed": 1, "ombudsman": 1},
        "": {"continue": 1},
    }
    assert found.stories == 5


def test_each_assessment_needs_its_month():
    with pytest.raises(ValueError, match="zip"):
        tally([answer("a"), answer("b")], months=["2026-01"], thresholds=THRESHOLDS)


# ---------------------------------------------------------------- examples


def test_story_that_reaches_no_threshold_is_no_example():
    found = count(answer("a"), answer("b"))  # nor has either been read
    assert (found.surest, found.least_sure) == ((), ())


def test_certainty_is_how_far_the_most_telling_score_is_from_its_threshold():
    (example,) = count(
        answer("a", Action.REVIEW, (Label.PLANNED, 0.45, 0.4), (Label.ONGOING, 0.9, 0.8))
    ).surest
    assert example == Example(certainty=0.1, id="a", action="review", score=0.9)


def test_least_sure_is_nearest_to_a_threshold_from_either_side():
    thresholds = THRESHOLDS | {Label.ONGOING: Thresholds(review=0.4, clear=0.8)}
    scores = {"under review": 0.37, "over review": 0.42, "under clear": 0.79, "over clear": 0.94, "0": 0.0}
    answers = [
        replace(answer(name), scores=dict.fromkeys(Label, 0.0) | {Label.ONGOING: score})
        for name, score in scores.items()
    ]
    found = tally(answers, months=[None] * 5, thresholds=thresholds)
    assert [(one.id, one.certainty) for one in found.least_sure] == [
        ("under clear", 0.01),
        ("over review", 0.02),
        ("under review", 0.03),
        ("over clear", 0.14),
    ]
    assert found.surest == ()


def test_examples_are_the_nearest_and_the_furthest_in_order():
    found = count(sure("b", 0.7), sure("a", 0.5), sure("d", 0.9), sure("c", 0.6))
    assert [one.id for one in found.surest] == ["d", "b", "c", "a"]
    assert [one.id for one in found.least_sure] == ["a", "c", "b", "d"]


def test_examples_of_one_certainty_stand_by_their_ids():
    found = count(sure("c", 0.75), sure("a", 0.75), sure("b", 0.75))
    assert [one.id for one in found.surest] == [one.id for one in found.least_sure] == ["a", "b", "c"]


@pytest.mark.parametrize("number", [EXAMPLES - 1, EXAMPLES, EXAMPLES + 1, 3 * EXAMPLES])
def test_no_more_than_ten_examples_are_kept(number):
    answers = [sure(f"{n:02}", 0.5 + n / 100) for n in range(number)]
    kept = min(number, 10)
    alone = count(*answers)
    summed = sum((count(one) for one in answers), Tally())
    for found in (alone, summed):
        assert [one.id for one in found.least_sure] == [f"{n:02}" for n in range(kept)]
        assert [one.id for one in found.surest] == [f"{number - 1 - n:02}" for n in range(kept)]


# ---------------------------------------------------------------- sums

scores = st.integers(500_000, 1_000_000).map(lambda millionths: millionths / 1e6)


@st.composite
def backlogs(draw):
    """Assessments with ids of their own, and their months."""
    number = draw(st.integers(0, 30))
    answers = []
    for identity in range(number):
        labels = draw(st.lists(st.sampled_from(Label), unique=True, max_size=2))
        reasons = [(label, draw(scores), 0.5) for label in labels]
        answers.append(answer(str(identity), draw(st.sampled_from(Action)), *reasons, labels=labels[:1]))
    month = st.sampled_from([None, NO_MONTH, "2025-12", "2026-01", "2026-02"])
    return answers, draw(st.lists(month, min_size=number, max_size=number))


def split(answers, months, ends):
    starts = (0, *ends)
    return [
        tally(answers[start:end], months=months[start:end], thresholds=THRESHOLDS, rejected=end - start)
        for start, end in zip(starts, (*ends, len(answers)), strict=True)
    ]


@settings(max_examples=50, deadline=None)
@given(backlog=backlogs(), cuts=st.lists(st.integers(0, 30), max_size=3))
def test_sum_of_the_parts_is_the_whole_wherever_they_end(backlog, cuts):
    answers, months = backlog
    ends = sorted(min(end, len(answers)) for end in cuts)
    whole = tally(answers, months=months, thresholds=THRESHOLDS, rejected=len(answers))
    parts = split(answers, months, ends)
    assert reduce(add, parts) == whole
    assert reduce(add, reversed(parts)) == whole
    assert Tally() + whole == whole + Tally() == whole


@settings(max_examples=50, deadline=None)
@given(backlog=backlogs(), cuts=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_order_of_adding_does_not_matter(backlog, cuts):
    answers, months = backlog
    one, two, three = split(answers, months, sorted(min(end, len(answers)) for end in cuts))
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one


def test_adding_changes_neither():
    one = tally([sure("a", 0.9)], months=["2026-01"], thresholds=THRESHOLDS)
    other = tally([sure("b", 0.8)], months=["2026-01"], thresholds=THRESHOLDS)
    before = to_json([one.to_dict(), other.to_dict()])
    total = one + other
    total.months["2026-01"]["pause"] = 99
    total.actions["pause"] = 99
    assert to_json([one.to_dict(), other.to_dict()]) == before


# ---------------------------------------------------------------- as plain values


def test_plain_values_name_every_action_and_label_in_order():
    found = tally(
        [answer("b", Action.REVIEW, (Label.ONGOING, 0.9, 0.8), labels=[Label.ONGOING]), answer("a")],
        months=["2026-02", "2026-01"],
        thresholds=THRESHOLDS,
        rejected=1,
    )
    assert to_json(found.to_dict()) == to_json(
        {
            "stories": 2,
            "rejected": 1,
            "actions": {"pause": 0, "review": 1, "advise": 0, "continue": 1},
            "labels": {"planned": 0, "ongoing": 1, "completed": 0, "ombudsman": 0},
            "signals": {},
            "months": {"2026-01": {"continue": 1}, "2026-02": {"ongoing": 1, "review": 1}},
            "surest": [{"certainty": 0.1, "id": "b", "action": "review", "score": 0.9}],
            "least_sure": [{"certainty": 0.4, "id": "b", "action": "review", "score": 0.9}],
        }
    )


@settings(max_examples=50, deadline=None)
@given(backlog=backlogs())
def test_plain_values_come_back_as_they_were(backlog):
    answers, months = backlog
    found = tally(answers, months=months, thresholds=THRESHOLDS, rejected=3)
    back = Tally.from_dict(found.to_dict())
    assert back == found
    assert to_json(back.to_dict()) == to_json(found.to_dict())
    assert back + found == found + found


def test_story_words_are_in_no_tally(classifier):
    story = Story(id="a", title="heliotrope walrus", text="heliotrope lodged walrus.")
    found = tally([classifier.assess(story)], months=["2026-01"], thresholds=THRESHOLDS)
    assert found.surest
    assert "walrus" not in to_json(found.to_dict())


def test_counters_of_a_tally_that_came_back_can_be_asked_for_anything():
    back = Tally.from_dict(Tally().to_dict())
    assert isinstance(back.actions, Counter)
    assert (back.actions["pause"], back.labels["none"], back.months) == (0, 0, {})
