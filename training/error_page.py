"""The error analysis as a page of Markdown."""

import re
from dataclasses import asdict

from classifier.display import visible
from training.errors import LEAST, Errors
from training.missed import Missed, Said
from training.tables import slices_table, worst_table

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&])")
_BY_LUCK = 0.025


def render_errors(errors: Errors, *, limit: int) -> str:
    """The page below its heading: worst slices, all slices, and the first ``limit`` of the missed stories."""
    plain = errors.to_dict()
    dimensions = dict.fromkeys(part["dimension"] for part in plain["slices"])
    tables = [
        slices_table([part for part in plain["slices"] if part["dimension"] == name]) for name in dimensions
    ]
    return "\n\n".join(
        [
            slices_table([plain["whole"]]),
            "## The worst slices",
            *_worst(errors),
            "## All slices",
            f"Starred figures rest on fewer than {LEAST} stories and are not ranked.",
            *tables,
            "## Missed stories",
            missed_note(len(errors.missed), limit=limit),
            *(_missed(missed) for missed in errors.missed[:limit]),
        ]
    )


def _worst(errors: Errors) -> list[str]:
    if not errors.worst:
        return ["Too few stories to rank any slice."]
    note = (
        "Ranked by how far the upper bound of the slice's 95% interval lies below the figure of all stories. "
        f"{errors.compared} figures were compared: about {round(_BY_LUCK * errors.compared)} of them lie "
        "surely below by luck alone."
    )
    return [note, worst_table([asdict(weakness) for weakness in errors.worst])]


def missed_note(missed: int, *, limit: int) -> str:
    """How many stories were missed, and how many of them are not shown."""
    if not missed:
        return "None."
    hidden = max(missed - limit, 0)
    shown = f"{hidden} of them are not shown; ask for more with --limit." if hidden else "All are shown."
    return f"{missed} in all, the gravest first, then those of which the model was surest. {shown}"


def _missed(missed: Missed) -> str:
    numbers = ", ".join(f"{label} {value:.3f}" for label, value in missed.probabilities.items())
    return "\n".join(
        [
            f"### {missed.id}: {missed.fault}",
            f"- readers: {_names(missed.gold)}; model: {_names(missed.found)}; action: {missed.action}",
            f"- probabilities: {numbers or 'none'}",
            f"- readers quote: {_quotes(missed.readers_quotes)}",
            f"- model quotes: {_quotes(missed.model_quotes)}",
        ]
    )


def _names(labels: tuple[str, ...]) -> str:
    return " and ".join(labels) or "none"


def _quotes(quotes: tuple[Said, ...]) -> str:
    return "; ".join(f"{quote.label} “{_literal(quote.text)}”" for quote in quotes) or "nothing"


def _literal(words: str) -> str:
    """The words as Markdown shows them to the letter, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(visible(words).split()))
