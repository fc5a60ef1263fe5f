"""Where words that an annotator marked stand in a story, and which quote keeps that place.

Label Studio counts code points; older versions counted UTF-16 code units, and its ``text`` may show line
ends otherwise than the story has them. A place is taken only where the words there are the marked ones.
"""

import re
from typing import Any

from classifier.story import Field, Span, Story
from training.stories import RecordError, find_words


def find_marked(value: dict[str, Any], *, field: Field, story: Story) -> Span:
    """The place of a marked region.

    Args:
        value: ``start``, ``end`` (or ``globalOffsets`` with both) and, mostly, ``text``.

    Raises:
        RecordError: no place holds the marked words.
    """
    start, end = _offsets(value)
    words, text = getattr(story, field), value.get("text")
    if text is None and 0 <= start < end <= len(words):
        return Span(field, start, end)
    for place in ((start, end), _code_points(words, start, end)):
        if 0 <= place[0] < place[1] <= len(words) and _same(words[slice(*place)], text):
            return Span(field, *place)
    if isinstance(text, str) and text.strip() and words.count(text) == 1:
        return Span(field, words.index(text), words.index(text) + len(text))
    raise RecordError(
        f"evidence: what is marked in {field} from {start} to {end} are not the words that stand there. "
        "Mark them again, and export again."
    )


def widen(span: Span, *, story: Story) -> Span:
    """``span``, or as many more words around it as it takes to tell the place from an earlier one.

    A record holds a quote and no offsets, and a quote stands where its words stand first.
    """
    words = getattr(story, span.field)
    while find_words(story, story.quote(span)) != span and (span.start, span.end) != (0, len(words)):
        before = re.search(r"\S+\s*$", words[: span.start])
        after = re.match(r"\s*\S+", words[span.end :])
        span = Span(
            span.field,
            before.start() if before else 0,
            span.end + after.end() if after else len(words),
        )
    return span


def _offsets(value: dict[str, Any]) -> tuple[int, int]:
    for holder in (value, value.get("globalOffsets")):
        if isinstance(holder, dict):
            start, end = holder.get("start"), holder.get("end")
            if isinstance(start, int) and isinstance(end, int):
                return start, end
    raise RecordError("evidence: a marked region has no start and end. Export the tasks as JSON again.")


def _code_points(words: str, start: int, end: int) -> tuple[int, int]:
    """Offsets in UTF-16 code units as offsets in code points."""
    coded = words.encode("utf-16-le")
    first, last = (len(coded[: 2 * max(0, at)].decode("utf-16-le", errors="ignore")) for at in (start, end))
    return first, last


def _same(words: str, shown: object) -> bool:
    """Whether both hold the same words, however lines are broken."""
    return isinstance(shown, str) and (words == shown or words.split() == shown.replace("\\n", "\n").split())
