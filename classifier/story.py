"""The author's words and places in them. Text is never altered, only looked at through offsets."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from classifier.errors import StoryError
from classifier.markup import View, view_of

Field = Literal["title", "text"]
FIELDS: tuple[Field, ...] = ("title", "text")
"""In the order in which a story is read."""


@dataclass(frozen=True, slots=True)
class Span:
    """A slice of one field: ``start`` and ``end`` are Unicode code points, half-open."""

    field: Field
    start: int
    end: int

    def overlaps(self, other: "Span") -> bool:
        """Whether the two share at least one character of one field."""
        return self.field == other.field and self.start < other.end and other.start < self.end


@dataclass(frozen=True, kw_only=True)
class Story:
    """One story as its author sent it.

    Raises:
        StoryError: a part is not a string, title and text are both blank, or a character
            cannot be written as UTF-8 (half of a surrogate pair).
    """

    id: str
    title: str = ""
    text: str

    def __post_init__(self) -> None:
        for name in ("id", "title", "text"):
            value = getattr(self, name)
            if not isinstance(value, str):
                raise StoryError(f"{name}: is {_kind(value)}, not text. Send a string.")
            _check_encodable(name, value)
        if not (self.title.strip() or self.text.strip()):
            raise StoryError("text: the story is empty. Send the author's words in text (or title).")

    @cached_property
    def views(self) -> dict[Field, View]:
        """Each field as a reader would see it, made once, when first asked for."""
        return {"title": view_of(self.title), "text": view_of(self.text)}

    def quote(self, span: Span) -> str:
        """The author's own words under ``span``, to the letter."""
        return getattr(self, span.field)[span.start : span.end]


def _kind(value: object) -> str:
    return "missing" if value is None else type(value).__name__


def _check_encodable(name: str, value: str) -> None:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StoryError(
            f"{name}: character {error.start} is half of a surrogate pair. Send the text as valid Unicode."
        ) from None
