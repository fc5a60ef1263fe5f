"""Rows out: assessments to JSONL, CSV or Parquet, rejects to a file beside them.

A file appears under its name only when it is whole; until then it grows under ``NAME.partial``.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow
import pyarrow.parquet as parquet

from classifier.assessment import Assessment
from classifier.errors import RowError
from classifier.labels import LABELS

KEYS = tuple(field.name for field in fields(Assessment))
"""Column order: the documented keys of an assessment."""
_PARQUET_BATCH = 1000


class Sink(Protocol):
    """Takes assessments one by one."""

    def write(self, assessment: Assessment) -> None:
        """Adds one row."""


@contextmanager
def open_sink(file: Path) -> Iterator[Sink]:
    """A sink for ``file``, of the kind its suffix says; renamed into place when the block ends well.

    Raises:
        RowError: the file cannot be written.
    """
    partial = file.with_name(file.name + ".partial")
    opened = {".jsonl": _open_jsonl, ".csv": _open_csv, ".parquet": _open_parquet}[file.suffix]
    try:
        with opened(partial) as sink:
            yield sink
        partial.replace(file)
    except OSError as error:
        raise RowError(f"{file}: cannot be written ({error.strerror}). Mend that, or name another.") from None
    finally:
        partial.unlink(missing_ok=True)


def to_json(value: Any) -> str:
    """Compact JSON with characters as they are; the one spelling that all files share."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _JsonLines:
    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, assessment: Assessment) -> None:
        self._stream.write(to_json(assessment.to_dict()) + "\n")


@contextmanager
def _open_jsonl(partial: Path) -> Iterator[Sink]:
    with partial.open("w", encoding="utf-8", newline="\n") as stream:
        yield _JsonLines(stream)


class _Csv:
    """Plain cells as they are, lists and objects as JSON."""

    def __init__(self, stream: IO[str]) -> None:
        self._writer = csv.DictWriter(stream, KEYS, lineterminator="\n")
        self._writer.writeheader()

    def write(self, assessment: Assessment) -> None:
        cells = assessment.to_dict()
        self._writer.writerow({k: v if isinstance(v, str) else to_json(v) for k, v in cells.items()})


@contextmanager
def _open_csv(partial: Path) -> Iterator[Sink]:
    with partial.open("w", encoding="utf-8", newline="") as stream:
        yield _Csv(stream)


class _Parquet:
    def __init__(self, writer: parquet.ParquetWriter) -> None:
        self._writer, self._rows = writer, list[dict[str, Any]]()

    def write(self, assessment: Assessment) -> None:
        self._rows.append(assessment.to_dict())
        if len(self._rows) == _PARQUET_BATCH:
            self.flush()

    def flush(self) -> None:
        self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=_schema()))
        self._rows = []


@contextmanager
def _open_parquet(partial: Path) -> Iterator[Sink]:
    with parquet.ParquetWriter(partial, _schema()) as writer:
        sink = _Parquet(writer)
        yield sink
        sink.flush()


def _schema() -> pyarrow.Schema:
    text, number, whole = pyarrow.string(), pyarrow.float64(), pyarrow.int64()
    place = [("text", text), ("field", text), ("start", whole), ("end", whole)]
    link = pyarrow.struct([("title", text), ("url", text)])
    reason = [
        ("label", text),
        ("rule", text),
        ("clear", pyarrow.bool_()),
        ("score", number),
        ("threshold", number),
    ]
    guidance = [(name, text) for name in ("rule", "audience", "basis", "section", "text")]
    return pyarrow.schema(
        {
            "id": text,
            "labels": pyarrow.list_(text),
            "scores": pyarrow.struct([(label, number) for label in LABELS]),
            "action": text,
            "reasons": pyarrow.list_(pyarrow.struct(reason)),
            "evidence": pyarrow.list_(pyarrow.struct([("label", text), *place, ("score", number)])),
            "signals": pyarrow.list_(pyarrow.struct([("kind", text), *place])),
            "nation": text,
            "guidance": pyarrow.list_(pyarrow.struct([*guidance, ("links", pyarrow.list_(link))])),
            "model": text,
            "policy": text,
        }
    )
