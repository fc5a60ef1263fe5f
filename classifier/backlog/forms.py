"""Rows out: assessments as the bytes of JSONL, CSV or Parquet.

A batch is turned into a ``leaf``, which any machine may do; leaves are bound into a ``part``, parts into the
whole file. What comes out depends on the assessments and on where the batches end, not on who did it.
"""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow
import pyarrow.parquet as parquet

from classifier.assessment import Assessment, to_json
from classifier.backlog.places import Form, Kind
from classifier.labels import LABELS

KEYS = tuple(field.name for field in fields(Assessment))
"""Column order: the documented keys of an assessment."""


class Writing(Protocol):
    """One way to write assessments down."""

    def leaf(self, assessments: Sequence[Assessment]) -> bytes:
        """A batch, ready to be bound."""

    def part(self, leaves: Sequence[bytes]) -> bytes:
        """A file of its own."""

    def bind(self, parts: Iterable[Path], stream: IO[bytes]) -> None:
        """Writes one file that holds all ``parts`` in order."""


def writing(kind: Kind) -> Writing:
    """How files of this kind are written."""
    if kind.form is Form.PARQUET:
        return _Parquet()
    return _Lines(_csv_rows, _csv_header(), kind) if kind.form is Form.CSV else _Lines(_json_rows, b"", kind)


class _Lines:
    """JSONL and CSV: rows are lines, files are lines one after the other."""

    def __init__(self, rows: Any, header: bytes, kind: Kind) -> None:
        self._rows, self._header, self._pack = rows, header, _PACK[kind.packing]

    def leaf(self, assessments: Sequence[Assessment]) -> bytes:
        return self._rows(assessments)

    def part(self, leaves: Sequence[bytes]) -> bytes:
        return self._pack(self._header) + self._pack(b"".join(leaves))

    def bind(self, parts: Iterable[Path], stream: IO[bytes]) -> None:
        # A packed file may be several, one after the other, so that nothing has to be unpacked.
        header = self._pack(self._header)
        stream.write(header)
        for part in parts:
            with part.open("rb") as rows:
                rows.seek(len(header))
                while piece := rows.read(1 << 20):
                    stream.write(piece)


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0) if content else b""


def _zstd(content: bytes) -> bytes:
    return pyarrow.Codec("zstd").compress(content, asbytes=True) if content else b""


_PACK = {None: lambda content: content, "gzip": _gzip, "zstd": _zstd}


def _json_rows(assessments: Sequence[Assessment]) -> bytes:
    return "".join(to_json(assessment.to_dict()) + "\n" for assessment in assessments).encode()


def _csv_rows(assessments: Sequence[Assessment]) -> bytes:
    """Plain cells as they are, lists and objects as JSON."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, KEYS, lineterminator="\n")
    for assessment in assessments:
        cells = assessment.to_dict()
        writer.writerow({k: v if isinstance(v, str) else to_json(v) for k, v in cells.items()})
    return stream.getvalue().encode()


def _csv_header() -> bytes:
    return (",".join(KEYS) + "\n").encode()


class _Parquet:
    """Leaves are Arrow streams, and become a row group each."""

    def leaf(self, assessments: Sequence[Assessment]) -> bytes:
        rows = pyarrow.RecordBatch.from_pylist(
            [assessment.to_dict() for assessment in assessments], schema=_schema()
        )
        buffer = io.BytesIO()
        with pyarrow.ipc.new_stream(buffer, _schema()) as stream:
            stream.write_batch(rows)
        return buffer.getvalue()

    def part(self, leaves: Sequence[bytes]) -> bytes:
        buffer = io.BytesIO()
        with parquet.ParquetWriter(buffer, _schema()) as writer:
            if tables := [pyarrow.ipc.open_stream(leaf).read_all() for leaf in leaves]:
                writer.write_table(pyarrow.concat_tables(tables).combine_chunks())
        return buffer.getvalue()

    def bind(self, parts: Iterable[Path], stream: IO[bytes]) -> None:
        with parquet.ParquetWriter(stream, _schema()) as writer:
            for group in _groups(parts):
                writer.write_table(group)


def _groups(parts: Iterable[Path]) -> Iterator[pyarrow.Table]:
    for part in parts:
        with part.open("rb") as raw, closing(parquet.ParquetFile(raw)) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number)


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
