"""What MLflow runs: rows of stories in, assessments out.

MLflow keeps a copy of this file beside the bundle and runs it there, with a copy of ``classifier``; nothing
is pickled. It imports nothing else of ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from classifier.assess import ComplaintClassifier
from classifier.assessment import Assessment, to_json
from classifier.errors import StoryError
from classifier.story import Story


@dataclass(frozen=True, slots=True)
class Asked:
    """A row that can be assessed."""

    story: Story
    author_confirmed: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot, with what is wrong; ``id`` is None where it has none that is text."""

    id: str | None
    fault: str


class ComplaintContextModel(PythonModel):
    """Assesses stories with the bundle, and the policy if there is one, in the model's folder."""

    def load_context(self, context: PythonModelContext) -> None:
        """Loads them.

        Raises:
            BundleError, PolicyError: one of them cannot be trusted or understood.
        """
        policy = context.artifacts.get("policy")
        self._classifier = ComplaintClassifier.load(
            Path(context.artifacts["bundle"]),
            policy=Path(policy) if policy else None,
            gate=(context.model_config or {}).get("gate", True),
        )

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[Any]:
        """For each row, in order, its assessment with the keys that it has everywhere.

        A row that is no story gets its ``id`` and an ``error``: give that story to a person.

        Args:
            model_input: columns ``id`` and ``text``; ``title`` and ``author_confirmed`` may be missing.
            params: ``json`` true has each answer as JSON in a string, for columns of text (Spark).
        """
        found = _answers([_asked(row) for row in model_input.to_dict("records")], self._classifier)
        return [to_json(one) for one in found] if (params or {}).get("json") else found


def _answers(rows: Sequence[Asked | Refused], classifier: ComplaintClassifier) -> list[dict[str, Any]]:
    plain = [row.story for row in rows if isinstance(row, Asked) and not row.author_confirmed]
    assessments = classifier.assess_many(plain)

    def answer(row: Asked | Refused) -> dict[str, Any]:
        if isinstance(row, Refused):
            return {"id": row.id, "error": row.fault}
        found: Assessment = (
            classifier.assess(row.story, author_confirmed=True) if row.author_confirmed else next(assessments)
        )
        return found.to_dict()

    return [answer(row) for row in rows]


def _asked(row: dict[Any, Any]) -> Asked | Refused:
    id, title, text, confirmed = (_cell(row.get(key)) for key in ("id", "title", "text", "author_confirmed"))
    try:
        story = Story(id=id, title="" if title is None else title, text="" if text is None else text)
        return Asked(story, author_confirmed=_confirmed(confirmed))
    except StoryError as error:
        return Refused(_sendable(id), str(error))


def _confirmed(value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise StoryError("author_confirmed: is not a boolean. Send true or false.")


def _sendable(id: Any) -> str | None:
    """An id that can be written as UTF-8."""
    return id.encode("utf-8", errors="backslashreplace").decode() if isinstance(id, str) else None


def _cell(value: Any) -> Any:
    """None for an empty cell, whatever pandas puts there."""
    return None if value is None or value is pd.NA or value != value else value


set_model(ComplaintContextModel())
