"""A field as a reader would see it: HTML leftovers and characters that do not show are looked through.

Does: read entities as their characters, line-breaking tags as line breaks, other tags as nothing, and pass
over soft hyphens and the like inside words; know where each character stands in the field as sent.
Does not: alter the field, or hide a word: only tags of HTML by name, with attributes in due form, are passed
over, so ``<my ward>`` and ``a < b`` stay as they are.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from html.entities import html5
from itertools import pairwise

_BREAKING = "address|article|blockquote|br|dd|div|dl|dt|h[1-6]|hr|li|ol|p|pre|section|table|tbody|thead|tr|ul"
_SPACING = "img|td|th"
_INLINE = (
    "a|abbr|b|big|center|cite|code|em|font|i|ins|label|mark|o:p|q|s|small|span|strike|strong|sub|sup|tt|u"
)
_ATTRIBUTE = r"""\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+)"""
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
"""Soft hyphen, zero-width space and joiners, word joiner, byte order mark."""

_MARKUP = re.compile(
    rf"(?:<|&(?:amp;)*lt;)/?(?:(?P<breaking>{_BREAKING})|(?P<spacing>{_SPACING})|{_INLINE})\b"
    # A line break after a tag that breaks the line itself would make a blank line that the author never made.
    rf"(?:{_ATTRIBUTE})*\s*/?(?:>|&(?:amp;)*gt;)(?P<after>(?(breaking)(?:[^\S\r\n]*(?:\r\n?|\n))?))"
    r"|<!--|-->"
    r"|&(?:amp;)*(?P<entity>#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
    rf"|(?P<unseen>(?<=\w)[{_UNSEEN}]+(?=\w))",
    re.IGNORECASE,
)

_WORD = re.compile(r"(?:[^\W_]|[\u0300-\u036f])+|\S")
_ASCII_WORD = re.compile(r"[0-9a-z]+|\S")
"""The same words in lower case ASCII, in a quarter of the time."""


@dataclass(frozen=True)
class View:
    """``text`` is what a reader would see; its characters know their places in the field as sent.

    ``starts`` and ``ends`` (code points of the field, half-open) have one entry for each character of
    ``text``; both are None where the field is seen as it is.
    """

    text: str
    starts: tuple[int, ...] | None = field(default=None, repr=False)
    ends: tuple[int, ...] | None = field(default=None, repr=False)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every unbroken run of letters and digits and every mark, in order, in lower case; made once."""
        lower = self.text.lower()
        return tuple((_ASCII_WORD if lower.isascii() else _WORD).findall(lower))

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]``, not empty, stands in the field as sent."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


def view_of(words: str) -> View:
    """The view of one field.

    >>> view_of("I&#39;ve <b>com&shy;plained</b>").text
    "I've complained"
    """
    if not _may_hold_markup(words):
        return View(words)
    found = [match for match in _MARKUP.finditer(words) if _seen(match) != match[0]]
    if not found:
        return View(words)
    seen: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    edges = [(0, 0), *(match.span() for match in found), (len(words), len(words))]
    for number, ((_, begin), (stop, _)) in enumerate(pairwise(edges)):
        seen.append(words[begin:stop])
        starts.extend(range(begin, stop))
        ends.extend(range(begin + 1, stop + 1))
        if number < len(found):
            shown = _seen(found[number])
            seen.append(shown)
            starts.extend([found[number].start()] * len(shown))
            ends.extend([found[number].end()] * len(shown))
    return View("".join(seen), tuple(starts), tuple(ends))


def _may_hold_markup(words: str) -> bool:
    """Most fields hold none; asked for every one."""
    if "&" in words or "<" in words:
        return True
    return not words.isascii() and any(sign in words for sign in _UNSEEN)


def _seen(match: re.Match[str]) -> str:
    """What a reader would see in the place of a piece of markup."""
    if name := match["entity"]:
        if name[0] != "#" and f"{name};" not in html5:
            return match[0]
        shown = unescape(f"&{name};")
        return "" if shown in _UNSEEN else shown
    if match["breaking"]:
        return "\n"
    return " " if match["spacing"] else ""
