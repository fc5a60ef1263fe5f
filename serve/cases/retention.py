"""How long a closed case keeps its author's words."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

_QUOTING = ("evidence", "signals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What the operator decided.

    Attributes:
        keep_text_days: days for which a closed case keeps its text; 0 drops it at once.
        keep_verdict_text: keep the text for as long as a moderator's verdict on it stands, so that the
            verdict can be exported as a training record; never that of a withdrawn story.
    """

    keep_text_days: int = 0
    keep_verdict_text: bool = False

    def closed_before(self, now: datetime) -> datetime:
        """Cases closed before this are to lose their text."""
        return now - timedelta(days=self.keep_text_days)


AT_ONCE = Retention()


def without_words(assessment: dict[str, Any]) -> dict[str, Any]:
    """An assessment whose quotes are empty; where they stood is still told."""
    blank = {field: [item | {"text": ""} for item in assessment.get(field, [])] for field in _QUOTING}
    return assessment | blank
