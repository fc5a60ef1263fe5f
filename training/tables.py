"""Figures as Markdown tables, for the model card, the README and the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from classifier.labels import LABELS

_OURS = "complaint-context (this bundle)"


def labels_table(figures: Mapping[str, Any]) -> str:
    """Precision, recall and F1 of each label and of the decision to pause."""
    rows = [(label, figures["labels"][label]) for label in LABELS] + [("pause decision", figures["pause"])]
    return _table(
        ("", "precision", "recall", "F1", "right", "wrong", "missed"),
        [
            (
                name,
                *(f"{rate[key]:.3f}" for key in ("precision", "recall", "f1")),
                *(str(rate[key]) for key in ("right", "wrong", "missed")),
            )
            for name, rate in rows
        ],
    )


def summary_table(figures: Mapping[str, Any]) -> str:
    """One figure a row, with its 95% interval where there is one."""
    evidence = figures["evidence"]
    return _table(
        ("figure", "value", "95% interval"),
        [
            (
                "macro-F1 over the four labels",
                f"{figures['macro_f1']:.3f}",
                _interval(figures["macro_f1_interval"]),
            ),
            ("exact label sets", f"{figures['exact']:.3f}", ""),
            (
                "pause recall",
                f"{figures['pause']['recall']:.3f}",
                _interval(figures["pause_recall_interval"]),
            ),
            (
                "pause precision",
                f"{figures['pause']['precision']:.3f}",
                _interval(figures["pause_precision_interval"]),
            ),
            ("paused or reviewed, of those to pause", f"{figures['held_recall']:.3f}", ""),
            ("sent to review", f"{figures['review']:.3f}", ""),
            ("first quote overlaps a reader's", "-" if evidence is None else f"{evidence:.3f}", ""),
        ],
    )


def baselines_table(ours: Mapping[str, Any], baselines: Mapping[str, Mapping[str, Any]]) -> str:
    """Our bundle beside the baselines, on the same stories."""
    rows = [*baselines.items(), (_OURS, ours)]
    return _table(
        ("model", "macro-F1", "95% interval", "exact", "pause recall", "pause precision"),
        [
            (
                name,
                f"{f['macro_f1']:.3f}",
                _interval(f["macro_f1_interval"]),
                f"{f['exact']:.3f}",
                f"{f['pause']['recall']:.3f}",
                f"{f['pause']['precision']:.3f}",
            )
            for name, f in rows
        ],
    )


def prices_table(prices: Sequence[Mapping[str, float]]) -> str:
    """What each recall floor for pausing would cost at the live rate."""
    return _table(
        ("recall floor", "pause recall on dev", "false pauses per 1,000", "at most (95%)"),
        [
            (
                f"{p['recall_floor']:.2f}",
                f"{p['recall']:.3f}",
                f"{p['false_pauses_per_1000']:.1f}",
                f"{p['false_pauses_per_1000_at_most']:.1f}",
            )
            for p in prices
        ],
    )


def behaviour_table(figures: Mapping[str, Any]) -> str:
    """Pass rates of behavioural cases by kind and phenomenon, as they stand: worst first within a kind."""
    return _table(
        ("kind", "phenomenon", "passed", "cases", "share"),
        [
            (
                kind.replace("_", " "),
                phenomenon.replace("_", " "),
                str(rate["passed"]),
                str(rate["cases"]),
                f"{rate['passed'] / rate['cases']:.0%}",
            )
            for kind, rates in figures["kinds"].items()
            for phenomenon, rate in rates.items()
        ],
    )


def beside_table(candidate: Mapping[str, str], champion: Mapping[str, str] | None) -> str:
    """A candidate's figures, in words, beside those of the champion, if there is one."""
    before = champion or {}
    return _table(
        ("figure", "champion", "candidate"),
        [(name, before.get(name, "-"), value) for name, value in candidate.items()],
    )


def checks_table(checks: Sequence[Mapping[str, Any]]) -> str:
    """Every rule of the promotion gate: whether it passed, and on what figures."""
    rows = [("passed" if one["passed"] else "FAILED", one["rule"], one["fact"]) for one in checks]
    return _table(("", "rule", "figures"), rows)


def versions_table(versions: Sequence[Mapping[str, Any]]) -> str:
    """Registered versions: aliases, figures as last measured, what the gate said."""
    figures = ("dev_macro_f1", "dev_pause_recall", "dev_pause_precision", "behaviour")
    return _table(
        ("version", "bundle", "aliases", *(name.replace("_", " ") for name in figures), "gate", "accepted"),
        [
            (
                str(one["number"]),
                one["bundle"],
                ", ".join(one["aliases"]),
                *(f"{one['figures'][name]:.3f}" if name in one["figures"] else "-" for name in figures),
                one["gate"] or "-",
                one["accepted"] or "-",
            )
            for one in versions
        ],
    )


def curve_table(points: Sequence[Mapping[str, Any]]) -> str:
    """Points of a learning curve: F1 and, in brackets, average precision of each label."""
    return _table(
        ("share", "stories", "macro-F1", *LABELS),
        [
            (
                f"{point['share']:g}",
                str(point["stories"]),
                f"{point['macro_f1']:.3f}",
                *(_f1_and_rank(point, label) for label in LABELS),
            )
            for point in points
        ],
    )


def _f1_and_rank(point: Mapping[str, Any], label: str) -> str:
    ranked = point["average_precision"][label]
    return f"{point['f1'][label]:.3f} ({'-' if ranked is None else f'{ranked:.3f}'})"


def flips_table(flips: Sequence[Mapping[str, str]]) -> str:
    """Stories whose decision changes."""
    keys = ("turn", "id", "gold", "before", "after")
    return _table(
        ("turn", "story", "readers say", "before", "after"), [[flip[key] for key in keys] for flip in flips]
    )


def _interval(bounds: Sequence[float]) -> str:
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
