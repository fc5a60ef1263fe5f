import json

import pytest

from classifier.bundle import RELEASED
from classifier.labels import LABELS
from training.card import render_card, write_card
from training.tables import (
    baselines_table,
    columns_table,
    labels_table,
    nations_table,
    prices_table,
    seeds_table,
    summary_table,
)


def rate(number):
    return {"precision": number, "recall": number, "f1": number, "right": 1, "wrong": 2, "missed": 3}


def figures(number, *, stories):
    return {
        "stories": stories,
        "macro_f1": number,
        "macro_f1_interval": [number - 0.01, number + 0.01],
        "exact": number,
        "labels": {str(label): rate(number) for label in LABELS},
        "pause": rate(number),
        "pause_recall_interval": [number, number],
        "pause_precision_interval": [number, number],
        "held_recall": number,
        "review": number,
        "evidence": number,
    }


PRICES = [
    {
        "recall_floor": 0.85,
        "recall": 0.8901,
        "false_pauses_per_1000": 13.57,
        "false_pauses_per_1000_at_most": 24.68,
    }
]


COLUMN = {
    "stories": 77,
    "unlabelled": 30,
    "false_pauses": 3,
    "false_pauses_per_1000": 100.0,
    "labelled": 47,
    "found": 40,
    "exact": 66,
}


def manifest(*, baselines=(("embeddings-svm", 0.3456),), flags=("avx2", "fma"), comments=None):
    return {
        "name": "complaint-context",
        "version": 17,
        "base": "some/base",
        "window": {"tokens": 231, "overlap": 47},
        "code": "9.8.7",
        "made_with": {"torch": "2.1.0", "onnxruntime": "1.99"},
        "checked_on": {"machine": "riscv", "flags": list(flags)},
        "settings": {"seed": 4711},
        "data": {
            "fingerprint": "0123456789abcdef" * 4,
            "train": 3201,
            "dev": 602,
            "test": 203,
            "left_out": 4,
        },
        "files": {"encoder.onnx": {"bytes": 22_940_000}},
        "thresholds": {
            str(label): {"review": 0.11 + number, "clear": 0.22 + number}
            for number, label in enumerate(LABELS)
        },
        "figures": {
            "test": figures(0.8765, stories=181),
            "test_borderline": figures(0.6543, stories=22),
            "dev": figures(0.9, stories=560),
            "dev_calibration_error": {
                str(label): 0.0123 + number / 100 for number, label in enumerate(LABELS)
            },
            "int8_agreement": 0.9876,
            "prices": PRICES,
            "columns": dict.fromkeys(("test", "ordinary", "plain_explicit"), COLUMN),
            "nations": {"ours": rate(0.7654), "test": rate(0.5432)},
            "comments": comments,
            "baselines": {name: figures(number, stories=181) for name, number in baselines},
        },
    }


def test_card_tells_every_number_of_the_run():
    card = render_card(manifest())
    for words in (
        "# complaint-context 17\n",
        "`some/base`",
        "231\n",
        "by at most 47)",
        "3201 stories to train, 602 to calibrate and choose thresholds, 203 frozen ones",
        "`0123456789abcdef`.",
        "22.9 MB",
        "98.8% of decisions on dev",
        "a riscv processor with avx2, fma.",
        "complaint-context 9.8.7, torch 2.1.0, onnxruntime 1.99; seed 4711.",
        "181 stories by a hand",
        "Borderline stories (22)",
        "planned 0.012, ongoing 0.022, completed 0.032, ombudsman 0.042.",
        "| planned | 0.11 | 0.22 |\n| ongoing | 1.11 | 1.22 |\n",
        "| completed | 2.11 | 2.22 |\n| ombudsman | 3.11 | 3.22 |",
    ):
        assert words in card


def test_card_tells_what_drafts_save():
    bare = manifest()
    told = manifest()
    told["figures"]["drafts"] = {"margin": 0.7, "windows_saved": 0.4567, "ordinary_windows_saved": 0.9012}
    assert "0.70 below its own" in render_card(told)
    assert "45.7% of dev windows" in render_card(told)
    assert "90.1% of\n  those of stories without a label." in render_card(told)
    assert "Drafts" not in render_card(bare)


def test_card_shows_the_tables_of_the_test_set():
    found = manifest()["figures"]
    card = render_card(manifest())
    assert summary_table(found["test"]) in card
    assert labels_table(found["test"]) in card
    assert summary_table(found["test_borderline"]) in card
    assert prices_table(PRICES) in card
    assert baselines_table(found["test"], found["baselines"]) in card
    assert columns_table(found["columns"]) in card
    assert nations_table(found["nations"]) in card


def test_card_of_a_bundle_from_before_columns_and_nations_were_measured_still_renders():
    old = manifest()
    del old["figures"]["columns"], old["figures"]["nations"]
    card = render_card(old)
    for heading in ("Beside ordinary and plain stories", "Nation"):
        assert f"## {heading}\nNot measured in this run.\n" in card


def test_card_of_the_released_bundle_renders():
    released = json.loads((RELEASED / "bundle.json").read_text(encoding="utf-8"))
    assert render_card(released).startswith(f"# complaint-context {released['version']}\n")


def test_no_place_of_the_card_is_left_unfilled():
    card = render_card(manifest())
    assert "{" not in card
    assert "}" not in card
    assert "None" not in card


def test_card_says_where_a_compared_method_comes_from_only_if_there_is_one():
    note = "`embeddings-svm` is the method behind the NHS website's published complaint rule."
    assert note in render_card(manifest())
    alone = render_card(manifest(baselines=()))
    assert note not in alone
    assert "None was fitted in this run." in alone


def test_card_tells_what_outside_comments_showed_if_they_were_measured():
    counts = {
        "comments": 2345,
        "unlabelled": 2211,
        "labelled": 134,
        "false_pauses": 9,
        "false_pauses_per_1000": 4.0706,
        "reviews": 31,
        "found": 127,
    }
    card = " ".join(render_card(manifest(comments=counts)).split())
    assert "2,345 comments by real people" in card
    assert "9 of 2,211 without a label were paused (4.07 per 1,000), 31 sent to review" in card
    assert "of 134 with a label, 127 got a fitting label or a review." in card
    assert "Not measured in this run." in render_card(manifest())


def seed(name, number):
    shares = ("macro_f1", "exact", "pause_recall", "pause_precision", "pause_or_review", "review_share")
    return {
        "name": name,
        "dev_average_precision": number,
        **dict.fromkeys(shares, number),
        "evidence_overlap": number,
        "comments": None,
    }


def test_card_tells_how_the_seeds_differ_and_which_was_released():
    found = manifest()
    found["figures"]["seeds"] = [seed("seed 8", 0.61), seed("seed 9", 0.63), seed("mean of weights", 0.64)]
    found["figures"]["released"] = "mean of weights"
    card = render_card(found)
    assert seeds_table(found["figures"]["seeds"]) in card
    assert "Released is the\nmean of weights: of all these, the one that ranks dev best." in card
    assert "onnxruntime 1.99; mean of weights." in card


@pytest.mark.parametrize("seeds", [[], [seed("seed 8", 0.61)]], ids=["old bundle", "one"])
def test_card_of_a_single_seed_says_so(seeds):
    found = manifest()
    found["figures"]["seeds"] = seeds
    assert "## From seed to seed\nOne seed only.\n" in render_card(found)


def test_processor_that_tells_no_flags_is_said():
    assert "with unknown vector instructions." in render_card(manifest(flags=()))


def test_card_says_that_an_encoder_was_taught():
    assert "Distilled" not in render_card(manifest())
    taught = manifest() | {"settings": {"seed": 4711, "teacher": "runs/teacher"}}
    assert "- **Distilled**: it starts from some of the layers" in render_card(taught)


def test_card_is_written_from_the_bundle_on_disk(tmp_path):
    (tmp_path / "bundle.json").write_text(json.dumps(manifest()), encoding="utf-8")
    card = write_card(tmp_path)
    assert card == tmp_path / "README.md"
    assert card.read_text(encoding="utf-8") == render_card(manifest())


@pytest.mark.parametrize(
    "heading",
    [
        "How good",
        "From seed to seed",
        "Beside ordinary",
        "Nation",
        "On real comments",
        "Beside other ways",
        "Thresholds",
        "Behaviour",
        "Calibration",
        "Not for",
    ],
)
def test_card_has_its_sections_once(heading):
    assert render_card(manifest()).count(f"\n## {heading}") == 1


def test_card_tells_pass_rates_of_behavioural_cases_if_they_were_run():
    found = manifest()
    assert "Not measured in this run." in render_card(found)  # a bundle of before they were
    found["figures"]["behaviour"] = {
        "passed": 3,
        "cases": 4,
        "share": 0.75,
        "kinds": {"invariance": {"moved_paragraph": {"passed": 3, "cases": 4}}},
    }
    card = render_card(found)
    assert "3 of 4 cases pass (75.0%)" in card
    assert "| invariance | moved paragraph | 3 | 4 | 75% |" in card


def test_card_of_a_run_without_behavioural_cases_says_so():
    found = manifest(
        comments={
            **dict.fromkeys(("comments", "unlabelled", "labelled", "found"), 1),
            **dict.fromkeys(("false_pauses", "false_pauses_per_1000", "reviews"), 0),
        }
    )
    found["figures"]["behaviour"] = None
    assert "## Behaviour, case by case\nNot measured in this run.\n" in render_card(found)


def test_card_says_what_the_gate_does():
    effect = {
        "threshold": {
            "positives": 4666,
            "missed": ["T01-0001"],
            "kept_at_least": 0.99912,
            "dev_passed_unlabelled": 0.7,
        },
        "dev_equal": 0.9985,
        "dev_changed": ["T01-0002"],
        "dev_passed": 0.85,
        "comments_passed": 0.078,
        "test_ungated": figures(0.9321, stories=199),
        "comments_ungated": None,
    }
    made = manifest()
    made["figures"]["gate"] = effect
    card = render_card(made)
    gate = card.split("## The gate\n")[1].split("\n## ")[0]
    for told in (
        "4,666",
        "holds back 1",
        "99.91%",
        "85.0% of dev",
        "7.8% of the real comments",
        "99.85%",
        "0.932",
    ):
        assert told in gate
    made["figures"]["gate"] = effect | {"comments_passed": None}
    assert "85.0% of dev. Of dev" in render_card(made)


def test_card_of_a_bundle_without_a_gate_says_so():
    assert "## The gate\nThis bundle has none" in render_card(manifest())
