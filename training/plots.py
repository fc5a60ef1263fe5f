"""Pictures of a run: curves, calibration, confusion, phenomena. Figures are drawn without a screen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve

from classifier.labels import LABELS
from training.evaluate import Judged

_MOST_PHENOMENA = 30


def draw_plots(
    judged: Sequence[Judged],
    *,
    probabilities: NDArray[np.float64],
    held: NDArray[np.bool_],
    log: Sequence[dict[str, float]],
) -> dict[str, Figure]:
    """All plots of a run by name; ``probabilities`` and ``held`` have shape (stories, 4)."""
    return {
        "training": draw_training(log),
        "precision_recall": draw_precision_recall(probabilities, held),
        "calibration": draw_calibration(probabilities, held),
        "confusion": draw_confusion(judged),
        "phenomena": draw_phenomena(judged),
    }


def draw_training(log: Sequence[dict[str, float]]) -> Figure:
    """Training loss and dev average precision by epoch."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for key in ("loss", "dev_average_precision"):
        points = [(entry["epoch"], entry[key]) for entry in log if key in entry]
        if points:
            axes.plot(*zip(*points, strict=True), marker="." if key != "loss" else None, label=key)
    axes.set(xlabel="epoch", ylim=(0, None))
    _legend(axes)
    return figure


def draw_precision_recall(probabilities: NDArray[np.float64], held: NDArray[np.bool_]) -> Figure:
    """Precision over recall, one line a label."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    for column, label in enumerate(LABELS):
        if held[:, column].any():
            precision, recall, _ = precision_recall_curve(held[:, column], probabilities[:, column])
            axes.plot(recall, precision, label=label)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    _legend(axes)
    return figure


def draw_calibration(probabilities: NDArray[np.float64], held: NDArray[np.bool_]) -> Figure:
    """How often a label holds at each stated probability, one line a label."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    for column, label in enumerate(LABELS):
        if held[:, column].any():
            found, stated = calibration_curve(held[:, column], probabilities[:, column], n_bins=10)
            axes.plot(stated, found, marker=".", label=label)
    axes.set(xlabel="stated probability", ylabel="share that holds", xlim=(0, 1), ylim=(0, 1))
    _legend(axes)
    return figure


def draw_confusion(judged: Sequence[Judged]) -> Figure:
    """Label sets that readers gave against those that the model gave."""
    names = sorted({_name(item.gold) for item in judged} | {_name(item.labels) for item in judged})
    counts = Counter((_name(item.gold), _name(item.labels)) for item in judged)
    figure = Figure(figsize=(8, 7), layout="constrained")
    axes = figure.subplots()
    grid = np.array([[counts[gold, found] for found in names] for gold in names])
    axes.imshow(np.log1p(grid), cmap="Blues")
    for (row, column), count in np.ndenumerate(grid):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="model", ylabel="readers")
    return figure


def draw_phenomena(judged: Sequence[Judged]) -> Figure:
    """Share of stories with just the right label set, for the most frequent phenomena."""
    counts = Counter(tag for item in judged for tag in item.labelled.phenomena if not tag.startswith("pair"))
    right = Counter(tag for item in judged if item.labels == item.gold for tag in item.labelled.phenomena)
    tags = [tag for tag, _ in counts.most_common(_MOST_PHENOMENA)][::-1]
    figure = Figure(figsize=(7, 8), layout="constrained")
    axes = figure.subplots()
    axes.barh([f"{tag} ({counts[tag]})" for tag in tags], [right[tag] / counts[tag] for tag in tags])
    axes.set(xlabel="share with the right label set", xlim=(0, 1))
    axes.tick_params(axis="y", labelsize=7)
    return figure


def draw_learning_curve(points: Sequence[Mapping[str, Any]]) -> Figure:
    """F1 and average precision on dev over the number of training stories, one line a label."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    stories = [point["stories"] for point in points]
    left.plot(stories, [point["macro_f1"] for point in points], marker=".", color="black", label="macro-F1")
    for label in LABELS:
        left.plot(stories, [p["f1"][label] for p in points], marker=".", linestyle=":", label=label)
        ranked = [(p["stories"], p["average_precision"][label]) for p in points]
        known = [pair for pair in ranked if pair[1] is not None]
        if known:
            right.plot(*zip(*known, strict=True), marker=".", label=label)
    left.set(xlabel="training stories", ylabel="F1 on dev", ylim=(0, 1))
    right.set(xlabel="training stories", ylabel="average precision on dev", ylim=(0, 1))
    _legend(left)
    _legend(right)
    return figure


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:  # matplotlib warns of a legend without lines
        axes.legend()


def _name(labels: frozenset[str]) -> str:
    return "+".join(label for label in LABELS if label in labels) or "none"
