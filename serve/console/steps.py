"""The buttons that move a case on: only those steps that its state allows."""

from dataclasses import dataclass

from serve.cases.case import State, Step
from serve.cases.machine import needs_note, steps_from
from serve.console.words import STEPS


@dataclass(frozen=True, slots=True)
class Choice:
    """A step that may follow, with the words on its button; ``reason`` is whether it takes a note."""

    step: Step
    words: str
    reason: bool


def choices(state: State) -> tuple[Choice, ...]:
    """What can be done from ``state``, the usual next step first."""
    return tuple(Choice(step, _words(state, step), needs_note(state, step)) for step in steps_from(state))


def _words(state: State, step: Step) -> str:
    if step is not Step.RESUME or state is State.CONFIRMED:
        return STEPS[step]
    if needs_note(state, step):
        return "The labels are wrong: resume moderation"
    return "No pause needed: resume moderation"
