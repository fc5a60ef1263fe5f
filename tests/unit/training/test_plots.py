import numpy as np
import pytest

from classifier.assessment import Action, Nation
from classifier.labels import LABELS
from classifier.story import Story
from training.evaluate import Judged
from training.plots import (
    draw_calibration,
    draw_confusion,
    draw_learning_curve,
    draw_phenomena,
    draw_plots,
    draw_precision_recall,
    draw_training,
)
from training.stories import LabelledStory

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS


def judged(gold=(), found=(), *, tags=()):
    labelled = LabelledStory(
        story=Story(id="U01-1", text="Tea."),
        labels=gold,
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=tags,
    )
    return Judged(labelled=labelled, labels=frozenset(found), action=Action.CONTINUE)


def lines(figure):
    """Each labelled line's points."""
    found = figure.axes[0].get_lines()
    return {
        line.get_label(): [tuple(point) for point in line.get_xydata().tolist()]
        for line in found
        if not line.get_label().startswith("_")
    }


def columns(*values, kind):
    return np.stack([np.asarray(value, dtype=kind) for value in values], axis=1)


PROBABILITIES = columns([0.9, 0.8, 0.3, 0.1], [0.9, 0.2, 0.6, 0.1], [0.5] * 4, [0.1] * 4, kind=np.float64)
HELD = columns([1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0] * 4, kind=np.bool_)


def test_training_curve_has_a_line_for_the_loss_and_one_for_dev():
    log = [
        {"loss": 0.9, "epoch": 0.5, "step": 10},
        {"loss": 0.4, "epoch": 1.0, "step": 20},
        {"dev_average_precision": 0.7, "epoch": 1.0, "step": 20},
        {"train_runtime": 3.0, "epoch": 1.0, "step": 20},
    ]
    assert lines(draw_training(log)) == {
        "loss": [(0.5, 0.9), (1.0, 0.4)],
        "dev_average_precision": [(1.0, 0.7)],
    }


def test_precision_recall_has_a_line_for_each_label_that_some_story_holds():
    found = lines(draw_precision_recall(PROBABILITIES, HELD))
    assert set(found) == {"planned", "ongoing", "completed"}
    assert (1.0, 1.0) in found["planned"]
    assert found["ongoing"] == [(1.0, 0.5), (1.0, 2 / 3), (0.5, 0.5), (0.5, 1.0), (0.0, 1.0)]


def test_calibration_shows_the_share_that_holds_at_each_stated_probability():
    figure = draw_calibration(PROBABILITIES, HELD)
    found = lines(figure)
    assert set(found) == {"planned", "ongoing", "completed"}
    assert found["ongoing"] == [(0.1, 0.0), (0.2, 1.0), (0.6, 0.0), (0.9, 1.0)]
    assert found["completed"] == [(0.5, 0.5)]
    assert [tuple(point) for point in figure.axes[0].get_lines()[0].get_xydata().tolist()] == [(0, 0), (1, 1)]


def test_confusion_counts_readers_sets_against_the_model_s():
    figure = draw_confusion(
        [
            judged((ONGOING,), (ONGOING,)),
            judged((ONGOING,), (ONGOING,)),
            judged((COMPLETED, OMBUDSMAN), (OMBUDSMAN, COMPLETED)),
            judged((), (PLANNED,)),
        ]
    )
    axes = figure.axes[0]
    names = [tick.get_text() for tick in axes.get_xticklabels()]
    assert names == [tick.get_text() for tick in axes.get_yticklabels()]
    assert names == ["completed+ombudsman", "none", "ongoing", "planned"]
    cells = {
        (names[int(text.get_position()[1])], names[int(text.get_position()[0])]): text.get_text()
        for text in axes.texts
    }
    assert cells == {
        ("completed+ombudsman", "completed+ombudsman"): "1",
        ("none", "planned"): "1",
        ("ongoing", "ongoing"): "2",
    }


def test_phenomena_show_how_often_the_label_set_is_just_right():
    figure = draw_phenomena(
        [
            judged((ONGOING,), (ONGOING,), tags=("plain", "pair:1")),
            judged((ONGOING,), (), tags=("plain",)),
            judged((), (), tags=("plain", "short")),
        ]
    )
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["short (1)", "plain (3)"]
    assert [bar.get_width() for bar in axes.patches] == [1.0, pytest.approx(2 / 3)]


def test_at_most_thirty_phenomena_are_drawn():
    tags = tuple(f"tag{number}" for number in range(40))
    assert len(draw_phenomena([judged(tags=tags)]).axes[0].patches) == 30


def test_all_plots_of_a_run_can_be_saved(tmp_path):
    some = [judged((ONGOING,), (ONGOING,), tags=("plain",)), judged((), (), tags=("short",))] * 2
    log = [{"loss": 0.9, "epoch": 1.0}]
    plots = draw_plots(some, probabilities=PROBABILITIES, held=HELD, log=log)
    assert list(plots) == ["training", "precision_recall", "calibration", "confusion", "phenomena"]
    for name, figure in plots.items():
        figure.savefig(tmp_path / f"{name}.png", dpi=20)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_run_too_small_for_any_curve_is_drawn_empty_without_a_warning(tmp_path):
    plots = draw_plots(
        [judged()], probabilities=np.full((1, 4), 0.5), held=np.zeros((1, 4), dtype=np.bool_), log=[]
    )
    assert [lines(plots[name]) for name in ("training", "precision_recall", "calibration")] == [{}] * 3
    for name, figure in plots.items():
        figure.savefig(tmp_path / f"{name}.png", dpi=20)


def test_learning_curve_has_f1_beside_average_precision_over_the_stories():
    points = [
        {
            "stories": stories,
            "macro_f1": value,
            "f1": dict.fromkeys(LABELS, value / 2),
            "average_precision": {**dict.fromkeys(LABELS, value), "planned": None, "ongoing": precision},
        }
        for stories, value, precision in ((10, 0.2, None), (20, 0.6, 0.9))
    ]
    left, right = draw_learning_curve(points).axes
    curves = [
        {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()} for axes in (left, right)
    ]
    assert set(curves[0]) == {"macro-F1", *LABELS}
    assert curves[0]["macro-F1"] == [[10, 0.2], [20, 0.6]]
    assert curves[0]["planned"] == [[10, 0.1], [20, 0.3]]
    assert set(curves[1]) == {"ongoing", "completed", "ombudsman"}
    assert curves[1]["ongoing"] == [[20, 0.9]]
    assert curves[1]["completed"] == [[10, 0.2], [20, 0.6]]
