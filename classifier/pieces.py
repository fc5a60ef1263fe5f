"""Word pieces of a story: cut once, then read by the gate and by the encoder."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Encoding, Tokenizer

from classifier.markup import View, view_of
from classifier.story import Field, Story


@dataclass(frozen=True, slots=True)
class StoryPieces:
    """A story and the word pieces of its fields, each with its place; no special tokens."""

    story: Story
    title: "FieldPieces"
    text: "FieldPieces"

    def of(self, field: Field) -> "FieldPieces":
        """The pieces of one field."""
        return self.title if field == "title" else self.text


@dataclass(frozen=True, slots=True)
class FieldPieces:
    """The word pieces of one field, cut from the view of it."""

    view: View
    encoding: Encoding

    @property
    def ids(self) -> list[int]:
        """The number of each piece in the tokenizer's vocabulary."""
        return self.encoding.ids

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """Where each piece stands in the field as sent, in code points, half-open."""
        return [self.view.place(*offset) for offset in self.encoding.offsets]


def cut_pieces(stories: Sequence[Story], *, tokenizer: Tokenizer) -> list[StoryPieces]:
    """The word pieces of each story; ``tokenizer`` must neither truncate nor pad.

    Each field is cut by itself, so a story's pieces do not depend on its neighbours.
    """
    views = [view_of(value) for story in stories for value in (story.title, story.text)]
    encodings = tokenizer.encode_batch([view.text for view in views], add_special_tokens=False)
    fields = [FieldPieces(*pair) for pair in zip(views, encodings, strict=True)]
    return [
        StoryPieces(story, title, text)
        for story, title, text in zip(stories, fields[::2], fields[1::2], strict=True)
    ]
