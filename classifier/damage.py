"""Damaged characters: words that went through the wrong encoding somewhere between author and us.

Mojibake ("donâ€™t" for "don't") is told by ftfy, which knows what such damage looks like and what real
accents do; characters that stand for lost ones, and control characters, by what they are. Nothing is mended.
"""

import re
from collections.abc import Iterator

from classifier.markup import View

MOST_STRETCHES = 3
"""Most stretches in one field; where there is more damage, the last one reaches on to the end of it."""

_STRAY = "\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd"
"""Control characters that no keyboard types, and the character that stands for a lost one."""

_SOUND = "\x00-\x7f\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u2022£é\u2600-\U0010ffff"
"""Typographic marks, pounds, cafés and emoji."""

_OURS = re.compile(f"[{_STRAY}]|Å[·µ]")
"""What ftfy leaves to us; the last is the Welsh of ŷ and ŵ."""

_DOUBTFUL = re.compile(f"[{_STRAY}]|[^{_SOUND}]")
"""What damage leaves at least one of: most texts hold none, and are spared the question."""

_SPACE = " \t\n\r"
"""What parts words here: mojibake may hold a hard space or a next-line control, where ``split`` would cut."""


def damaged_stretches(view: View) -> tuple[tuple[int, int], ...]:
    """Where damaged words stand in a field as sent, neighbours as one stretch; at most ``MOST_STRETCHES``.

    >>> from classifier.markup import view_of
    >>> damaged_stretches(view_of("They donâ€™t ring, and Zoë had a café au lait."))
    ((5, 12),)
    """
    if not _DOUBTFUL.search(view.text):
        return ()
    stretches = list(_joined(view.text, sorted(_faults(view.text))))
    if len(stretches) > MOST_STRETCHES:
        stretches[MOST_STRETCHES - 1 :] = [(stretches[MOST_STRETCHES - 1][0], stretches[-1][1])]
    return tuple(view.place(*stretch) for stretch in stretches)


def _faults(text: str) -> Iterator[tuple[int, int]]:
    from ftfy.badness import BADNESS_RE  # slow to import, and few texts need it

    for pattern in (_OURS, BADNESS_RE):
        yield from (match.span() for match in pattern.finditer(text))


def _joined(text: str, faults: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The words that hold a fault; those with nothing but space between them as one."""
    start = end = -1
    for fault in faults:
        if fault[1] <= end:
            continue
        word = _word_around(text, *fault)
        if end >= 0 and not text[end : word[0]].strip(_SPACE):
            end = word[1]
            continue
        if end >= 0:
            yield start, end
        start, end = word
    if end >= 0:
        yield start, end


def _word_around(text: str, start: int, end: int) -> tuple[int, int]:
    while text[start] in _SPACE:
        start += 1
    while text[end - 1] in _SPACE:
        end -= 1
    while start > 0 and text[start - 1] not in _SPACE:
        start -= 1
    while end < len(text) and text[end] not in _SPACE:
        end += 1
    return start, end
