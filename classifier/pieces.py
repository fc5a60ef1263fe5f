"""Word pieces of a story: cut once, then read by the gate and by the encoder."""

from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Encoding, Tokenizer

from classifier.story import Field, Story


@dataclass(frozen=True, slots=True)
class StoryPieces:
    """A story and the word pieces of its fields, each with its place; no special tokens."""

    story: Story
    title: Encoding
    text: Encoding

    def of(self, field: Field) -> Encoding:
        """The pieces of one field: ``ids``, and ``offsets`` in code points of it."""
        return self.title if field == "title" else self.text


def cut_pieces(stories: Sequence[Story], *, tokenizer: Tokenizer) -> list[StoryPieces]:
    """The word pieces of each story; ``tokenizer`` must neither truncate nor pad.

    Each field is cut by itself, so a story's pieces do not depend on its neighbours.
    """
    fields = [value for story in stories for value in (story.title, story.text)]
    encodings = tokenizer.encode_batch(fields, add_special_tokens=False)
    return [
        StoryPieces(story, title, text)
        for story, title, text in zip(stories, encodings[::2], encodings[1::2], strict=True)
    ]
