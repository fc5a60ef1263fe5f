"""What the gate costs and saves: the same bundle with it and without."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classifier.assess import ComplaintClassifier, sift
from classifier.story import Story
from training.comments import Comment, CommentFigures
from training.evaluate import Figures, Judged
from training.train_gate import GateFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class GateEffect:
    """``threshold``: how it was found, on stories that no network had seen.

    ``dev_equal``: share of dev stories whose labels, action and reasons are the same without the gate.
    ``dev_changed``: ids of the others. ``dev_passed``, ``comments_passed``: shares that the encoder reads at
    all. ``test_ungated`` and ``comments_ungated``: of the same bundle reading every story whole.
    """

    threshold: GateFigures
    dev_equal: float
    dev_changed: tuple[str, ...]
    dev_passed: float
    comments_passed: float | None
    test_ungated: Figures
    comments_ungated: CommentFigures | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            **{
                name: getattr(self, name)
                for name in ("dev_equal", "dev_changed", "dev_passed", "comments_passed")
            },
            "threshold": self.threshold.to_dict(),
            "test_ungated": self.test_ungated.to_dict(),
            "comments_ungated": self.comments_ungated.counts() if self.comments_ungated else None,
        }


def measure_gate(
    threshold: GateFigures,
    *,
    gated: Sequence[Judged],
    whole: Sequence[Judged],
    classifier: ComplaintClassifier,
    comments: Sequence[Comment],
    test_ungated: Figures,
    comments_ungated: CommentFigures | None,
) -> GateEffect:
    """Compares dev as judged with the gate and, in the same order, without; ``classifier`` has the gate."""
    changed = [one.labelled.id for one, other in zip(gated, whole, strict=True) if not _same(one, other)]
    return GateEffect(
        threshold=threshold,
        dev_equal=1 - len(changed) / len(gated),
        dev_changed=tuple(changed),
        dev_passed=share_passed([one.labelled.story for one in gated], classifier=classifier),
        comments_passed=(
            share_passed([one.story for one in comments], classifier=classifier) if comments else None
        ),
        test_ungated=test_ungated,
        comments_ungated=comments_ungated,
    )


def share_passed(stories: Sequence[Story], *, classifier: ComplaintClassifier) -> float:
    """Share of the stories of which the encoder reads at least a part."""
    dark = sum(sifted.dark for sifted in sift(stories, bundle=classifier.bundle))
    return 1 - dark / max(1, len(stories))


def _same(one: Judged, other: Judged) -> bool:
    return (one.labels, one.action, _reasons(one)) == (other.labels, other.action, _reasons(other))


def _reasons(judged: Judged) -> list[tuple[str, bool]]:
    assessment = judged.assessment
    return [(reason.label, reason.clear) for reason in assessment.reasons] if assessment else []
