"""Does the released model read like a careful moderator?

The kinds of case and the rule that judges them stand in ``training.behaviour``. The cases are written by
hand, clear by the labelling guide, never trained on. ``complaint-context behaviour --write-known-misses
tests/behavioural/known_misses.toml`` lists anew what the released model misses.
"""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from classifier import LABELS, Action, Story
from classifier.labels import in_order
from classifier.sentences import sentences
from training.behaviour import KINDS, Case, find_miss, read_cases
from training.splits import near_duplicates
from training.stories import LabelledStory, read_stories

HERE = Path(__file__).parent
STORIES = HERE.parents[1] / "data" / "stories"
MIN_SENTENCE_WORDS = 8
CASES = read_cases(HERE / "cases.jsonl")
KNOWN_MISSES = tomllib.loads((HERE / "known_misses.toml").read_text("utf-8"))


def of_kind(kind):
    return pytest.mark.parametrize("case", [_parameter(case) for case in CASES if case.kind == kind])


def _parameter(case):
    reason = KNOWN_MISSES.get(case.id)
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(case, id=case.id, marks=marks)


def miss(case: Case, classifier) -> str | None:
    return find_miss(case, [classifier.assess(story) for story in case.stories])


# --- the model


@of_kind("minimum_function")
def test_a_clear_story_gets_its_labels_and_action(case, released):
    assert miss(case, released) is None


@of_kind("invariance")
def test_a_change_that_says_nothing_new_changes_no_label(case, released):
    assert miss(case, released) is None


@of_kind("directional")
def test_a_clause_that_says_something_new_moves_the_labels(case, released):
    assert miss(case, released) is None


# --- the suite


def test_the_suite_is_large_and_varied():
    assert len(CASES) >= 400
    assert len({case.phenomenon for case in CASES}) >= 30
    assert {case.kind for case in CASES} == set(KINDS)


def test_no_two_cases_share_an_id_or_a_story():
    assert [id for id, times in Counter(case.id for case in CASES).items() if times > 1] == []
    assert [story for story, times in Counter((c.title, c.text) for c in CASES).items() if times > 1] == []


def test_each_case_has_what_its_kind_needs():
    assert [case.id for case in CASES if not _is_whole(case)] == []


def test_each_case_names_labels_in_order_and_the_action_they_lead_to():
    for case in CASES:
        for given in filter(None, (case.labels, case.changed_labels)):
            assert set(given) <= set(LABELS), case.id
            assert given == list(in_order(given)), case.id
        assert case.action in (None, _action(case.labels)), case.id


def test_each_known_miss_is_a_case_and_has_a_reason():
    assert set(KNOWN_MISSES) <= {case.id for case in CASES}
    assert all(reason.strip() for reason in KNOWN_MISSES.values())


def test_no_case_is_a_near_duplicate_of_a_training_story(training_stories):
    told = [story.text for case in CASES for story in case.stories]
    owners = [case.id for case in CASES for _ in case.stories]
    pairs = near_duplicates(told + [labelled.story.text for labelled in training_stories])
    assert [(owners[a], training_stories[b - len(told)].id) for a, b in pairs if a < len(told) <= b] == []


def test_no_sentence_of_a_case_stands_word_for_word_in_a_training_story(training_stories):
    trained = "\n".join(_words(f"{item.story.title}\n{item.story.text}") for item in training_stories)
    told = {(case.id, _words(said)) for case in CASES for story in case.stories for said in _sentences(story)}
    long_enough = {(id, said) for id, said in told if len(said.split()) >= MIN_SENTENCE_WORDS}
    assert sorted((id, said) for id, said in long_enough if said in trained) == []


@pytest.fixture(scope="module")
def training_stories() -> list[LabelledStory]:
    return read_stories(STORIES)


def _is_whole(case: Case) -> bool:
    changed, moved, action = case.changed_text is not None, case.changed_labels is not None, case.action
    if case.kind == "minimum_function":
        return not changed and not moved and action is not None
    if not changed or action is not None or case.changed_text == case.text:
        return False
    return moved == (case.kind == "directional") and case.changed_labels != case.labels


def _action(labels: list[str]) -> Action:
    if set(labels) - {"completed"}:
        return Action.PAUSE
    return Action.ADVISE if labels else Action.CONTINUE


def _sentences(story: Story) -> list[str]:
    return [story.quote(span) for span in sentences(story)]


def _words(text: str) -> str:
    return " " + " ".join(re.findall(r"[^\W_]+", text.casefold())) + " "
