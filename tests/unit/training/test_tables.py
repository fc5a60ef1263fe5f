import pytest

from classifier.labels import LABELS
from training.tables import (
    baselines_table,
    behaviour_table,
    beside_table,
    checks_table,
    columns_table,
    curve_table,
    flips_table,
    labels_table,
    nations_table,
    prices_table,
    slices_table,
    summary_table,
    tried_table,
    versions_table,
    worst_table,
)


def rate(number):
    """Numbers that stand nowhere else: 0.n1, 0.n2, 0.n3 and n1, n2, n3."""
    shares = {
        key: number / 10 + step / 100 for step, key in enumerate(("precision", "recall", "f1"), start=1)
    }
    return shares | {
        key: 10 * number + step for step, key in enumerate(("right", "wrong", "missed"), start=1)
    }


def figures(**changes):
    return {
        "macro_f1": 0.8125,
        "macro_f1_interval": (0.7016, 0.9134),
        "exact": 0.6543,
        "labels": {str(label): rate(number) for number, label in enumerate(LABELS, start=1)},
        "pause": rate(5),
        "pause_recall_interval": (0.4444, 0.5555),
        "pause_precision_interval": (0.4141, 0.6161),
        "held_recall": 0.9876,
        "review": 0.0771,
        "evidence": 0.9312,
    } | changes


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_labels_table_has_a_row_a_label_and_one_for_the_pause():
    assert cells(labels_table(figures())) == [
        ["", "precision", "recall", "F1", "right", "wrong", "missed"],
        ["---"] * 7,
        ["planned", "0.110", "0.120", "0.130", "11", "12", "13"],
        ["ongoing", "0.210", "0.220", "0.230", "21", "22", "23"],
        ["completed", "0.310", "0.320", "0.330", "31", "32", "33"],
        ["ombudsman", "0.410", "0.420", "0.430", "41", "42", "43"],
        ["pause decision", "0.510", "0.520", "0.530", "51", "52", "53"],
    ]


def test_summary_table_shows_every_figure_and_interval():
    assert cells(summary_table(figures())) == [
        ["figure", "value", "95% interval"],
        ["---"] * 3,
        ["macro-F1 over the four labels", "0.812", "0.702 to 0.913"],
        ["exact label sets", "0.654", ""],
        ["pause recall", "0.520", "0.444 to 0.555"],
        ["pause precision", "0.510", "0.414 to 0.616"],
        ["paused or reviewed, of those to pause", "0.988", ""],
        ["sent to review", "0.077", ""],
        ["first quote overlaps a reader's", "0.931", ""],
    ]


def test_summary_of_a_model_without_quotes_has_a_dash():
    assert cells(summary_table(figures(evidence=None)))[-1] == ["first quote overlaps a reader's", "-", ""]


def test_baselines_stand_above_our_bundle():
    baseline = figures(macro_f1=0.25, macro_f1_interval=(0.2, 0.3), exact=0.11, pause=rate(6))
    assert cells(baselines_table(figures(), {"keywords": baseline})) == [
        ["model", "macro-F1", "95% interval", "exact", "pause recall", "pause precision"],
        ["---"] * 6,
        ["keywords", "0.250", "0.200 to 0.300", "0.110", "0.620", "0.610"],
        ["complaint-context (this bundle)", "0.812", "0.702 to 0.913", "0.654", "0.520", "0.510"],
    ]


def test_prices_table_has_a_row_a_floor():
    prices = [
        {
            "recall_floor": floor,
            "recall": floor + 0.0123,
            "false_pauses_per_1000": 100 * floor,
            "false_pauses_per_1000_at_most": 200 * floor,
        }
        for floor in (0.75, 0.9)
    ]
    assert cells(prices_table(prices)) == [
        ["recall floor", "pause recall on dev", "false pauses per 1,000", "at most (95%)"],
        ["---"] * 4,
        ["0.75", "0.762", "75.0", "150.0"],
        ["0.90", "0.912", "90.0", "180.0"],
    ]


def column(**changes):
    return {
        "stories": 1234,
        "unlabelled": 1100,
        "false_pauses": 11,
        "false_pauses_per_1000": 10.0,
        "labelled": 134,
        "found": 67,
        "exact": 617,
    } | changes


def test_columns_stand_side_by_side_with_the_counts_behind_each_share():
    table = columns_table(
        {
            "test": column(),
            "ordinary": column(labelled=0, found=0),
            "plain_explicit": column(unlabelled=0, false_pauses=0, false_pauses_per_1000=None),
            "comments": column(exact=None),
        }
    )
    assert cells(table) == [
        ["", "frozen test", "ordinary (dev)", "plain explicit (dev)", "outside comments"],
        ["---"] * 5,
        ["stories", "1,234", "1,234", "1,234", "1,234"],
        [
            "false pauses per 1,000 without a label",
            "10.0 (11 of 1,100)",
            "10.0 (11 of 1,100)",
            "-",
            "10.0 (11 of 1,100)",
        ],
        [
            "found (a fitting label, or a review)",
            "0.500 (67 of 134)",
            "-",
            "0.500 (67 of 134)",
            "0.500 (67 of 134)",
        ],
        [
            "exact label sets",
            "0.500 (617 of 1,234)",
            "0.500 (617 of 1,234)",
            "0.500 (617 of 1,234)",
            "-",
        ],
    ]


def test_column_of_another_split_keeps_its_name():
    assert cells(columns_table({"train": column()}))[0] == ["", "train"]


def test_nations_table_has_our_own_stories_and_apart_from_them_the_test_set():
    assert cells(nations_table({"ours": rate(3), "test": rate(4)})) == [
        ["nation", "precision", "recall", "right", "wrong", "missed"],
        ["---"] * 6,
        ["our own stories", "0.310", "0.320", "31", "32", "33"],
        ["frozen test", "0.410", "0.420", "41", "42", "43"],
    ]


def estimate(value, *, of=50, small=False):
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "of": of, "small": small}


def test_slices_table_stars_small_figures_and_dashes_missing_ones():
    row = {
        "dimension": "voice",
        "name": "carer",
        "stories": 17,
        "exact": estimate(0.5),
        "pause_recall": estimate(0.25, of=7, small=True),
        "pause_precision": None,
    }
    assert cells(slices_table([row])) == [
        ["voice", "stories", "exact label set", "pause recall", "pause precision"],
        ["---"] * 5,
        ["carer", "17", "0.50 (0.40 to 0.60)", "0.25 (0.15 to 0.35)*", "-"],
    ]


def test_worst_table_says_where_a_weakness_is_not_sure():
    row = {
        "figure": "pause_recall",
        "dimension": "voice",
        "name": "carer",
        "estimate": estimate(0.5, of=17),
        "whole": 0.75,
        "below": 0.15,
    }
    unsure = row | {"figure": "exact", "whole": 0.6, "below": 0.0}
    assert cells(worst_table([row, unsure])) == [
        ["slice", "figure", "of stories", "value (95%)", "all stories", "surely below by"],
        ["---"] * 6,
        ["voice: carer", "pause recall", "17", "0.50 (0.40 to 0.60)", "0.750", "0.150"],
        ["voice: carer", "exact label set", "17", "0.50 (0.40 to 0.60)", "0.600", "not sure"],
    ]


@pytest.mark.parametrize("table", [labels_table, summary_table])
def test_every_row_has_as_many_cells_as_the_header(table):
    assert len({len(row) for row in cells(table(figures()))}) == 1


def test_what_was_tried_says_whether_it_stayed():
    tried = [
        {"what": "a faster head", "measured": "loss", "without": "0.4", "with": "0.2", "kept": True},
        {"what": "a mean of weights", "measured": "macro-F1", "without": "0.9", "with": "0.9", "kept": False},
    ]
    assert tried_table(tried).splitlines()[2:] == [
        "| a faster head | loss | 0.4 | 0.2 | yes |",
        "| a mean of weights | macro-F1 | 0.9 | 0.9 | no |",
    ]


def test_behaviour_table_has_a_row_a_phenomenon_in_words():
    kinds = {
        "invariance": {"moved_paragraph": {"passed": 1, "cases": 3}},
        "minimum_function": {"plain": {"passed": 2, "cases": 2}},
    }
    assert cells(behaviour_table({"kinds": kinds})) == [
        ["kind", "phenomenon", "passed", "cases", "share"],
        ["---"] * 5,
        ["invariance", "moved paragraph", "1", "3", "33%"],
        ["minimum function", "plain", "2", "2", "100%"],
    ]


def test_candidate_stands_beside_the_champion_or_beside_dashes():
    assert cells(beside_table({"recall": "0.9"}, {"recall": "0.8"}))[2:] == [["recall", "0.8", "0.9"]]
    assert cells(beside_table({"recall": "0.9"}, None))[2:] == [["recall", "-", "0.9"]]


def test_failed_checks_stand_out():
    checks = [
        {"rule": "one", "passed": True, "fact": "fine", "advice": "none"},
        {"rule": "two", "passed": False, "fact": "too low", "advice": "train"},
    ]
    assert cells(checks_table(checks))[2:] == [["passed", "one", "fine"], ["FAILED", "two", "too low"]]


def test_flips_table_tells_what_becomes_of_each_story():
    flip = {"turn": "right to wrong", "id": "U01-1", "gold": "none", "before": "a: b", "after": "c: d"}
    assert cells(flips_table([flip]))[2:] == [["right to wrong", "U01-1", "none", "a: b", "c: d"]]


def test_versions_table_has_a_dash_for_what_was_never_measured():
    plain = {"number": 1, "bundle": "tiny/8", "aliases": (), "figures": {}, "gate": None, "accepted": None}
    known = {
        "number": 2,
        "bundle": "tiny/9",
        "aliases": ("challenger", "previous"),
        "figures": {"dev_macro_f1": 0.8765, "behaviour": 0.5},
        "gate": "passed",
        "accepted": "because",
    }
    assert cells(versions_table([plain, known]))[2:] == [
        ["1", "tiny/8", "", "-", "-", "-", "-", "-", "-"],
        ["2", "tiny/9", "challenger, previous", "0.876", "-", "-", "0.500", "passed", "because"],
    ]


def test_curve_table_has_f1_and_average_precision_of_each_label():
    point = {
        "share": 0.25,
        "stories": 12,
        "macro_f1": 0.5,
        "f1": dict.fromkeys(LABELS, 0.25),
        "average_precision": {**dict.fromkeys(LABELS, 0.75), "ombudsman": None},
    }
    assert cells(curve_table([point])) == [
        ["share", "stories", "macro-F1", "planned", "ongoing", "completed", "ombudsman"],
        ["---"] * 7,
        ["0.25", "12", "0.500", "0.250 (0.750)", "0.250 (0.750)", "0.250 (0.750)", "0.250 (-)"],
    ]
