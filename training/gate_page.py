"""The page of the promotion gate, as Markdown: candidate beside champion, every rule, every flipped story."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from training.flips import Flip, Turn
from training.gate import Check, GateRules, Measured, slices
from training.tables import beside_table, checks_table, flips_table

_WEIGHED = "Frozen test figures are reported and not gated on: who chooses by them has no test left."
_NO_CHAMPION = "No champion yet: only the absolute rules apply."
_NOTHING = "-"
_OTHER_STORIES = (
    "{} was trained on other stories than those given: some of dev may be among them and flatter it."
)


def render_gate(
    candidate: Measured,
    champion: Measured | None,
    *,
    checks: Sequence[Check],
    flips: Sequence[Flip],
    rules: GateRules,
) -> str:
    """The whole page."""
    against = f"against {champion.name}" if champion else "first promotion"
    sections = [
        f"# Promotion gate: {candidate.name}, {against}",
        *([] if champion else [_NO_CHAMPION]),
        *[_OTHER_STORIES.format(one.name) for one in (candidate, champion) if one and not one.same_stories],
        _figures(candidate, champion, rules),
        _WEIGHED,
        f"## Rules\n\n{checks_table([asdict(one) for one in checks])}",
        *([f"## Flipped dev stories\n\n{_flips(flips)}"] if champion else []),
    ]
    return "\n\n".join(sections)


def _figures(candidate: Measured, champion: Measured | None, rules: GateRules) -> str:
    return beside_table(_column(candidate, rules), _column(champion, rules) if champion else None)


def _column(measured: Measured, rules: GateRules) -> dict[str, str]:
    dev, test, behaviour = measured.dev_figures, measured.test_figures, measured.behaviour
    agreement, comments = measured.int8_agreement, measured.comments
    return {
        f"dev: macro-F1 ({dev.stories} stories)": f"{dev.macro_f1:.3f}",
        "dev: pause recall": f"{dev.pause.recall:.3f}",
        "dev: pause precision": f"{dev.pause.precision:.3f}",
        "dev: worst slice (exact labels)": _worst(measured, rules),
        "behavioural cases that pass": f"{behaviour.passed} of {behaviour.cases} ({behaviour.share:.1%})",
        "int8 agreement with fp32": _NOTHING if agreement is None else f"{agreement:.4f}",
        "outside comments: false pauses": _false_pauses(measured) if comments else _NOTHING,
        f"frozen test: macro-F1 ({test.stories} stories)": f"{test.macro_f1:.3f}",
        "frozen test: pause recall": f"{test.pause.recall:.3f}",
        "frozen test: pause precision": f"{test.pause.precision:.3f}",
    }


def _worst(measured: Measured, rules: GateRules) -> str:
    found = slices(measured.dev, least=rules.least_slice)
    return f"{found[0].exact:.3f} {found[0].phenomenon} ({found[0].stories})" if found else _NOTHING


def _false_pauses(measured: Measured) -> str:
    figures = measured.comments
    return (
        f"{len(figures.false_pauses)} of {figures.unlabelled} ({figures.false_pauses_per_1000:.2f} per 1,000)"
    )


def _flips(flips: Sequence[Flip]) -> str:
    if not flips:
        return "None: both decide alike on every settled dev story."
    counts = Counter(flip.turn for flip in flips)
    said = ", ".join(f"{counts[turn]} {turn}" for turn in Turn)
    return f"{said}.\n\n{flips_table([asdict(flip) for flip in flips])}"
