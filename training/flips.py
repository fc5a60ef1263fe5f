"""Stories on which two models decide differently: what a promotion would change, story by story."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from classifier.assessment import Action
from classifier.labels import in_order
from training.evaluate import Judged


class Turn(StrEnum):
    """What became of a decision, worst first."""

    RIGHT_TO_WRONG = "right to wrong"
    WRONG_TO_RIGHT = "wrong to right"
    WRONG_TO_WRONG = "wrong to wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A story whose decision changes; ``before`` and ``after`` read like ``ongoing: pause``."""

    id: str
    gold: str
    before: str
    after: str
    turn: Turn


def find_flips(before: Sequence[Judged], after: Sequence[Judged]) -> tuple[Flip, ...]:
    """Stories whose labels or action change, right-to-wrong first; both judge the same stories in one order.

    Raises:
        ValueError: they do not.
    """
    if [item.labelled.id for item in before] != [item.labelled.id for item in after]:
        raise ValueError("flips: not the same stories in the same order. Judge one list with both models.")
    pairs = zip(before, after, strict=True)
    flips = [_flip(old, new) for old, new in pairs if (old.labels, old.action) != (new.labels, new.action)]
    return tuple(sorted(flips, key=lambda flip: (list(Turn).index(flip.turn), flip.id)))


def is_right(judged: Judged) -> bool:
    """Whether the labels are just right and no person has to look for them."""
    return judged.labels == judged.gold and judged.action is not Action.REVIEW


def _flip(old: Judged, new: Judged) -> Flip:
    return Flip(
        id=old.labelled.id,
        gold=_names(old.gold),
        before=_decision(old),
        after=_decision(new),
        turn=_turn(was_right=is_right(old), becomes_right=is_right(new)),
    )


def _turn(*, was_right: bool, becomes_right: bool) -> Turn:
    if was_right:
        return Turn.RIGHT_TO_WRONG  # two right decisions of one story are the same decision, so no flip
    return Turn.WRONG_TO_RIGHT if becomes_right else Turn.WRONG_TO_WRONG


def _decision(judged: Judged) -> str:
    return f"{_names(judged.labels)}: {judged.action}"


def _names(labels: frozenset) -> str:
    return "+".join(in_order(labels)) or "none"
