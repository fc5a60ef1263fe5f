"""A file that appears under its name only when it is whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from training.stories import RecordError


@contextmanager
def open_whole(file: Path) -> Iterator[IO[str]]:
    """A UTF-8 stream; ``file`` is replaced when the block ends well, and untouched when it does not.

    Line ends are written as given.

    Raises:
        RecordError: the file cannot be written.
    """
    partial = file.with_name(file.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        partial.replace(file)
    except OSError as error:
        raise RecordError(
            f"{file}: cannot be written ({error.strerror}). Mend that, or name another."
        ) from None
    finally:
        partial.unlink(missing_ok=True)
