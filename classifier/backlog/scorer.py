"""What a worker does, wherever it runs: a batch of rows in, its answers out."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from classifier.assess import ComplaintClassifier
from classifier.assessment import Assessment, to_json
from classifier.backlog.forms import writing
from classifier.backlog.places import Kind
from classifier.backlog.rows import Row
from classifier.backlog.shards import Batch
from classifier.backlog.tally import Tally, tally
from classifier.bundle import RELEASED, load_manifest
from classifier.policy.document import load_policy
from classifier.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that answers depend on besides the stories; small, and can be sent to another process.

    ``kind``: how the answers are written. ``gate``: False has the encoder read every story.
    """

    model: Path = RELEASED
    policy: Path | None = None
    gate: bool = True
    kind: Kind

    def facts(self) -> dict[str, Any]:
        """By name, what answers depend on: for the manifest, and to see what is new in another run.

        Raises:
            BundleError, PolicyError: model or policy cannot be read.
        """
        manifest, policy = load_manifest(self.model), load_policy(self.policy)
        return {
            "model": f"{manifest['name']}/{manifest['version']}",
            "model_sha256": _digest(manifest),
            "thresholds": manifest["thresholds"],
            "policy": policy.version,
            "policy_sha256": _digest(policy.to_dict()),
            "gate": self.gate,
            "complaint_context": version("complaint-context"),
            "form": self.kind.form,
            "packing": self.kind.packing,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredBatch:
    """Answers, ready to be bound into a file; the rows that got none, with their reasons; the counts."""

    leaf: bytes
    rejects: tuple[dict[str, Any], ...]
    tally: Tally


class Scorer:
    """Scores batches; one a process, with the model loaded once."""

    def __init__(self, recipe: Recipe) -> None:
        self._classifier = ComplaintClassifier.load(recipe.model, policy=recipe.policy, gate=recipe.gate)
        self._writing = writing(recipe.kind)

    def score(self, batch: Batch) -> ScoredBatch:
        """The answers to a batch; what cannot be read is a reject, and never the end of the others."""
        answers = iter(self._assess([row.story for row in batch.rows if row.story]))
        answered = [(row, next(answers) if row.story else str(row.fault)) for row in batch.rows]
        good = [(row, answer) for row, answer in answered if isinstance(answer, Assessment)]
        rejects = [_reject(row, answer) for row, answer in answered if isinstance(answer, str)]
        return ScoredBatch(
            leaf=self._writing.leaf([assessment for _, assessment in good]),
            rejects=tuple(rejects),
            tally=tally(
                [assessment for _, assessment in good],
                months=[row.month for row, _ in good],
                thresholds=self._classifier.bundle.thresholds,
                rejected=len(rejects),
            ),
        )

    def _assess(self, stories: Sequence[Story]) -> list[Assessment | str]:
        try:
            return list(self._classifier.assess_many(stories, workers=1))
        except Exception:
            return [self._assess_one(story) for story in stories]

    def _assess_one(self, story: Story) -> Assessment | str:
        try:
            return self._classifier.assess(story)
        except Exception as error:  # its words may be the story's, so only its kind is told
            return f"text: could not be assessed ({type(error).__name__}). A person has to read this one."


def _reject(row: Row, fault: str) -> dict[str, Any]:
    return {"place": row.place, "id": row.id, "error": fault}


def _digest(value: Any) -> str:
    return sha256(to_json(value).encode()).hexdigest()
