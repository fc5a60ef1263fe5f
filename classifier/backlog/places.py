"""Where stories come from and answers go: paths here, addresses elsewhere (``s3://``, ``gs://``, ``abfs://``).

Does: turn an argument into files, know their kind by name, write a file whole or not at all.
Does not: look into a file (``rows``, ``forms``).
"""

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import pyarrow

from classifier.errors import RowError


class Form(StrEnum):
    """How rows are written down."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file's name says of it; ``packing`` is ``gzip``, ``zstd`` or None."""

    form: Form
    packing: str | None = None


_PACKINGS = {".gz": "gzip", ".zst": "zstd"}
KINDS = {f".{form}": Kind(form) for form in Form} | {
    f".{form}{suffix}": Kind(form, packing)
    for form in (Form.JSONL, Form.CSV)
    for suffix, packing in _PACKINGS.items()
}
"""By the end of a name."""
SUFFIXES = tuple(KINDS)
_EXTRAS = ("s3", "gs", "abfs")
"""Kinds of address for which there is an extra of that name."""
STREAM = "-"
"""Names standard input or output."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read; ``label`` names it in messages: its path from the folder that was asked for."""

    path: Path
    label: str


def to_path(place: str | Path) -> Path:
    """A path of this machine, or an address with the same methods (universal-pathlib).

    Raises:
        RowError: what reaches such addresses is not installed.
    """
    if isinstance(place, Path) or "://" not in place:
        return Path(place)
    scheme = place.split("://")[0]
    try:
        from fsspec import get_filesystem_class
        from upath import UPath

        get_filesystem_class(scheme)  # else what is missing shows itself only when a file is asked for
        return UPath(place)
    except ImportError:
        if scheme in _EXTRAS:
            raise RowError(
                f"{place}: needs what reaches such addresses, which is not installed. "
                f"Run: pip install 'complaint-context[{scheme}]'"
            ) from None
    except ValueError:
        pass  # nobody knows such addresses
    raise RowError(
        f"{place}: no address that is known here. Use a path, s3://, gs:// or abfs://, or fetch it first."
    )


def kind_of(file: Path) -> Kind:
    """Raises RowError when the file is of no kind that rows are read from or written to."""
    for suffix, kind in KINDS.items():
        if file.name.endswith(suffix):
            return kind
    raise RowError(f"{file}: its name ends with none of {', '.join(SUFFIXES)}. Convert or rename it.")


def has_kind(file: Path) -> bool:
    """Whether rows can be read from a file of this name."""
    return file.name.endswith(SUFFIXES)


def find_files(place: str | Path) -> tuple[InputFile, ...]:
    """The files that an argument names, by name: a file, a folder and those below it, or a pattern.

    Of a folder, files of other kinds are passed over, and whatever starts with ``.`` or ``_``.

    Raises:
        RowError: there are none.
    """
    path = to_path(place)
    if path.is_dir() and not has_kind(path):
        found = tuple(InputFile(file, file.relative_to(path).as_posix()) for file in sorted(_below(path)))
    elif path.is_file() or not any(mark in str(place) for mark in "*?["):
        return (InputFile(path, path.name),)
    else:
        found = tuple(InputFile(file, file.as_posix()) for file in sorted(_matches(path)) if has_kind(file))
    if not found:
        raise RowError(f"{place}: no file of stories there. Name files that end with {', '.join(SUFFIXES)}.")
    return found


def _below(folder: Path) -> Iterator[Path]:
    for file in folder.rglob("*"):
        hidden = any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
        if not hidden and has_kind(file) and file.is_file():
            yield file


def _matches(pattern: Path) -> Iterator[Path]:
    if isinstance(pattern, Path):
        yield from map(Path, glob.glob(str(pattern), recursive=True))
        return
    parts = pattern.parts
    first = next(number for number, part in enumerate(parts) if any(mark in part for mark in "*?["))
    yield from pattern.parents[len(parts) - first - 1].glob("/".join(parts[first:]))


def size_of(file: Path) -> int:
    """In bytes; 0 where that cannot be known."""
    try:
        return int(file.stat().st_size)
    except OSError:
        return 0


def unpack(raw: IO[bytes], kind: Kind) -> Any:
    """What pyarrow reads instead of ``raw``, unpacked if it is packed."""
    return pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, "r"), kind.packing) if kind.packing else raw


@contextmanager
def open_whole(file: Path) -> Iterator[IO[bytes]]:
    """A stream to a file of which whoever looks sees all, or what was there before, a power cut included."""
    if not isinstance(file, Path):
        with file.open("wb") as stream:  # object stores show a file only when it is whole
            yield stream
        return
    partial = partial_of(file)
    try:
        with partial.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(file: Path, content: bytes) -> None:
    """Writes a file as ``open_whole`` does."""
    with open_whole(file) as stream:
        stream.write(content)


def partial_of(file: Path) -> Path:
    """Where a file grows until it is whole."""
    return file.with_name(file.name + ".partial")
