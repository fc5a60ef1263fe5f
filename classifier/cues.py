"""The cue net: does a story hold any wording that goes with a complaint process?

A second opinion beside the encoder: a story without any cue can still be about a complaint, but the encoder
must then be surer. How much surer is learnt on dev and lives in the bundle (``Calibration.cue``); cues are
never shown. The wordings live in ``cues.toml``.
"""

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from classifier.markup import view_of
from classifier.story import FIELDS, Span, Story


def has_cue(story: Story, *, only_to_read: bool = False) -> bool:
    """Whether title or text holds at least one cue, in any case.

    Args:
        only_to_read: those count too that only have a story read.
    """
    net = _net(only_to_read=only_to_read)
    return bool(net.search(view_of(story.title).text) or net.search(view_of(story.text).text))


def find_cues(story: Story) -> tuple[Span, ...]:
    """Where cues stand, in order, those that only have a story read among them; none overlaps another."""
    net = _net(only_to_read=True)
    views = {field: view_of(getattr(story, field)) for field in FIELDS}
    return tuple(
        Span(field, *view.place(*match.span()))
        for field, view in views.items()
        for match in net.finditer(view.text)
    )


@lru_cache
def _net(*, only_to_read: bool = False) -> re.Pattern[str]:
    table = tomllib.loads((files("classifier") / "cues.toml").read_text(encoding="utf-8"))
    groups = (group for name, group in table.items() if only_to_read or name != "only_to_read")
    wordings = [wording for group in groups for wording in group]
    return re.compile(rf"(?<!\w)(?:{'|'.join(wordings)})", re.IGNORECASE)
