"""Labelled stories as CSV: a column for each key of a record, lists as JSON.

``labels``, ``evidence`` and ``phenomena`` hold JSON lists (``["ongoing"]``, ``[]``), ``borderline`` true or
false. Several labels joined in one cell are refused, not taken apart.
"""

import csv
import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from classifier.backlog.rows import csv_records
from training.stories import KEYS, LabelledStory, RecordError, check_keys, to_record

_FLAGS = {"true": True, "false": False}
_LIST_EXAMPLES = {
    "evidence": '[{"label": "ongoing", "quote": "I lodged a complaint."}]',
    "phenomena": '["pals"]',
}


def read_table(file: Path) -> Iterator[tuple[str, dict[str, Any] | RecordError]]:
    """``file:line`` and the record there, or what keeps the row from being one.

    Raises:
        RecordError, RowError: there is no such file, or columns are missing or unknown.
    """
    if not file.is_file():
        raise RecordError(f"{file}: no such file. Name a CSV file of labelled stories.")
    for place, cells in csv_records(file):
        place = str(file.parent / place)
        if isinstance(cells, str):
            yield place, RecordError(cells)
            continue
        _check_columns(file, cells)
        try:
            yield place, _record(cells)
        except RecordError as error:
            yield place, error


def write_table(stories: Iterable[LabelledStory], stream: IO[str]) -> None:
    """A row for each story."""
    # A lone carriage return in a story is only safe within quotes.
    writer = csv.DictWriter(stream, KEYS, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    for labelled in stories:
        writer.writerow({key: _cell(value) for key, value in to_record(labelled).items()})


def _check_columns(file: Path, columns: Collection[str]) -> None:
    try:
        check_keys(columns)
    except RecordError as error:
        raise RecordError(f"{file}: columns, by {error}") from None


def _record(cells: dict[str, str]) -> dict[str, Any]:
    return {
        **cells,
        "labels": _parsed(cells["labels"]),
        **{key: _list(key, cells[key]) for key in _LIST_EXAMPLES},
        "borderline": _FLAGS.get(cells["borderline"].strip().lower(), cells["borderline"]),
    }


def _list(key: str, cell: str) -> list[Any]:
    value = _parsed(cell)
    if not isinstance(value, list):
        raise RecordError(f"{key}: is not a JSON list. Write [] for none, or {_LIST_EXAMPLES[key]}.")
    return value


def _parsed(cell: str) -> Any:
    """The JSON value in a cell, or the cell itself where there is none."""
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
