"""The policy's workflow: which step leads from which state to which.

review ─pause─> paused ─ask─> asked ─confirm─> confirmed ─resume─> resumed
review ─resume─> resumed      paused ─confirm─> confirmed
paused, asked ─resume, with a note─> resumed       the label was wrong
any open state ─withdraw─> withdrawn
"""

from classifier.assessment import Action
from serve.cases.case import CaseError, State, Step

_STEPS: dict[tuple[State, Step], State] = {
    (State.REVIEW, Step.PAUSE): State.PAUSED,
    (State.REVIEW, Step.RESUME): State.RESUMED,
    (State.PAUSED, Step.ASK): State.ASKED,
    (State.PAUSED, Step.CONFIRM): State.CONFIRMED,
    (State.PAUSED, Step.RESUME): State.RESUMED,
    (State.ASKED, Step.CONFIRM): State.CONFIRMED,
    (State.ASKED, Step.RESUME): State.RESUMED,
    (State.CONFIRMED, Step.RESUME): State.RESUMED,
    **{(state, Step.WITHDRAW): State.WITHDRAWN for state in State if not state.closed},
}

_NEED_NOTE = {(State.PAUSED, Step.RESUME), (State.ASKED, Step.RESUME)}
"""To resume here overrules the policy's hold, so it takes a reason."""


class WrongStepError(CaseError):
    """The case is not where this step starts."""


def next_state(state: State, step: Step, *, note: str | None = None) -> State:
    """Where ``step`` leads.

    Raises:
        WrongStepError: it does not start at ``state``, or needs a note.
    """
    if (state, step) not in _STEPS:
        allowed = ", ".join(steps_from(state)) or "none, as the case is closed"
        raise WrongStepError(f"step: {step} does not follow {state}. Steps from here: {allowed}.")
    if needs_note(state, step) and not (note or "").strip():
        raise WrongStepError(
            f"note: is empty, and to {step} from {state} without the author's word takes a reason. "
            "Say why the label was wrong."
        )
    return _STEPS[state, step]


def steps_from(state: State) -> tuple[Step, ...]:
    """The steps that start at ``state``, in the order of ``Step``."""
    return tuple(step for step in Step if (state, step) in _STEPS)


def needs_note(state: State, step: Step) -> bool:
    """Whether the moderator must say why."""
    return (state, step) in _NEED_NOTE


def opening_state(action: Action) -> State | None:
    """Where a story with this action starts; None where nothing holds it up."""
    return {Action.PAUSE: State.PAUSED, Action.REVIEW: State.REVIEW}.get(action)


def state_after_judging(state: State, action: Action, *, same: bool, author_confirmed: bool) -> State:
    """Where a case stands once its story was judged again, as its author edited or confirmed it.

    A confirmation lifts the hold. A text that needs none leaves a closed case closed; an open one goes to
    review, as only a moderator lets a held story go. Otherwise the case starts anew, unless it is open,
    neither labels nor action changed, and no confirmation was of other words (``same``): then the author was
    asked about just this.
    """
    held = opening_state(action)
    if held is None:
        return state if state.closed else State.CONFIRMED if author_confirmed else State.REVIEW
    return state if same and not state.closed else held
