"""Labelled stories: the record format, its checks, and where each quote stands in its story.

Does: read JSONL line by line and say `file:line: fact. What to do.` for whatever is wrong.
Does not: split, shuffle, encode (``splits``, ``features``).
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.assessment import Nation
from classifier.errors import ComplaintContextError, StoryError
from classifier.labels import LABELS, Label, in_order
from classifier.story import Span, Story

KEYS = ("id", "title", "text", "labels", "evidence", "nation", "borderline", "phenomena")


class RecordError(ComplaintContextError):
    """A labelled record breaks the format; the message starts with ``file:line``."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that show ``label``, and where they stand in the story."""

    label: Label
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledStory:
    """A story with what careful readers say of it (data/LABELLING.md)."""

    story: Story
    labels: tuple[Label, ...]
    evidence: tuple[Quote, ...]
    nation: Nation
    borderline: bool
    phenomena: tuple[str, ...]

    @property
    def id(self) -> str:
        """The story's id."""
        return self.story.id

    @property
    def source(self) -> str:
        """The part of the id before the dash: the file, that is the hand, it comes from."""
        return self.story.id.split("-", 1)[0]


def held(stories: Sequence[LabelledStory]) -> NDArray[np.bool_]:
    """Which labels the stories hold, shape (stories, 4)."""
    rows = [[label in labelled.labels for label in LABELS] for labelled in stories]
    return np.array(rows, dtype=np.bool_).reshape(len(stories), len(LABELS))


def read_stories(*paths: Path) -> list[LabelledStory]:
    """All records of the given JSONL files (a folder stands for its ``*.jsonl``, sorted).

    Raises:
        RecordError: with every fault found, one a line.
    """
    faults: list[str] = []
    stories = list(_read_all(_files(paths), faults))
    if faults:
        raise RecordError("\n".join(faults))
    return stories


def find_faults(*paths: Path) -> tuple[list[LabelledStory], list[str]]:
    """The sound records, and one line for each fault."""
    faults: list[str] = []
    return list(_read_all(_files(paths), faults)), faults


def _files(paths: Iterable[Path]) -> list[Path]:
    found = [file for path in paths for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])]
    if not found:
        names = ", ".join(str(path) for path in paths)
        raise RecordError(f"{names}: no *.jsonl file here. Name a file or a folder of labelled stories.")
    return found


def _read_all(files: Iterable[Path], faults: list[str]) -> Iterator[LabelledStory]:
    return sound(read_records(*files), faults=faults)


def read_records(*files: Path) -> Iterator[tuple[str, dict[str, Any] | RecordError]]:
    """``file:line`` and the record there, or what keeps it from being one; nothing of it is checked yet."""
    for file in files:
        for place, line in _lines(file):
            try:
                yield place, _decode(line)
            except RecordError as error:
                yield place, error


def sound(
    records: Iterable[tuple[str, dict[str, Any] | RecordError]], *, faults: list[str]
) -> Iterator[LabelledStory]:
    """The records that keep the format, in order; ``faults`` gets a line for each of the rest."""
    seen: dict[str, str] = {}
    for place, record in records:
        try:
            if isinstance(record, RecordError):
                raise record
            labelled = parse_record(record)
            if labelled.id in seen:
                raise RecordError(f'id "{labelled.id}" stands at {seen[labelled.id]} too. Give it another.')
            seen[labelled.id] = place
            yield labelled
        except (RecordError, StoryError) as error:
            faults.append(f"{place}: {error}")


def _lines(file: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{file}:{number}", line
    except OSError as error:
        raise RecordError(f"{file}: {error.strerror}. Name a file or a folder of labelled stories.") from None


def _decode(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordError(f"byte {error.start} is not UTF-8. Save the file as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"column {error.colno}: {error.msg}. Each line must be one JSON object.") from None
    if not isinstance(record, dict):
        raise RecordError("not a JSON object. Each line must be one.")
    return record


def parse_record(record: dict[str, Any]) -> LabelledStory:
    """A checked record.

    Raises:
        RecordError, StoryError: the first fault found, without the place.
    """
    check_keys(record)
    story = Story(id=record["id"], title=record["title"], text=record["text"])
    labels = in_order([_label(name) for name in _list(record, "labels")])
    evidence = tuple(_quote(item, story) for item in _list(record, "evidence"))
    _check_evidence(labels, evidence)
    return LabelledStory(
        story=story,
        labels=labels,
        evidence=evidence,
        nation=_nation(record["nation"]),
        borderline=_flag(record["borderline"]),
        phenomena=tuple(str(tag) for tag in _list(record, "phenomena")),
    )


def to_record(labelled: LabelledStory) -> dict[str, Any]:
    """Plain values ready for JSON, keys in the documented order; ``parse_record`` reads them back."""
    story = labelled.story
    return {
        "id": story.id,
        "title": story.title,
        "text": story.text,
        "labels": [str(label) for label in labelled.labels],
        "evidence": [{"label": str(q.label), "quote": story.quote(q.span)} for q in labelled.evidence],
        "nation": str(labelled.nation),
        "borderline": labelled.borderline,
        "phenomena": list(labelled.phenomena),
    }


def check_keys(record: Collection[str]) -> None:
    """Raises RecordError unless ``record`` has exactly the keys of a record."""
    missing = [key for key in KEYS if key not in record]
    unknown = [key for key in record if key not in KEYS]
    if missing or unknown:
        said = [
            f"{what} {', '.join(keys)}" for what, keys in (("missing", missing), ("unknown", unknown)) if keys
        ]
        raise RecordError(f"keys: {'; '.join(said)}. A record has exactly {', '.join(KEYS)}.")


def _list(record: dict[str, Any], key: str) -> list[Any]:
    if not isinstance(record[key], list):
        _refuse_joined(record[key])
        raise RecordError(f'{key}: is not a list. Write [] for none, ["ongoing"] for one.')
    return record[key]


def _label(name: object) -> Label:
    try:
        return Label(name)
    except ValueError:
        _refuse_joined(name)
        raise RecordError(f'labels: "{name}" is none of {", ".join(Label)}. Use those words.') from None


def _refuse_joined(name: object) -> None:
    """Several labels in one string are said as what they are: to take them apart would be to guess."""
    parts = re.findall(r"\w+", name) if isinstance(name, str) else []
    if len(parts) > 1 and set(parts) <= {str(label) for label in Label}:
        written = json.dumps(parts)
        raise RecordError(f'labels: "{name}" joins {len(parts)} labels in one. Write a list: {written}.')


def _nation(name: object) -> Nation:
    try:
        return Nation(name)
    except ValueError:
        raise RecordError(f'nation: "{name}" is none of {", ".join(Nation)}. Use those words.') from None


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise RecordError("borderline: is neither true nor false. Write one of them.")
    return value


def _quote(item: object, story: Story) -> Quote:
    if not (isinstance(item, dict) and set(item) == {"label", "quote"} and isinstance(item["quote"], str)):
        raise RecordError('evidence: an item is not {"label": ..., "quote": ...}. Write it so.')
    label, words = _label(item["label"]), item["quote"]
    if span := find_words(story, words):
        return Quote(label, span)
    raise RecordError(
        f'evidence for "{label}" is not in the story: "{words}". Copy the words as the story has them.'
    )


def find_words(story: Story, words: str) -> Span | None:
    """Where a quote stands: the first place in the text, else in the title; None where it does not."""
    for field in ("text", "title"):
        start = getattr(story, field).find(words)
        if start >= 0 and words.strip():
            return Span(field, start, start + len(words))
    return None


def _check_evidence(labels: tuple[Label, ...], evidence: tuple[Quote, ...]) -> None:
    shown = in_order([quote.label for quote in evidence])
    if shown != labels:
        raise RecordError(
            f"labels are [{', '.join(labels)}] but evidence shows [{', '.join(shown)}]. "
            "Give each label at least one quote, and quote no other."
        )
