"""Answers of an earlier run, read back from whatever ``score`` writes."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet as parquet

from classifier.backlog.forms import KEYS
from classifier.backlog.places import Form, InputFile, find_files, kind_of, unpack
from classifier.backlog.rows import buffered
from classifier.errors import RowError

Answer = dict[str, Any]
"""An assessment with the documented keys."""
_BATCH_ROWS = 1000


def read_answers(place: str | Path) -> Iterator[Answer]:
    """The answers in a file or in a folder of parts, in order.

    Raises:
        RowError: there are none, or a row is no answer.
    """
    for file in find_files(place):
        try:
            with file.path.open("rb") as raw:
                yield from _read(file, raw)
        except (OSError, ValueError, KeyError, csv.Error, pyarrow.ArrowException) as error:
            reason = getattr(error, "strerror", None) or "a row is no answer"
            raise RowError(
                f"{file.path}: cannot be read ({reason}). Name what `complaint-context score` wrote."
            ) from None


def _read(file: InputFile, raw: Any) -> Iterator[Answer]:
    kind = kind_of(file.path)
    if kind.form is Form.PARQUET:
        for batch in parquet.ParquetFile(raw).iter_batches(batch_size=_BATCH_ROWS):
            yield from map(_checked, batch.to_pylist())
    elif kind.form is Form.CSV:
        csv.field_size_limit(sys.maxsize)
        with buffered(unpack(raw, kind)) as lines:
            text = io.TextIOWrapper(lines, encoding="utf-8", newline="")
            try:
                yield from (_checked(_from_cells(cells)) for cells in csv.DictReader(text))
            finally:
                text.detach()
    else:
        with buffered(unpack(raw, kind)) as lines:
            yield from (_checked(json.loads(line)) for line in lines)


def _from_cells(cells: dict[str, str]) -> Answer:
    plain = ("id", "action", "nation", "model", "policy")
    return {name: cell if name in plain else json.loads(cell) for name, cell in cells.items()}


def _checked(answer: Any) -> Answer:
    if not isinstance(answer, dict) or not answer.keys() >= set(KEYS):
        raise ValueError("keys")
    return answer
