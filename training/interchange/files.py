"""Import and export of whole files; the suffix says the format."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from training.interchange.annotations import Disagreement, Tasks, read_tasks
from training.interchange.table import read_table, write_table
from training.interchange.tasks import to_task
from training.interchange.whole_file import open_whole
from training.stories import LabelledStory, RecordError, read_records, sound, to_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of a file: stories written, a line for each fault, what else Label Studio's tasks held."""

    stories: int
    faults: tuple[str, ...]
    cancelled: int
    unlabelled: int
    disagreements: tuple[Disagreement, ...]


def import_stories(source: Path, output: Path) -> Imported:
    """Writes the sound records of ``source`` to ``output`` (JSONL); without any, ``output`` is left alone.

    Raises:
        RecordError, RowError: the file as a whole cannot be read, or ``output`` cannot be written.
    """
    _check_output(output, source, suffixes=(".jsonl",))
    found = _reader(source)(source)
    faults: list[str] = []
    stories = list(sound(found.records, faults=faults))
    if stories:
        _write(stories, output)
    return Imported(
        stories=len(stories),
        faults=tuple(faults),
        cancelled=found.cancelled,
        unlabelled=found.unlabelled,
        disagreements=found.disagreements,
    )


def export_stories(stories: Iterable[LabelledStory], output: Path, *, source: Path) -> None:
    """Writes ``stories``, read from ``source``, in the format that ``output``'s suffix says.

    Raises:
        RecordError: ``output`` has a foreign suffix, is ``source``, or cannot be written.
    """
    _check_output(output, source, suffixes=tuple(_WRITERS))
    _write(stories, output)


def _write(stories: Iterable[LabelledStory], output: Path) -> None:
    with open_whole(output) as stream:
        _WRITERS[output.suffix](stories, stream)


def _reader(source: Path) -> Callable[[Path], Tasks]:
    if source.suffix not in _READERS:
        raise RecordError(
            f"{source}: its name ends with none of {', '.join(_READERS)}. Convert or rename it."
        )
    return _READERS[source.suffix]


def _check_output(output: Path, source: Path, *, suffixes: tuple[str, ...]) -> None:
    if output.suffix not in suffixes:
        raise RecordError(f"{output}: its name does not end with {' or '.join(suffixes)}. Name it so.")
    if output.resolve() == source.resolve():
        raise RecordError(f"{output}: is the input too. Name another file.")


def _read_table(file: Path) -> Tasks:
    return Tasks(records=tuple(read_table(file)))


def _read_lines(file: Path) -> Tasks:
    return Tasks(records=tuple(read_records(file)))


def _write_lines(stories: Iterable[LabelledStory], stream: IO[str]) -> None:
    for labelled in stories:
        stream.write(json.dumps(to_record(labelled), ensure_ascii=False) + "\n")


def _write_tasks(stories: Iterable[LabelledStory], stream: IO[str]) -> None:
    json.dump([to_task(labelled) for labelled in stories], stream, ensure_ascii=False, indent=1)
    stream.write("\n")


_READERS = {".csv": _read_table, ".jsonl": _read_lines, ".json": read_tasks}
_WRITERS = {".csv": write_table, ".jsonl": _write_lines, ".json": _write_tasks}
