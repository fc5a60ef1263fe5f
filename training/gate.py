"""The promotion gate: what a candidate must show before a person may make it champion.

Why the frozen test set is reported and never gated on: whoever chooses among candidates by it, one promotion
after another, fits to it, and then nothing is left to tell how good the model is on stories nobody chose by.
Dev, which already chose the thresholds, carries the choice.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from classifier.errors import ComplaintContextError
from training.behaviour import BehaviourFigures
from training.comments import CommentFigures
from training.evaluate import Figures, Judged
from training.slices import phenomena
from training.thresholds import PAUSE_RECALL_FLOOR


class GateError(ComplaintContextError):
    """The gate, or the person asked, refuses a promotion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """What the gate asks for. Shares in 0..1; a fall is against the champion on the same stories.

    Absolute, and all that a first promotion is held to:
        least_pause_recall: share paused of the dev stories to pause. Thresholds are chosen to reach it; a
            bundle below it was calibrated on too few stories, or on others.
        least_macro_f1: below it the model is no better than its best baseline.
        least_behaviour: share of behavioural cases that pass; below it plain cases fail.
        least_int8_agreement: dev decisions that int8 leaves as they were; one in two hundred is what
            rounding may cost.
        most_false_pauses_per_1000: paused outside comments that no reader gave a label; more would hold up
            the site.
    Against the champion:
        macro_f1_fall, behaviour_fall: none: a change has to be worth its risk.
        pause_recall_fall: two or three stories of dev.
        pause_precision_fall: a few more false pauses cost a moderator's glance, a missed one more.
        slice_fall: of a phenomenon's dev stories with just the right labels. With about 20 stories in a slice
            of which one in ten flips, chance alone moves it by half of that.
        least_slice: dev stories a phenomenon needs to be a slice; fewer say nothing.
        false_pauses_rise: more of them per 1,000 outside comments.
    """

    least_pause_recall: float = PAUSE_RECALL_FLOOR
    least_macro_f1: float = 0.70
    least_behaviour: float = 0.70
    least_int8_agreement: float = 0.995
    most_false_pauses_per_1000: float = 3.0
    macro_f1_fall: float = 0.0
    behaviour_fall: float = 0.0
    pause_recall_fall: float = 0.01
    pause_precision_fall: float = 0.02
    slice_fall: float = 0.15
    least_slice: int = 15
    false_pauses_rise: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One bundle on the data of the gate.

    ``same_stories``: whether it was trained on the training stories that go with this dev.
    ``dev``: settled dev stories as it judges them. ``test_figures``: on the frozen test set, to report only.
    ``int8_agreement``: from the bundle's own figures; None where it states none. ``comments``: None unless
    outside comments are given.
    """

    name: str
    same_stories: bool
    dev: tuple[Judged, ...]
    dev_figures: Figures
    test_figures: Figures
    behaviour: BehaviourFigures
    int8_agreement: float | None
    comments: CommentFigures | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Dev stories of one phenomenon: how many, and the share with just the right label set."""

    phenomenon: str
    stories: int
    exact: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule applied: its name in ``GateRules``, the figures in words, and what to do if it failed."""

    rule: str
    passed: bool
    fact: str
    advice: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.fact}. {self.advice}"


def check(candidate: Measured, champion: Measured | None, *, rules: GateRules) -> tuple[Check, ...]:
    """Every rule that applies; without a champion only the absolute ones."""
    checks = [*_absolute(candidate, rules)]
    if champion is not None:
        checks += _against(candidate, champion, rules)
    return tuple(checks)


def slices(judged: Sequence[Judged], *, least: int) -> tuple[Slice, ...]:
    """Phenomena with at least ``least`` stories, worst first."""
    stories = Counter(tag for item in judged for tag in phenomena(item.labelled))
    exact = Counter(tag for i in judged if i.labels == i.gold for tag in phenomena(i.labelled))
    found = [
        Slice(phenomenon=tag, stories=count, exact=exact[tag] / count)
        for tag, count in stories.items()
        if count >= least
    ]
    return tuple(sorted(found, key=lambda one: (one.exact, one.phenomenon)))


def _absolute(candidate: Measured, rules: GateRules) -> Iterator[Check]:
    yield _at_least(
        "least_pause_recall",
        "pause recall on dev",
        candidate.dev_figures.pause.recall,
        rules.least_pause_recall,
        advice="Train with these stories' own dev, or label more stories that should pause.",
    )
    yield _at_least(
        "least_macro_f1",
        "macro-F1 on dev",
        candidate.dev_figures.macro_f1,
        rules.least_macro_f1,
        advice="Train longer, or label more; `learning-curve` shows whether more stories would help.",
    )
    yield _at_least(
        "least_behaviour",
        "behavioural cases that pass",
        candidate.behaviour.share,
        rules.least_behaviour,
        advice="`behaviour` shows which phenomena fail: label stories like them.",
    )
    yield _agreement(candidate.int8_agreement, rules)
    if candidate.comments is not None:
        found, most = candidate.comments.false_pauses_per_1000, rules.most_false_pauses_per_1000
        yield Check(
            rule="most_false_pauses_per_1000",
            passed=found <= most,
            fact=f"false pauses per 1,000 outside comments are {found:.2f}, at most {most:.2f} may be",
            advice="Label more ordinary stories, or retrain with another seed.",
        )


def _agreement(found: float | None, rules: GateRules) -> Check:
    stated = "not stated by the bundle" if found is None else f"{found:.4f}"
    return Check(
        rule="least_int8_agreement",
        passed=found is not None and found >= rules.least_int8_agreement,
        fact=f"int8 agreement is {stated}, at least {rules.least_int8_agreement} is asked",
        advice="Export the bundle anew with `train`, on the kind of machine that serves it.",
    )


def _against(candidate: Measured, champion: Measured, rules: GateRules) -> Iterator[Check]:
    figures: tuple[tuple[str, str, Callable[[Measured], float], float], ...] = (
        ("macro_f1_fall", "macro-F1 on dev", lambda m: m.dev_figures.macro_f1, rules.macro_f1_fall),
        (
            "pause_recall_fall",
            "pause recall on dev",
            lambda m: m.dev_figures.pause.recall,
            rules.pause_recall_fall,
        ),
        (
            "pause_precision_fall",
            "pause precision on dev",
            lambda m: m.dev_figures.pause.precision,
            rules.pause_precision_fall,
        ),
        ("behaviour_fall", "behavioural cases that pass", lambda m: m.behaviour.share, rules.behaviour_fall),
    )
    for rule, name, figure, fall in figures:
        yield _fall(rule, name, figure(candidate), figure(champion), fall)
    yield from _slice_fall(candidate, champion, rules)
    if candidate.comments is not None and champion.comments is not None:
        yield _rise(candidate.comments, champion.comments, rules)


def _at_least(rule: str, name: str, found: float, least: float, *, advice: str) -> Check:
    fact = f"{name} is {found:.3f}, at least {least:.3f} is asked"
    return Check(rule=rule, passed=found >= least, fact=fact, advice=advice)


def _fall(rule: str, name: str, found: float, before: float, fall: float) -> Check:
    return Check(
        rule=rule,
        passed=_within(before - found, fall),
        fact=f"{name} is {found:.3f}, the champion's {before:.3f}, {_allowed(fall)}",
        advice="See the flipped stories, label more like those turned wrong, train again.",
    )


def _slice_fall(candidate: Measured, champion: Measured, rules: GateRules) -> Iterator[Check]:
    """The slice that falls most; none where dev has no slice."""
    before = {one.phenomenon: one.exact for one in slices(champion.dev, least=rules.least_slice)}
    after = slices(candidate.dev, least=rules.least_slice)
    if after:
        worst = max(after, key=lambda one: before[one.phenomenon] - one.exact)
        name = f"worst change of a slice: exact labels of {worst.phenomenon} ({worst.stories} dev stories)"
        yield _fall("slice_fall", name, worst.exact, before[worst.phenomenon], rules.slice_fall)


def _rise(candidate: CommentFigures, champion: CommentFigures, rules: GateRules) -> Check:
    found, before = candidate.false_pauses_per_1000, champion.false_pauses_per_1000
    return Check(
        rule="false_pauses_rise",
        passed=_within(found - before, rules.false_pauses_rise),
        fact=f"false pauses per 1,000 outside comments are {found:.2f}, the champion's {before:.2f}, "
        f"at most {rules.false_pauses_rise:.2f} more may be",
        advice="Label more ordinary stories, or retrain with another seed.",
    )


def _within(change: float, allowed: float) -> bool:
    return change <= allowed + 1e-9  # 0.88 - 0.87 is a little more than 0.01 in binary


def _allowed(fall: float) -> str:
    return f"at most {fall:.2f} lower is let through" if fall else "no lower one is let through"
