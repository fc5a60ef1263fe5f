"""Rows in: stories from JSONL, CSV or Parquet, one at a time, with every bad row named and kept apart.

Does: find the columns, decode, check each row, notice an id that came before.
Does not: find files (``places``), score, write (``forms``), stop at a bad row.
"""

import csv
import io
import json
import sys
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow
import pyarrow.parquet as parquet

from classifier.backlog.places import SUFFIXES, Form, InputFile, Kind, kind_of, size_of, unpack
from classifier.errors import RowError, StoryError
from classifier.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the input calls its columns; ``date`` is asked for only where it is given."""

    id: str = "id"
    title: str = "title"
    text: str = "text"
    date: str | None = None

    @property
    def wanted(self) -> tuple[str, ...]:
        """The names, in reading order."""
        return (self.id, self.title, self.text, *([self.date] if self.date else []))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input: where it stands, and the story it holds or why it holds none.

    ``place`` is ``file:line`` (JSONL, CSV) or ``file:row`` (Parquet), counted from 1. Exactly one of
    ``story`` and ``fault`` is set. ``month`` is ``YYYY-MM``, empty where there is no such date, None where
    none was asked for.
    """

    place: str
    id: str | None
    story: Story | None = None
    fault: str | None = None
    month: str | None = None


class RowSource:
    """Rows of one file after the other, and how far the reading has come.

    Raises:
        RowError: a file as a whole cannot be read (missing, foreign suffix, no ``id`` or ``text`` column).
    """

    def __init__(self, files: Sequence[InputFile], *, columns: Columns | None = None) -> None:
        self._files, self._columns = files, columns or Columns()
        self._sizes = [size_of(file.path) for file in files]
        self._done, self._tell = 0, lambda: 0

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(self._sizes)

    @property
    def position(self) -> int:
        """How many bytes of ``size`` have been read, about."""
        return self._done + self._tell()

    def __iter__(self) -> Iterator[Row]:
        self._done, first_places = 0, _FirstPlaces([file.label for file in self._files])
        for number, (file, size) in enumerate(zip(self._files, self._sizes, strict=True)):
            with (
                _opened(file.path) as (raw, kind),
                closing(self._records(file.path, raw, kind, size)) as records,
            ):
                for line, record in records:
                    row = _row(f"{file.label}:{line}", record, self._columns)
                    yield first_places.check(row, number, line)
            self._done, self._tell = self._done + size, lambda: 0

    def _records(self, file: Path, raw: IO[bytes], kind: Kind, size: int) -> "Records":
        if kind.form is Form.PARQUET:
            yield from _parquet(file, raw, self._columns, self._watch_rows(size))
            return
        self._tell = raw.tell
        if kind.form is Form.CSV:
            yield from _csv(file, unpack(raw, kind), self._columns)
        else:
            yield from _jsonl(unpack(raw, kind))

    def _watch_rows(self, size: int) -> Callable[[int, int], None]:
        """Parquet is read from all over the file: how far it is follows from the rows."""

        def watch(done: int, total: int) -> None:
            self._tell = lambda: size * done // max(1, total)

        return watch


def read_rows(file: Path) -> Iterator[Row]:
    """Rows of ``file`` in order; columns other than id, title and text are passed over.

    Raises:
        RowError: the file as a whole cannot be read (missing, foreign suffix, no ``id`` or ``text`` column).
    """
    yield from RowSource([InputFile(file, file.name)])


def stream_rows(raw: IO[bytes], *, form: Form, columns: Columns | None = None) -> Iterator[Row]:
    """Rows of a stream without a name, as ``read_rows``; JSONL or CSV."""
    columns, first_places = columns or Columns(), _FirstPlaces(["input"])
    records = _csv(Path("input"), raw, columns) if form is Form.CSV else _jsonl(raw)
    with closing(records):
        for line, record in records:
            yield first_places.check(_row(f"input:{line}", record, columns), 0, line)


class _FirstPlaces:
    """Remembers where each id came first, in 24 bytes an id: a backlog has millions.

    An id is known by a digest of 128 bits, which no two of even a billion ids share. The newest are in a
    dict; all before them in three columns, sorted by the first half of the digest.
    """

    _LINES = 1 << 40
    _NEWEST = 1 << 16

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels, self._newest = labels, dict[bytes, int]()
        self._first_halves = self._second_halves = self._places = np.zeros(0, np.uint64)
        self._sorted = memoryview(self._first_halves)  # looked into one number at a time, quicker than NumPy

    def check(self, row: Row, file: int, line: int) -> Row:
        """The row, or the fault that its id came before."""
        if row.story is None:
            return row
        digest = blake2b(row.story.id.encode(), digest_size=16).digest()
        first = self._find(digest)
        if first is None:
            self._add(digest, file * self._LINES + line)
            return row
        place = f"{self._labels[first // self._LINES]}:{first % self._LINES}"
        fault = f"id: stands at {place} too, so answers could not be told apart. Give it another id."
        return Row(row.place, row.id, fault=fault)

    def _find(self, digest: bytes) -> int | None:
        if (place := self._newest.get(digest)) is not None:
            return place
        half, other = (int.from_bytes(part, sys.byteorder) for part in (digest[:8], digest[8:]))
        at = bisect_left(self._sorted, half)
        while at < len(self._sorted) and self._sorted[at] == half:
            if self._second_halves[at] == other:
                return int(self._places[at])
            at += 1
        return None

    def _add(self, digest: bytes, place: int) -> None:
        self._newest[digest] = place
        if len(self._newest) == self._NEWEST:
            self._sort_in()

    def _sort_in(self) -> None:
        halves = np.frombuffer(b"".join(self._newest), np.uint64).reshape(-1, 2)
        places = np.fromiter(self._newest.values(), np.uint64)
        order = halves[:, 0].argsort()
        at = self._first_halves.searchsorted(halves[order, 0])
        self._first_halves = np.insert(self._first_halves, at, halves[order, 0])
        self._second_halves = np.insert(self._second_halves, at, halves[order, 1])
        self._places = np.insert(self._places, at, places[order])
        self._sorted = memoryview(self._first_halves)
        self._newest.clear()


Record = dict[str, Any] | str
"""A row as found, or what is wrong with it."""
Records = Generator[tuple[int, Record], None, None]
"""With the line or row of each; to be closed before what they are read from is."""

_NOT_UTF8 = "bytes that are not UTF-8. Save the file as UTF-8."


@contextmanager
def _opened(file: Path) -> Iterator[tuple[IO[bytes], Kind]]:
    kind = kind_of(file)
    if not file.is_file():
        raise RowError(f"{file}: no such file. Name a {', '.join(SUFFIXES)} file with id, title and text.")
    try:
        with file.open("rb") as raw:
            yield raw, kind
    except OSError as error:
        fault = error.strerror or str(error).lower()  # what unpacks has no number for its faults
        raise RowError(f"{file}: cannot be read ({fault}). Check the file and its rights.") from None


@contextmanager
def buffered(raw: Any) -> Iterator[io.BufferedReader]:
    """Lines of what may have none; ``raw`` stays open, for whoever opened it to close."""
    reader = io.BufferedReader(raw, 1 << 16)
    try:
        yield reader
    finally:
        reader.detach()


def _jsonl(raw: Any) -> Records:
    with buffered(raw) as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _decode(line)


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
    with file.open("rb") as raw, closing(_csv(file, raw, Columns())) as records:
        for line, record in records:
            yield f"{file.name}:{line}", record


def _csv(file: Path, raw: Any, columns: Columns) -> Records:
    with buffered(raw) as lines:
        text = io.TextIOWrapper(lines, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            yield from _csv_rows(file, text, columns)
        finally:
            text.detach()


def _csv_rows(file: Path, text: io.TextIOWrapper, columns: Columns) -> Records:
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(text)
    header = next(reader, [])
    _check_columns(file, header, columns)
    line = reader.line_num + 1
    for cells in reader:
        if cells:
            yield line, _csv_record(header, cells)
        line = reader.line_num + 1


def _csv_record(header: list[str], cells: list[str]) -> Record:
    if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
        return _NOT_UTF8
    if len(cells) != len(header):
        return (
            f"{len(cells)} cells under {len(header)} columns. Put cells with commas or line breaks in quotes."
        )
    return dict(zip(header, cells, strict=True))


def _parquet(file: Path, raw: IO[bytes], columns: Columns, watch: Callable[[int, int], None]) -> Records:
    try:
        table = parquet.ParquetFile(raw)
        _check_columns(file, table.schema_arrow.names, columns)
        names = [name for name in columns.wanted if name in table.schema_arrow.names]
        number = 0
        for batch in table.iter_batches(batch_size=1024, columns=names):
            for row in range(batch.num_rows):
                number += 1
                yield number, _parquet_record(batch.slice(row, 1))
            watch(number, table.metadata.num_rows)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError):  # damage shows itself in all three
        raise RowError(f"{file}: not a sound Parquet file. Write it again.") from None


def _parquet_record(row: pyarrow.RecordBatch) -> Record:
    try:
        return {name: _value(row.column(name)[0]) for name in row.schema.names}
    except UnicodeDecodeError:
        return _NOT_UTF8


def _value(cell: pyarrow.Scalar) -> Any:
    if not pyarrow.types.is_temporal(cell.type):
        return cell.as_py()
    try:
        if pyarrow.types.is_timestamp(cell.type):  # in nanoseconds it would need pandas
            cell = cell.cast(pyarrow.timestamp("us", cell.type.tz), safe=False)
        return cell.as_py()
    except (ValueError, OverflowError):  # not in the years 1 to 9999, or of no known time zone
        return None


def _check_columns(file: Path, found: list[str], columns: Columns) -> None:
    needed = [columns.id, columns.text, *([columns.date] if columns.date else [])]
    if missing := [name for name in needed if name not in found]:
        # What was found is only counted: in a file without a header it would be the words of a story.
        raise RowError(
            f"{file}: no column {' or '.join(missing)} among the {len(found)} there are. "
            "Name the columns id, title (may be missing) and text, or give the names they have (--id-column)."
        )


def _row(place: str, record: Record, columns: Columns) -> Row:
    if isinstance(record, str):
        return Row(place, None, fault=record)
    identity = _identity(record.get(columns.id))
    try:
        story = _story(record, identity, columns)
    except StoryError as error:
        # Half a surrogate pair can be read, yet not be written to the file of rejects.
        known = identity and identity.encode("utf-8", errors="backslashreplace").decode()
        return Row(place, known, fault=str(error))
    return Row(place, identity, story, month=_month(record.get(columns.date)) if columns.date else None)


def _story(record: dict[str, Any], identity: str | None, columns: Columns) -> Story:
    if columns.text not in record:
        raise StoryError(
            f"keys: no {columns.text}. A row has {columns.id}, {columns.title} (may be missing) and "
            f"{columns.text}."
        )
    if identity is None:
        raise StoryError(f"{columns.id}: is missing. Give each row an id of its own.")
    return Story(
        id=identity, title=_or_empty(record.get(columns.title)), text=_or_empty(record[columns.text])
    )


def _identity(value: object) -> str | None:
    """A text that is not blank, or a whole number as a text; None for all else."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if whole else value
    return text if isinstance(text, str) and text.strip() else None


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


def _month(value: Any) -> str:
    """``YYYY-MM`` of a date, of an ISO 8601 text or of one like 31/12/2026; empty for all else."""
    if isinstance(value, date):
        return value.isoformat()[:7]
    for read in (datetime.fromisoformat, lambda text: datetime.strptime(text, "%d/%m/%Y")):
        try:
            return read(value).isoformat()[:7]  # strftime would give the year 26 two digits
        except (TypeError, ValueError):
            continue
    return ""
