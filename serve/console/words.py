"""The console's words for what the service knows by names. A test holds each table against its names."""

from classifier.assessment import Action, Nation
from serve.cases.case import Kind, State, Step

STATES = {
    State.REVIEW: "To review",
    State.PAUSED: "Paused",
    State.ASKED: "Author asked",
    State.CONFIRMED: "Author confirmed",
    State.RESUMED: "Resumed",
    State.WITHDRAWN: "Withdrawn",
}
ACTIONS = {
    Action.PAUSE: "Pause: hold the story and ask its author to think about the points below",
    Action.REVIEW: "Review: a person should look at the marked words",
    Action.ADVISE: "Advise: go on as usual, and tell the author what is below",
    Action.CONTINUE: "Continue: nothing here holds the story up",
}
NATIONS = {
    Nation.ENGLAND: "England",
    Nation.SCOTLAND: "Scotland",
    Nation.WALES: "Wales",
    Nation.NORTHERN_IRELAND: "Northern Ireland",
    Nation.UNKNOWN: "The story does not say",
}
STEPS = {
    Step.PAUSE: "Pause the story",
    Step.ASK: "I have asked the author",
    Step.CONFIRM: "The author wants to go ahead",
    Step.RESUME: "Resume moderation",
    Step.WITHDRAW: "The author has withdrawn the story",
}
EVENTS = {
    Kind.OPENED: "Case opened",
    Kind.JUDGED_AGAIN: "Story judged again",
    Kind.PAUSE: "Story paused",
    Kind.ASK: "Author asked",
    Kind.CONFIRM: "Author confirmed",
    Kind.RESUME: "Moderation resumed",
    Kind.WITHDRAW: "Story withdrawn",
    Kind.VERDICT: "Labels judged by a moderator",
    Kind.TEXT_DROPPED: "Story's words removed",
    Kind.ERASED: "Case erased",
}
FOUND = {True: "clear", False: "possible", None: "no"}
"""By whether a reason for the label is clear; None where there is no reason."""
