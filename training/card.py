"""The model card: README.md of a bundle, written from its manifest so that no figure is typed by hand."""

import json
import tomllib
from pathlib import Path
from typing import Any

from classifier.labels import LABELS
from training.tables import (
    baselines_table,
    behaviour_table,
    columns_table,
    curve_table,
    labels_table,
    nations_table,
    prices_table,
    seeds_table,
    summary_table,
    tried_table,
)

_CARD = """\
# {name} {version}

Reads a story about health or social care and says whether it speaks of a formal complaint that is planned,
ongoing, completed or bound for an ombudsman, and in which sentences. A moderator decides; this model points.

- **Base**: `{base}` (Apache-2.0), fine-tuned as a token classifier with four outputs; a sentence is the
  mean of its tokens, a story the largest of its sentences; nothing is cut off (windows of {window[tokens]}
  word pieces, overlapping by at most {window[overlap]}).{distilled}
- **Data**: {train} stories to train, {dev} to calibrate and choose thresholds, {test} frozen ones to test,
  all written for this project (`data/README.md`). Fingerprint of the training stories: `{fingerprint}`.
- **Form**: ONNX, int8; {size:.1f} MB; no pickle, no code. Agrees with the full-precision encoder in
  {agreement:.1%} of decisions on dev. Checked on a {machine} processor with {flags}.{drafts}
- **Made with** complaint-context {code}, {made_with}; {seed}.

## How good, on the frozen test set
{test_stories} stories by a hand that saw none of the others; borderline ones apart. The set is enriched with
complaints and hard cases; live stories are mostly easier.

{summary}

{labels}

Borderline stories ({borderline_stories}), on which careful readers may differ:

{borderline}

## From seed to seed
{seeds}

## Beside ordinary and plain stories
{columns}

## Nation
{nations}

## On real comments
{comments}

## The gate
{gate}

## Beside other ways, on the same stories
{baselines}

## Thresholds and their price
{thresholds}

From `review` on a person should look, from `clear` on the label holds. They start at the best F1 on dev; then
those of the labels that pause are lowered together until we can be 95% confident that enough stories are
paused; for review those of all labels further still, as far as this sends at most 3% of dev to a person. What
another floor for pausing would cost, at the live rate of about one complaint story in a hundred, if live
stories were as full of near misses as dev is (they are not: see the real comments):

{prices}

## Behaviour, case by case
{behaviour}

## Calibration
Expected calibration error on dev: {calibration}.

## What was tried
Figures of their time, one seed; this bundle's own are above.

{tried}

## What more stories would do
{curve_note}

{curve}

## Not for
Deciding without a person; languages other than English; complaints outside health and social care; judging
whether a complaint is justified. Weak spots: oblique wording without any word of complaint, and letters never
called a complaint.
"""

_NOT_MEASURED = "Not measured in this run."
_SEEDS_NOTE = """\
The same training from several seeds, on the same splits; borderline stories apart. Released is the
{released}: of all these, the one that ranks dev best. The frozen test set and the outside comments chose
nothing."""
_COLUMNS_NOTE = """\
The frozen test set is hard on purpose. Ordinary stories of dev are posts as most are (praise, criticism,
survey answers) without a label; plain explicit ones have a label and say so in plain words. The thresholds
were chosen on dev, which flatters its columns a little."""
_CURVE_NOTE = """\
Training all layers from the base (seed {seed}) on growing shares of the training stories
(`complaint-context learning-curve`): F1 and, in brackets, average precision on settled dev stories, where
each share chose its own thresholds. The curve has not levelled off: more stories are what would help most."""
_NATIONS_NOTE = """\
Read by rules, on settled stories. Precision: right among those where a nation is named; recall: right among
those whose nation the story shows."""
_GATE = """\
A first look at every story, by a net of cues and a small network over static word embeddings: the encoder
reads those in which either finds something, and in most neither does. Of {positives:,} settled stories with
a label, scored by networks that had not seen them, it holds back {missed}; so it keeps at least
{kept_at_least:.2%} (95%, one-sided). It lets through {dev_passed:.1%} of dev{and_comments}. Of dev,
{dev_equal:.2%} get the same labels and action as without it. Without it, on the frozen test set:

{ungated}"""
_NO_GATE = "This bundle has none: the encoder reads every story whole."
_DRAFTS = """
- **Drafts**: each window is read as a draft first, in coarser int8. On dev a sentence's logit in a draft
  lay at most {margin:.2f} below its own; where a draft stays that far below every threshold it stands,
  which saves {windows_saved:.1%} of dev windows from being read again, and {ordinary_windows_saved:.1%} of
  those of stories without a label."""
_DISTILLED = """
- **Distilled**: it starts from some of the layers of an encoder trained so before, and learns that encoder's
  logits beside the labels (`training/recipes/`)."""

_BASELINES_NOTE = """\
`embeddings-svm` is the method behind the NHS website's published complaint rule. Thresholds of all of them
come from the same dev stories."""


def write_card(folder: Path) -> Path:
    """Writes README.md of the bundle in ``folder`` from its bundle.json; returns the path."""
    manifest = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
    card = folder / "README.md"
    card.write_text(render_card(manifest), encoding="utf-8")
    return card


def render_card(manifest: dict[str, Any]) -> str:
    """The card's text."""
    figures, data, curve = manifest["figures"], manifest["data"], _learning_curve()
    return _CARD.format(
        **{key: manifest[key] for key in ("name", "version", "base", "window", "code")},
        **{key: data[key] for key in ("train", "dev", "test")},
        fingerprint=data["fingerprint"][:16],
        size=manifest["files"]["encoder.onnx"]["bytes"] / 1e6,
        agreement=figures["int8_agreement"],
        machine=manifest["checked_on"]["machine"],
        flags=", ".join(manifest["checked_on"]["flags"]) or "unknown vector instructions",
        made_with=", ".join(f"{name} {number}" for name, number in manifest["made_with"].items()),
        distilled=_DISTILLED if manifest["settings"].get("teacher") else "",
        drafts=_DRAFTS.format(**figures["drafts"]) if "drafts" in figures else "",
        seed=figures.get("released") or f"seed {manifest['settings']['seed']}",
        test_stories=figures["test"]["stories"],
        summary=summary_table(figures["test"]),
        labels=labels_table(figures["test"]),
        borderline_stories=figures["test_borderline"]["stories"],
        borderline=summary_table(figures["test_borderline"]),
        seeds=_seeds(figures),
        columns=_columns(figures),
        nations=_nations(figures),
        comments=_comments(figures["comments"]),
        gate=_gate(figures.get("gate")),
        baselines=_baselines(figures),
        thresholds=_thresholds(manifest),
        prices=prices_table(figures["prices"]),
        behaviour=_behaviour(figures.get("behaviour")),
        tried=tried_table(_tried()),
        curve_note=_CURVE_NOTE.format(seed=curve["settings"]["seed"]),
        curve=curve_table(curve["points"]),
        calibration=", ".join(f"{k} {v:.3f}" for k, v in figures["dev_calibration_error"].items()),
    )


def _seeds(figures: dict[str, Any]) -> str:
    if len(figures.get("seeds", ())) < 2:
        return "One seed only."
    return f"{seeds_table(figures['seeds'])}\n\n{_SEEDS_NOTE.format(released=figures['released'])}"


def _columns(figures: dict[str, Any]) -> str:
    if "columns" not in figures:
        return _NOT_MEASURED
    return f"{_COLUMNS_NOTE}\n\n{columns_table(figures['columns'])}"


def _nations(figures: dict[str, Any]) -> str:
    if "nations" not in figures:
        return _NOT_MEASURED
    return f"{_NATIONS_NOTE}\n\n{nations_table(figures['nations'])}"


def _tried() -> list[dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_name("tried.toml").read_text(encoding="utf-8"))["tried"]


def _learning_curve() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("learning_curve.json").read_text(encoding="utf-8"))


def _comments(counts: dict[str, Any] | None) -> str:
    if counts is None:
        return _NOT_MEASURED
    return (
        f"{counts['comments']:,} comments by real people, labelled by two readers, kept outside this project "
        "and used for\nnothing else: "
        f"{counts['false_pauses']} of {counts['unlabelled']:,} without a label were paused "
        f"({counts['false_pauses_per_1000']:.2f} per 1,000),\n{counts['reviews']} sent to review; "
        f"of {counts['labelled']} with a label, {counts['found']} got a fitting label or a review."
    )


def _gate(effect: dict[str, Any] | None) -> str:
    if effect is None:
        return _NO_GATE
    comments = effect["comments_passed"]
    return _GATE.format(
        **{key: effect["threshold"][key] for key in ("positives", "kept_at_least")},
        missed=len(effect["threshold"]["missed"]),
        dev_passed=effect["dev_passed"],
        and_comments="" if comments is None else f" and {comments:.1%} of the real comments",
        dev_equal=effect["dev_equal"],
        ungated=summary_table(effect["test_ungated"]),
    )


def _behaviour(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return _NOT_MEASURED
    return (
        f"{figures['passed']} of {figures['cases']} cases pass ({figures['share']:.1%}): clear stories "
        "(minimum function), changes that say\nnothing new (invariance), clauses that say something new "
        f"(directional).\n\n{behaviour_table(figures)}"
    )


def _baselines(figures: dict[str, Any]) -> str:
    if not figures["baselines"]:
        return "None was fitted in this run."
    return f"{baselines_table(figures['test'], figures['baselines'])}\n\n{_BASELINES_NOTE}"


def _thresholds(manifest: dict[str, Any]) -> str:
    lines = ["| label | review | clear |", "| --- | --- | --- |"]
    chosen = manifest["thresholds"]
    lines += [f"| {label} | {chosen[label]['review']} | {chosen[label]['clear']} |" for label in LABELS]
    return "\n".join(lines)
