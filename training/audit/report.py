"""An audit of labelled stories: everything that a person should look at, as an object and as a page."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from classifier.labels import Label
from training.audit.opinions import FOLDS, Opinion
from training.audit.suspicions import Suspicion, find_suspicions
from training.audit.twins import Case, Twins, find_twins, sides_of
from training.splits import TEST_SOURCE, families, split
from training.stories import LabelledStory

LEAST_STORIES = 50
"""With fewer there is too little to doubt a label by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found among ``stories`` stories.

    ``doubted``: on how many of them labels were looked at, by the view ``opinion`` (None: on too few to).
    """

    stories: int
    duplicates: tuple[Twins, ...]
    leaks: tuple[Twins, ...]
    doubted: int
    opinion: str | None
    suspicions: tuple[Suspicion, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def audit(
    stories: Sequence[LabelledStory],
    *,
    doubted: Sequence[LabelledStory],
    opinion: Callable[[Sequence[LabelledStory]], Opinion],
    cases: Sequence[Case] = (),
) -> Audit:
    """Twins and leaks among ``stories`` and ``cases``, suspicions among ``doubted``.

    Args:
        doubted: the stories whose labels are looked at.
        opinion: gives a view on them, by a model that saw none of them.
    """
    twins = find_twins(stories, cases=cases)
    enough = len(doubted) >= LEAST_STORIES and len(families(list(doubted))) >= FOLDS
    view = opinion(doubted) if enough else None
    return Audit(
        stories=len(stories),
        duplicates=tuple(one for one in twins if not one.leak),
        leaks=tuple(one for one in twins if one.leak),
        doubted=len(doubted),
        opinion=view.name if view else None,
        suspicions=tuple(find_suspicions(doubted, opinion=view)) if view else (),
    )


def learnt_from(stories: Sequence[LabelledStory], *, with_test: bool) -> list[LabelledStory]:
    """All stories but those of the frozen test file, or all."""
    return [labelled for labelled in stories if with_test or labelled.source != TEST_SOURCE]


def unseen(stories: Sequence[LabelledStory], *, with_test: bool) -> list[LabelledStory]:
    """The dev stories, which no bundle is trained on, and the test stories too where asked."""
    sides = sides_of(split(list(stories)))
    wanted = {"dev", "test"} if with_test else {"dev"}
    return [labelled for labelled in stories if sides[labelled.id] in wanted]


def render_audit(found: Audit, *, limit: int) -> str:
    """A page to read, at most ``limit`` lines of each kind."""
    sections = [
        _section(f"Leaks: {len(found.leaks)}", [_twins_line(one) for one in found.leaks], limit),
        _section(
            f"Near-duplicates: {len(found.duplicates)}", [_twins_line(one) for one in found.duplicates], limit
        ),
        _section(_suspicions_title(found), [_suspicion_lines(one) for one in found.suspicions], limit),
    ]
    return "\n\n".join([f"{found.stories:,} labelled stories", *sections])


def _section(title: str, entries: Sequence[str], limit: int) -> str:
    shown = list(entries[:limit])
    if len(entries) > limit:
        shown.append(f"  ... and {len(entries) - limit} more: raise --limit to see them")
    return "\n".join([title, *shown])


def _twins_line(twins: Twins) -> str:
    places = " = " if twins.same else " ~ "
    said = [f"{name} ({side})" for name, side in zip(twins.ids, twins.sides, strict=True)]
    notes = ["same words"] * twins.same + ["labels differ"] * twins.labels_differ
    return f"  {places.join(said)}" + (f"  {', '.join(notes)}" if notes else "")


def _suspicions_title(found: Audit) -> str:
    if found.opinion is None:
        return f"Labels: not doubted, {found.doubted} stories are too few (needs {LEAST_STORIES})"
    return (
        f"Labels to look at again: {len(found.suspicions)} of {found.doubted:,} stories "
        f"(by {found.opinion}; the lower the score, the worse the labels fit)"
    )


def _suspicion_lines(one: Suspicion) -> str:
    mark = "  borderline" if one.borderline else ""
    head = f"  {one.score:.3f}  {one.id}  {_names(one.given)} -> {_names(one.suggested)}{mark}"
    return "\n".join([head, *(f'         "{" ".join(quote.split())}"' for quote in one.quotes)])


def _names(labels: tuple[Label, ...]) -> str:
    return "+".join(labels) or "none"
