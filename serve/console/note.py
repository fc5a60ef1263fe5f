"""A moderator's note: read from its field of a form, and held to its limit."""

from collections.abc import Mapping

from serve.cases.case import MAX_NOTE_CHARS
from serve.console.page import Fault


def read_note(form: Mapping[str, str], *, field: str) -> str:
    """The note as it was written, "" if there is none: browsers send each line break as two characters."""
    return form.get(field, "").replace("\r\n", "\n")


def faults_of_note(note: str, *, field: str) -> tuple[Fault, ...]:
    """What keeps it from being recorded."""
    if len(note) <= MAX_NOTE_CHARS:
        return ()
    return (Fault(field, f"Write at most {MAX_NOTE_CHARS:,} characters"),)
