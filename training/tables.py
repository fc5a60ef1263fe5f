"""Figures as Markdown tables, for the model card, the README and the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from classifier.labels import LABELS

_OURS = "complaint-context (this bundle)"
_COLUMNS = {
    "test": "frozen test",
    "ordinary": "ordinary (dev)",
    "plain_explicit": "plain explicit (dev)",
    "comments": "outside comments",
}
_NATIONS = {"ours": "our own stories", "test": "frozen test"}
_SEED_FIGURES = {
    "dev_average_precision": ("average precision, dev", "{:.3f}"),
    "macro_f1": ("macro-F1", "{:.3f}"),
    "exact": ("exact label sets", "{:.3f}"),
    "pause_recall": ("pause recall", "{:.3f}"),
    "pause_precision": ("pause precision", "{:.3f}"),
    "pause_or_review": ("paused or reviewed, of those to pause", "{:.3f}"),
    "review_share": ("sent to review", "{:.3f}"),
    "evidence_overlap": ("first quote overlaps a reader's", "{:.3f}"),
    "comments.false_pauses": ("outside comments: false pauses", "{:d}"),
    "comments.reviews": ("outside comments: sent to review", "{:d}"),
    "comments.found": ("outside comments: found", "{:d}"),
}
_FIGURES = {
    "exact": "exact label set",
    "pause_recall": "pause recall",
    "pause_precision": "pause precision",
}


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


def seeds_table(seeds: Sequence[Mapping[str, Any]]) -> str:
    """Each seed's figures with their mean and spread, and beside them those of the mean of their weights."""
    alone = [entry for entry in seeds if entry["name"].startswith("seed ")]
    joined = [entry for entry in seeds if entry not in alone]
    return _table(
        (
            "figure",
            *(entry["name"] for entry in alone),
            "mean",
            "lowest to highest",
            *(entry["name"] for entry in joined),
        ),
        [
            (
                name,
                *(cell.format(_seed_figure(entry, key)) for entry in alone),
                *_mean_and_spread([_seed_figure(entry, key) for entry in alone], cell),
                *(cell.format(_seed_figure(entry, key)) for entry in joined),
            )
            for key, (name, cell) in _SEED_FIGURES.items()
            if all(_seed_figure(entry, key) is not None for entry in seeds)
        ],
    )


def _seed_figure(entry: Mapping[str, Any], key: str) -> float | None:
    """A figure of the entry, or of its outside comments where the key says so; None if not measured."""
    place, _, inner = key.partition(".")
    return (entry[place] or {}).get(inner) if inner else entry[place]


def _mean_and_spread(values: Sequence[float], cell: str) -> tuple[str, str]:
    mean = f"{sum(values) / len(values):{'.3f' if 'f' in cell else '.1f'}}"
    return mean, f"{cell.format(min(values))} to {cell.format(max(values))}"


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


def columns_table(columns: Mapping[str, Mapping[str, Any]]) -> str:
    """Unlike stories side by side; a dash where there is nothing to measure."""
    rows = {
        "stories": lambda c: f"{c['stories']:,}",
        "false pauses per 1,000 without a label": _false_pauses,
        "found (a fitting label, or a review)": lambda c: _part(c["found"], c["labelled"]),
        "exact label sets": lambda c: "-" if c["exact"] is None else _part(c["exact"], c["stories"]),
    }
    return _table(
        ("", *(_COLUMNS.get(name, name) for name in columns)),
        [(name, *(cell(column) for column in columns.values())) for name, cell in rows.items()],
    )


def _false_pauses(column: Mapping[str, Any]) -> str:
    if not column["unlabelled"]:
        return "-"
    return f"{column['false_pauses_per_1000']:.1f} ({column['false_pauses']} of {column['unlabelled']:,})"


def _part(part: int, whole: int) -> str:
    return f"{part / whole:.3f} ({part} of {whole:,})" if whole else "-"


def nations_table(nations: Mapping[str, Mapping[str, Any]]) -> str:
    """How well the nation is read: where one is named, and where one is known."""
    return _table(
        ("nation", "precision", "recall", "right", "wrong", "missed"),
        [
            (
                _NATIONS[name],
                *(f"{rate[key]:.3f}" for key in ("precision", "recall")),
                *(str(rate[key]) for key in ("right", "wrong", "missed")),
            )
            for name, rate in nations.items()
        ],
    )


def slices_table(slices: Sequence[Mapping[str, Any]]) -> str:
    """Slices of one dimension, a row each; figures that rest on too few stories carry a star."""
    return _table(
        (slices[0]["dimension"], "stories", *_FIGURES.values()),
        [(s["name"], str(s["stories"]), *(_estimate(s[figure]) for figure in _FIGURES)) for s in slices],
    )


def worst_table(worst: Sequence[Mapping[str, Any]]) -> str:
    """The weakest figures of slices beside those of all stories."""
    return _table(
        ("slice", "figure", "of stories", "value (95%)", "all stories", "surely below by"),
        [
            (
                f"{w['dimension']}: {w['name']}",
                _FIGURES[w["figure"]],
                str(w["estimate"]["of"]),
                _estimate(w["estimate"]),
                f"{w['whole']:.3f}",
                f"{w['below']:.3f}" if w["below"] > 0 else "not sure",
            )
            for w in worst
        ],
    )


def _estimate(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None:
        return "-"
    low, high = estimate["low"], estimate["high"]
    return f"{estimate['value']:.2f} ({low:.2f} to {high:.2f}){'*' if estimate['small'] else ''}"


def tried_table(tried: Sequence[Mapping[str, Any]]) -> str:
    """What was tried on the way, without it and with it, and whether it stayed."""
    return _table(
        ("tried", "measured", "without", "with", "kept"),
        [
            (*(one[key] for key in ("what", "measured", "without", "with")), "yes" if one["kept"] else "no")
            for one in tried
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
