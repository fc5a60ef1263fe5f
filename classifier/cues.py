"""The cue net: does a story hold any wording that goes with a complaint process?

A second opinion beside the encoder: a story without any cue can still be about a complaint, but the encoder
must then be surer. How much surer is learnt on dev and lives in the bundle (``Calibration.cue``); cues are
never shown. The wordings live in ``cues.toml``.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from classifier.markup import View
from classifier.story import Span, Story

_GROUP = re.compile(r"\(\?:(?P<choices>[^()]*)\)(?![?*+{])(?P<rest>.*)")

_LIKE_ASCII = frozenset("\u0130\u0131\u017f\u212a")
"""Letters beyond ASCII that are a case of an ASCII one: dotted and dotless i, long s, the sign for kelvin."""


def has_cue(story: Story, *, only_to_read: bool = False) -> bool:
    """Whether title or text holds at least one cue, in any case.

    Args:
        only_to_read: those count too that only have a story read.
    """
    return any(_holds_cue(view, only_to_read=only_to_read) for view in story.views.values() if view.text)


def _holds_cue(view: View, *, only_to_read: bool) -> bool:
    """Every story is asked this: letters are compared one to one, which takes a third of the time."""
    if view.text.isascii() or _LIKE_ASCII.isdisjoint(view.text):
        return bool(_net(only_to_read=only_to_read, lower=True).search(view.text.lower()))
    return bool(_net(only_to_read=only_to_read).search(view.text))


def find_cues(story: Story) -> tuple[Span, ...]:
    """Where cues stand, in order, those that only have a story read among them; none overlaps another."""
    net = _net(only_to_read=True)
    return tuple(
        Span(field, *view.place(*match.span()))
        for field, view in story.views.items()
        for match in net.finditer(view.text)
    )


@lru_cache
def _net(*, only_to_read: bool = False, lower: bool = False) -> re.Pattern[str]:
    """The wordings as one expression, for texts in any case or, where ``lower``, in lower case only."""
    table = tomllib.loads((files("classifier") / "cues.toml").read_text(encoding="utf-8"))
    groups = (group for name, group in table.items() if only_to_read or name != "only_to_read")
    wordings = [wording for group in groups for wording in group]
    return re.compile(rf"(?<!\w)(?:{_by_first_letter(wordings)})", 0 if lower else re.IGNORECASE)


def _by_first_letter(wordings: Iterable[str]) -> str:
    """One expression for any of ``wordings``, in which only those are tried that begin as the text does.

    Those of one letter keep their order, so that the same words are found as in the plain list.

    >>> _by_first_letter(["pals", "(?:my|poor) form", "\\\\d+ points", "my"])
    'p(?:als|oor form)|m(?:y form|y)|\\\\d+ points'
    """
    others: list[str] = []
    by_letter: dict[str, list[str]] = defaultdict(list)
    for choice in (choice for wording in wordings for choice in _choices(wording)):
        if choice[0].isalpha():
            by_letter[choice[0]].append(choice[1:])
        else:
            others.append(choice)
    return "|".join([*(f"{letter}(?:{'|'.join(rest)})" for letter, rest in by_letter.items()), *others])


def _choices(wording: str) -> list[str]:
    """``wording`` with each of the choices that it begins with."""
    group = _GROUP.fullmatch(wording)
    return [choice + group["rest"] for choice in group["choices"].split("|")] if group else [wording]
