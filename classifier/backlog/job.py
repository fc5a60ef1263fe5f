"""What an operator asks for: stories from here, answers there, scored with this."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from classifier.backlog.places import (
    STREAM,
    SUFFIXES,
    Form,
    InputFile,
    Kind,
    find_files,
    has_kind,
    kind_of,
    to_path,
)
from classifier.backlog.rows import Columns, Row, RowSource, stream_rows
from classifier.backlog.scorer import Recipe
from classifier.backlog.shards import SHARD_ROWS, Shard, cut
from classifier.bundle import RELEASED
from classifier.errors import RowError


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A backlog to score.

    ``source``: a file, a folder, a pattern or an address, or ``-`` for ``stream``. ``output``: a file, a
    folder where the name has no known ending, or ``-``. ``resume``: False scores all anew.
    """

    source: str
    output: str
    columns: Columns = field(default_factory=Columns)
    stream: IO[bytes] | None = None
    stream_form: Form = Form.JSONL
    shard_rows: int = SHARD_ROWS
    resume: bool = True
    model: Path = RELEASED
    policy: Path | None = None
    gate: bool = True

    @property
    def to_stream(self) -> bool:
        """Whether answers go to standard output, and nothing is kept."""
        return self.output == STREAM

    @property
    def output_path(self) -> Path:
        """The file or folder of the answers."""
        return to_path(self.output)

    @property
    def to_folder(self) -> bool:
        """Whether the answers stay in parts."""
        return not self.to_stream and not has_kind(self.output_path)

    @property
    def parts_folder(self) -> Path:
        """Where parts are while the run lasts, and after it for a folder."""
        path = self.output_path
        return path if self.to_folder else path.with_name(path.name + ".parts")

    def recipe(self) -> Recipe:
        """What the answers are made with."""
        kind = Kind(self.stream_form) if self.to_stream else Kind(Form.JSONL)
        if not (self.to_stream or self.to_folder):
            kind = kind_of(self.output_path)
        return Recipe(model=self.model, policy=self.policy, gate=self.gate, kind=kind)

    def beside(self, name: str) -> Path:
        """A file that goes with the output: beside it, or in its folder."""
        path = self.output_path
        if self.to_folder:
            return path / f"_{name}"
        ending = next(suffix for suffix in SUFFIXES if path.name.endswith(suffix))
        return path.with_name(f"{path.name.removesuffix(ending)}.{name}")

    @property
    def rejects(self) -> Path:
        """Where rows go that are no stories."""
        return self.beside("rejects.jsonl")

    @property
    def manifest(self) -> Path:
        """Where the record of the finished run goes."""
        return self.beside("manifest.json")

    def check(self) -> None:
        """Raises RowError where the answers would harm the stories, or have nowhere to go."""
        if self.to_stream:
            return
        output = self.output_path
        if not output.parent.is_dir() and isinstance(output, Path):
            raise RowError(f"{output.parent}: no such folder. Make it first, or name another.")
        if self.to_folder and output.is_file():
            raise RowError(
                f"{output}: is a file of no known kind. Name a folder, or a .jsonl, .csv, .parquet file."
            )
        if not self.to_folder and output.is_dir():
            raise RowError(f"{output}: is a folder. Name a file, or a folder without such an ending.")
        if self.source != STREAM:
            self._check_apart(output)

    def _check_apart(self, output: Path) -> None:
        for file in find_files(self.source):
            path = file.path.resolve()
            if path == output.resolve():
                raise RowError(f"{output}: is the input too. Name another file for the answers.")
            if path == self.rejects.resolve():
                raise RowError(f"{path}: is where rejected rows of {output.name} go. Rename the input.")
            if self.parts_folder.resolve() in path.parents:
                raise RowError(f"{output}: holds the input {file.label}. Write the answers elsewhere.")
        source = to_path(self.source)
        if source.is_dir() and source.resolve() in (output.resolve(), *output.resolve().parents):
            raise RowError(f"{output}: lies in the input folder. Write the answers elsewhere.")


class Input:
    """The rows of a job, read once or again, and how far the reading has come."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.files: tuple[InputFile, ...] = () if job.source == STREAM else find_files(job.source)
        self._source = RowSource(self.files, columns=job.columns)

    @property
    def size(self) -> int:
        """Bytes in all; 0 where nobody knows."""
        return self._source.size

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._source.position

    def shards(self, run: str) -> Iterator[Shard]:
        """All rows in shards; ``run``: the key of what they are scored with."""
        yield from cut(
            self._rows(), run=run, shard_rows=self._job.shard_rows, position=lambda: self._source.position
        )

    def _rows(self) -> Iterator[Row]:
        if self._job.stream is None:
            yield from self._source
        else:
            yield from stream_rows(self._job.stream, form=self._job.stream_form, columns=self._job.columns)
