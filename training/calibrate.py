"""Turns logits into probabilities: one logistic curve for each label, fitted on dev (Platt scaling).

Beside the logit, a curve weighs whether the story holds a cue: see ``classifier.cues``.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classifier.bundle import Calibration
from classifier.labels import LABELS, Label

CALIBRATION_BINS = 10


def calibrate(
    logits: NDArray[np.float32], held: NDArray[np.bool_], *, cues: NDArray[np.bool_]
) -> dict[Label, Calibration]:
    """A curve for each label.

    Args:
        logits: story logits of dev, shape (stories, 4).
        held: whether each label holds, same shape.
        cues: whether each story holds a cue of a complaint process, shape (stories,).

    A label that no dev story holds, or whose logits rank it backwards, keeps the plain logistic curve.
    """
    return {label: _fit(logits[:, column], held[:, column], cues) for column, label in enumerate(LABELS)}


def _fit(logits: NDArray[np.float32], held: NDArray[np.bool_], cues: NDArray[np.bool_]) -> Calibration:
    plain = Calibration(slope=1.0, intercept=0.0)
    if held.all() or not held.any():
        return plain
    # Weak regularisation: enough to keep the cue's weight finite where every positive has a cue.
    curve = LogisticRegression(C=10.0).fit(np.column_stack([logits, cues]), held)
    (slope, cue), intercept = curve.coef_[0].tolist(), float(curve.intercept_[0])
    return Calibration(slope=slope, intercept=intercept, cue=cue) if slope > 0 else plain


def calibration_error(probabilities: NDArray[np.float64], held: NDArray[np.bool_]) -> float:
    """Expected calibration error of one label in 0..1, over ten bins of equal width."""
    bins = np.minimum((probabilities * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    error = 0.0
    for number in range(CALIBRATION_BINS):
        inside = bins == number
        if inside.any():
            error += inside.mean() * abs(probabilities[inside].mean() - held[inside].mean())
    return float(error)
