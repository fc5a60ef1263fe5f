"""Rows in: stories from JSONL, CSV or Parquet, one at a time, with every bad row named and kept apart.

Does: find the columns, decode, check each row, notice an id that came before.
Does not: score, write (``sinks``), stop at a bad row.
"""

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet

from classifier.errors import RowError, StoryError
from classifier.story import Story

SUFFIXES = (".jsonl", ".csv", ".parquet")
COLUMNS = ("id", "title", "text")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input: where it stands, and the story it holds or why it holds none.

    ``place`` is ``file:line`` (JSONL, CSV) or ``file:row`` (Parquet), counted from 1. Exactly one of
    ``story`` and ``fault`` is set.
    """

    place: str
    id: str | None
    story: Story | None = None
    fault: str | None = None


def read_rows(file: Path) -> Iterator[Row]:
    """Rows of ``file`` in order; columns other than id, title and text are passed over.

    Raises:
        RowError: the file as a whole cannot be read (missing, foreign suffix, no ``id`` or ``text`` column).
    """
    seen: dict[str, str] = {}
    for place, record in _records(file):
        row = _row(place, record)
        if row.story is not None and (first := seen.setdefault(row.story.id, place)) != place:
            fault = f"id: stands at {first} too, so answers could not be told apart. Give it another id."
            row = Row(place, row.id, fault=fault)
        yield row


def count_rows(file: Path) -> int | None:
    """About how many rows ``file`` has, for a progress bar: exact for Parquet, lines for the others.

    None where there is no such file.
    """
    if not file.is_file():
        return None
    if file.suffix == ".parquet":
        try:
            return parquet.read_metadata(file).num_rows
        except pyarrow.ArrowException:
            return None
    with file.open("rb") as lines:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: lines.read(1 << 20), b""))


def check_suffix(file: Path) -> None:
    """Raises RowError when ``file`` is of no kind that rows are read from or written to."""
    if file.suffix not in SUFFIXES:
        raise RowError(f"{file}: its name ends with none of {', '.join(SUFFIXES)}. Convert or rename it.")


Record = dict[str, Any] | str
"""A row as found, or what is wrong with it."""

_NOT_UTF8 = "bytes that are not UTF-8. Save the file as UTF-8."


def _records(file: Path) -> Iterator[tuple[str, Record]]:
    check_suffix(file)
    if not file.is_file():
        raise RowError(f"{file}: no such file. Name a {', '.join(SUFFIXES)} file with id, title and text.")
    read = {".jsonl": _jsonl, ".csv": csv_records, ".parquet": _parquet}[file.suffix]
    try:
        yield from read(file)
    except OSError as error:
        raise RowError(f"{file}: cannot be read ({error.strerror}). Check the file and its rights.") from None


def _jsonl(file: Path) -> Iterator[tuple[str, Record]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield f"{file.name}:{number}", _decode(line)


def _decode(line: bytes) -> Record:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8. Save the file as UTF-8."
    except (ValueError, RecursionError):  # ValueError: also a number with thousands of digits
        return "not JSON. Each line must be one JSON object with id, title and text."
    return record if isinstance(record, dict) else "not a JSON object. Each line must be one."


def csv_records(file: Path) -> Iterator[tuple[str, Record]]:
    """``name:line`` and the cells there by column, or what is wrong with the row; all cells are strings.

    Raises:
        RowError: there is no ``id`` or ``text`` column.
    """
    csv.field_size_limit(sys.maxsize)
    with file.open("rb") as raw:
        reader = csv.reader(io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline=""))
        header = next(reader, [])
        _check_columns(file, header)
        line = reader.line_num + 1
        for cells in reader:
            if cells:
                yield f"{file.name}:{line}", _csv_record(header, cells)
            line = reader.line_num + 1


def _csv_record(header: list[str], cells: list[str]) -> Record:
    if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
        return _NOT_UTF8
    if len(cells) != len(header):
        return (
            f"{len(cells)} cells under {len(header)} columns. Put cells with commas or line breaks in quotes."
        )
    return dict(zip(header, cells, strict=True))


def _parquet(file: Path) -> Iterator[tuple[str, Record]]:
    try:
        table = parquet.ParquetFile(file)
        _check_columns(file, table.schema_arrow.names)
        columns = [name for name in COLUMNS if name in table.schema_arrow.names]
        number = 0
        for batch in table.iter_batches(batch_size=1024, columns=columns):
            for row in range(batch.num_rows):
                number += 1
                yield f"{file.name}:{number}", _parquet_record(batch.slice(row, 1))
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):  # damage shows itself in all three
        raise RowError(f"{file}: not a sound Parquet file. Write it again.") from None


def _parquet_record(row: pyarrow.RecordBatch) -> Record:
    try:
        return row.to_pylist()[0]
    except UnicodeDecodeError:
        return _NOT_UTF8


def _check_columns(file: Path, found: list[str]) -> None:
    if missing := [name for name in ("id", "text") if name not in found]:
        # What was found is only counted: in a file without a header it would be the words of a story.
        raise RowError(
            f"{file}: no column {' or '.join(missing)} among the {len(found)} there are. "
            "Name the columns id, title (may be missing) and text."
        )


def _row(place: str, record: Record) -> Row:
    if isinstance(record, str):
        return Row(place, None, fault=record)
    identity = _identity(record.get("id"))
    try:
        return Row(place, identity, _story(record, identity))
    except StoryError as error:
        # Half a surrogate pair can be read, yet not be written to the file of rejects.
        known = identity and identity.encode("utf-8", errors="backslashreplace").decode()
        return Row(place, known, fault=str(error))


def _story(record: dict[str, Any], identity: str | None) -> Story:
    if "text" not in record:
        raise StoryError("keys: no text. A row has id, title (may be missing) and text.")
    if identity is None:
        raise StoryError("id: is missing. Give each row an id of its own.")
    return Story(id=identity, title=_or_empty(record.get("title")), text=_or_empty(record["text"]))


def _identity(value: object) -> str | None:
    """A text that is not blank, or a whole number as a text; None for all else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if whole else value
    return text if isinstance(text, str) and text.strip() else None


def _or_empty(value: Any) -> Any:
    return "" if value is None else value
