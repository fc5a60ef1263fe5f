"""Label Studio's annotations, read: what "Export as JSON" gives, of tasks set up with data/label_studio.xml.

Does: count what was skipped, join annotators who agree, name those who do not.
Does not: choose between annotators; read JSON-MIN, CSV, drafts or predictions; speak to a server.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.assessment import Nation
from classifier.errors import StoryError
from classifier.label_studio import MARKS, NONE
from classifier.labels import Label, in_order
from classifier.story import Field, Story
from training.interchange.marked import find_marked, widen
from training.stories import RecordError

_FIELDS: dict[str, Field] = {control: field for field, control in MARKS.items()}
_CONTROLS = ("labels", "evidence", "nation", "borderline", "phenomena")
_CONFIGURATION = "data/label_studio.xml"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A task whose annotators do not say the same; ``said`` holds each one's labels and nation."""

    place: str
    id: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """What stands in an export.

    ``records``: ``file:task`` (counted from 1) with a record or what is wrong. ``cancelled``: annotations
    that an annotator skipped. ``unlabelled``: tasks without any other annotation.
    """

    records: tuple[tuple[str, dict[str, Any] | RecordError], ...]
    cancelled: int = 0
    unlabelled: int = 0
    disagreements: tuple[Disagreement, ...] = ()


def read_tasks(file: Path) -> Tasks:
    """The tasks of an export.

    Raises:
        RecordError: the file as a whole is no export.
    """
    records: list[tuple[str, dict[str, Any] | RecordError]] = []
    disagreements: list[Disagreement] = []
    cancelled = unlabelled = 0
    for number, task in enumerate(_tasks(file), start=1):
        place = f"{file}:{number}"
        try:
            kept, skipped = _annotations(task)
            cancelled, unlabelled = cancelled + skipped, unlabelled + (not kept)
            said = [_said(annotation, _story(task)) for annotation in kept]
            if len({_verdict(one) for one in said}) > 1:
                disagreements.append(Disagreement(place, said[0]["id"], tuple(map(_verdict, said))))
            elif said:
                records.append((place, _joined(said)))
        except (RecordError, StoryError) as error:
            records.append((place, RecordError(str(error))))
    return Tasks(
        records=tuple(records),
        cancelled=cancelled,
        unlabelled=unlabelled,
        disagreements=tuple(disagreements),
    )


def _tasks(file: Path) -> list[Any]:
    try:
        found = json.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise RecordError(f"{file}: {error.strerror}. Name a JSON file exported by Label Studio.") from None
    except UnicodeDecodeError as error:
        raise RecordError(f"{file}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from None
    except (ValueError, RecursionError):
        raise RecordError(f"{file}: not JSON. Export the tasks from Label Studio as JSON again.") from None
    if not isinstance(found, list):
        raise RecordError(f"{file}: not a list of tasks. Export the tasks from Label Studio as JSON.")
    return found


def _annotations(task: Any) -> tuple[list[dict[str, Any]], int]:
    """Those that count, and how many were skipped."""
    found = task.get("annotations") if isinstance(task, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise RecordError("has no annotations. Export from Label Studio as JSON, not as JSON-MIN.")
    kept = [one for one in found if not one.get("was_cancelled")]
    return kept, len(found) - len(kept)


def _story(task: dict[str, Any]) -> Story:
    data = task.get("data")
    if not isinstance(data, dict) or "id" not in data or "text" not in data:
        raise RecordError("data: has no id or no text. Give each task's data an id, a title and a text.")
    return Story(id=data["id"], title=data.get("title") or "", text=data["text"])


def _said(annotation: dict[str, Any], story: Story) -> dict[str, Any]:
    """One annotator's record."""
    found = _by_control(annotation)
    quotes = [quote for value in found["evidence"] for quote in _quotes(value, story)]
    chosen = _chosen(found["labels"])
    if not chosen:
        raise RecordError(f'labels: nothing is chosen. Choose every label that holds, or "{NONE}".')
    if NONE in chosen and len(chosen) > 1:
        raise RecordError(f'labels: "{NONE}" is chosen beside others. Choose the one or the others.')
    nations = _chosen(found["nation"])
    return {
        "id": story.id,
        "title": story.title,
        "text": story.text,
        "labels": [name for name in chosen if name != NONE],
        "evidence": quotes,
        "nation": nations[0] if nations else str(Nation.UNKNOWN),
        "borderline": bool(_chosen(found["borderline"])),
        "phenomena": [tag for value in found["phenomena"] for tag in _tags(value.get("text"))],
    }


def _by_control(annotation: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The values of each control, in order; marks in text and title as one, each with its ``field``."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in _CONTROLS}
    for item in annotation.get("result") or []:
        name = item.get("from_name") if isinstance(item, dict) else None
        if name in _FIELDS and isinstance(item.get("value"), dict):
            found["evidence"].append({**item["value"], "field": _FIELDS[name]})
        elif name in found and isinstance(item.get("value"), dict):
            found[name].append(item["value"])
        else:
            raise RecordError(f'result: "{name}" is no control of {_CONFIGURATION}. Label with that one.')
    return found


def _quotes(value: dict[str, Any], story: Story) -> list[dict[str, str]]:
    span = widen(find_marked(value, field=value["field"], story=story), story=story)
    return [{"label": label, "quote": story.quote(span)} for label in value.get("labels", [])]


def _chosen(values: Iterable[dict[str, Any]]) -> list[str]:
    return [str(name) for value in values for name in value.get("choices", [])]


def _tags(text: object) -> list[Any]:
    """A text area holds a list, or in old exports one string."""
    return text if isinstance(text, list) else [text] if isinstance(text, str) else []


def _verdict(said: dict[str, Any]) -> str:
    """What annotators must agree on, as words."""
    labels = in_order([label for label in Label if label in said["labels"]])
    foreign = sorted(set(said["labels"]) - set(labels))
    return f"{'+'.join([*labels, *foreign]) or NONE} ({said['nation']})"


def _joined(said: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One record of annotators who agree: every quote and tag once, borderline where one finds it so."""
    return {
        **said[0],
        "evidence": _each_once(quote for one in said for quote in one["evidence"]),
        "borderline": any(one["borderline"] for one in said),
        "phenomena": _each_once(tag for one in said for tag in one["phenomena"]),
    }


def _each_once(items: Iterable[Any]) -> list[Any]:
    kept: list[Any] = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return kept
