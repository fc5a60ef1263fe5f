"""How often two encoders lead to the same decision, under one calibration and one set of thresholds."""

import numpy as np
from numpy.typing import NDArray

from classifier.assess import find_labels
from classifier.assessment import Action, Nation
from classifier.bundle import Thresholds
from classifier.labels import Label
from classifier.policy.decide import decide
from classifier.policy.document import Policy


def agreement(
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    *,
    thresholds: dict[Label, Thresholds],
    policy: Policy,
) -> float:
    """Share of stories, in 0..1, with the same clear labels and the same action.

    A story that one sends to review and the other lets go on is no agreement, though neither gives a label.
    Both arrays hold probabilities in 0..1, shape (stories, 4), the same stories in the same order.
    """
    pairs = zip(one, other, strict=True)
    same = [
        _decided(a, thresholds=thresholds, policy=policy) == _decided(b, thresholds=thresholds, policy=policy)
        for a, b in pairs
    ]
    return float(np.mean(same))


def _decided(
    probabilities: NDArray[np.float64], *, thresholds: dict[Label, Thresholds], policy: Policy
) -> tuple[tuple[Label, ...], Action]:
    findings = find_labels(probabilities, thresholds=thresholds)
    decision = decide(findings, policy=policy, nation=Nation.UNKNOWN, author_confirmed=False)
    return tuple(finding.label for finding in findings if finding.clear), decision.action
