"""Stories that say nearly the same: doubled work within a split, a leak between two."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.splits import Splits, near_duplicates, pair_tags, split
from training.stories import LabelledStory, RecordError

CASES = "cases"
"""The side on which the behavioural suite stands."""
_JUDGED_APART = frozenset({"train", "dev", "test", CASES})
_NEVER_LEARNT = frozenset({"test", CASES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Two ids whose texts share about half of their four-word runs or more.

    ``same``: the words are the same throughout. ``sides``: train, dev, test, left out or cases, in the order
    of ``ids``. ``labels_differ``: between two labelled stories.
    """

    ids: tuple[str, str]
    sides: tuple[str, str]
    same: bool
    labels_differ: bool

    @property
    def leak(self) -> bool:
        """Whether a model could be judged by what it, or its thresholds, learnt from."""
        sides = set(self.sides)
        return len(sides) == 2 and sides <= _JUDGED_APART and not sides <= _NEVER_LEARNT


@dataclass(frozen=True, slots=True)
class Case:
    """A text of the behavioural suite, as told first or as changed; both bear the case's id."""

    id: str
    text: str


def find_twins(stories: Sequence[LabelledStory], *, cases: Sequence[Case] = ()) -> list[Twins]:
    """Every pair of twins with a labelled story; contrast partners, which are meant so, only as leaks."""
    sides = sides_of(split(list(stories)))
    texts = [_words(labelled) for labelled in stories] + [case.text for case in cases]
    found = []
    for first, second in near_duplicates(texts):
        if second < len(stories):
            twins = _twins(stories[first], stories[second], sides)
            meant = pair_tags(stories[first]) & pair_tags(stories[second])
            if twins.leak or not meant:
                found.append(twins)
        elif first < len(stories):
            found.append(_with_case(stories[first], cases[second - len(stories)], sides))
    return found


def sides_of(parts: Splits) -> dict[str, str]:
    """The split of each id."""
    names = {"train": parts.train, "dev": parts.dev, "test": parts.test, "left out": parts.left_out}
    return {labelled.id: side for side, stories in names.items() for labelled in stories}


def read_cases(file: Path) -> list[Case]:
    """The texts of a behavioural suite: ``id`` and ``text`` on each line, and perhaps ``changed_text``.

    Raises:
        RecordError: a line is no such case.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise RecordError(f"{file}: {error.strerror}. Name the suite's cases.jsonl.") from None
    except UnicodeDecodeError as error:
        raise RecordError(f"{file}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from None
    return [
        case
        for number, line in enumerate(lines, start=1)
        if line.strip()
        for case in _cases(line, place=f"{file}:{number}")
    ]


def _cases(line: str, *, place: str) -> list[Case]:
    try:
        record = json.loads(line)
        texts = [record["text"], record.get("changed_text")]
        return [Case(str(record["id"]), text) for text in texts if text]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise RecordError(f"{place}: is no case. Give one JSON object with id and text.") from None


def _words(labelled: LabelledStory) -> str:
    """The text, or of a story without one its title: blank texts are not twins of each other."""
    return labelled.story.text if labelled.story.text.strip() else labelled.story.title


def _twins(one: LabelledStory, other: LabelledStory, sides: Mapping[str, str]) -> Twins:
    return Twins(
        ids=(one.id, other.id),
        sides=(sides[one.id], sides[other.id]),
        same=_plain(_words(one)) == _plain(_words(other)),
        labels_differ=one.labels != other.labels,
    )


def _with_case(one: LabelledStory, case: Case, sides: Mapping[str, str]) -> Twins:
    return Twins(
        ids=(one.id, case.id),
        sides=(sides[one.id], CASES),
        same=_plain(_words(one)) == _plain(case.text),
        labels_differ=False,
    )


def _plain(text: str) -> list[str]:
    return text.casefold().split()
