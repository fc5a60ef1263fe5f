"""Every step from every state, and where a case stands once its story was judged again."""

import pytest

from classifier.assessment import Action
from serve.cases.case import State, Step
from serve.cases.machine import (
    WrongStepError,
    needs_note,
    next_state,
    opening_state,
    state_after_judging,
    steps_from,
)

LEADS_TO = {
    (State.REVIEW, Step.PAUSE): State.PAUSED,
    (State.REVIEW, Step.RESUME): State.RESUMED,
    (State.REVIEW, Step.WITHDRAW): State.WITHDRAWN,
    (State.PAUSED, Step.ASK): State.ASKED,
    (State.PAUSED, Step.CONFIRM): State.CONFIRMED,
    (State.PAUSED, Step.RESUME): State.RESUMED,
    (State.PAUSED, Step.WITHDRAW): State.WITHDRAWN,
    (State.ASKED, Step.CONFIRM): State.CONFIRMED,
    (State.ASKED, Step.RESUME): State.RESUMED,
    (State.ASKED, Step.WITHDRAW): State.WITHDRAWN,
    (State.CONFIRMED, Step.RESUME): State.RESUMED,
    (State.CONFIRMED, Step.WITHDRAW): State.WITHDRAWN,
}
PAIRS = [(state, step) for state in State for step in Step]


@pytest.mark.parametrize(("state", "step"), PAIRS)
def test_step_leads_where_the_policy_says_or_is_refused(state, step):
    expected = LEADS_TO.get((state, step))
    if expected is None:
        with pytest.raises(WrongStepError, match=f"step: {step} does not follow {state}"):
            next_state(state, step, note="why")
    else:
        assert next_state(state, step, note="why") is expected


@pytest.mark.parametrize(("state", "step"), LEADS_TO)
@pytest.mark.parametrize("note", [None, "", " \n"])
def test_only_resuming_a_held_story_without_its_authors_word_takes_a_reason(state, step, note):
    held = step is Step.RESUME and state in (State.PAUSED, State.ASKED)
    assert needs_note(state, step) is held
    if held:
        with pytest.raises(WrongStepError, match="Say why the label was wrong"):
            next_state(state, step, note=note)
    else:
        assert next_state(state, step, note=note) is LEADS_TO[state, step]


@pytest.mark.parametrize("state", State)
def test_steps_from_a_state_are_those_that_are_not_refused(state):
    assert steps_from(state) == tuple(step for step in Step if (state, step) in LEADS_TO)


def test_nothing_follows_a_closed_case():
    assert [state for state in State if state.closed] == [State.RESUMED, State.WITHDRAWN]
    assert [state for state in State if not steps_from(state)] == [State.RESUMED, State.WITHDRAWN]
    with pytest.raises(WrongStepError, match="Steps from here: none, as the case is closed"):
        next_state(State.RESUMED, Step.ASK)


def test_only_a_pause_or_a_review_opens_a_case():
    assert {action: opening_state(action) for action in Action} == {
        Action.PAUSE: State.PAUSED,
        Action.REVIEW: State.REVIEW,
        Action.ADVISE: None,
        Action.CONTINUE: None,
    }


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("action", "start"), [(Action.PAUSE, State.PAUSED), (Action.REVIEW, State.REVIEW)])
def test_story_that_says_something_else_now_starts_anew(state, action, start):
    assert state_after_judging(state, action, same=False, author_confirmed=False) is start


@pytest.mark.parametrize("state", State)
def test_story_that_says_the_same_stays_where_it_is_unless_its_case_was_closed(state):
    after = state_after_judging(state, Action.PAUSE, same=True, author_confirmed=False)
    assert after is (State.PAUSED if state.closed else state)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", [Action.ADVISE, Action.CONTINUE])
@pytest.mark.parametrize(("confirmed", "open_state"), [(False, State.REVIEW), (True, State.CONFIRMED)])
def test_story_that_need_not_be_held_is_let_go_by_a_moderator_only(state, action, confirmed, open_state):
    after = state_after_judging(state, action, same=False, author_confirmed=confirmed)
    assert after is (state if state.closed else open_state)
