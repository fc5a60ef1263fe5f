"""From what a story says to what the policy does about it. Pure: the same findings, the same decision."""

from collections.abc import Iterable
from dataclasses import dataclass

from classifier.assessment import Action, Guidance, Nation
from classifier.labels import Label
from classifier.policy.document import Policy
from classifier.policy.parts import Basis, Rule

_HELD = (Action.PAUSE, Action.REVIEW)
_TOLD = (Action.PAUSE, Action.ADVISE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A label that reached a threshold: ``clear`` at or above the bundle's ``clear`` threshold,
    else only possible (between ``review`` and ``clear``)."""

    label: Label
    clear: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do, the id of the rule that each found label set off, and what to tell whom.

    Guidance for the moderator comes first; at most one item, the last, is a message to the author.
    """

    action: Action
    rules: dict[Label, str]
    guidance: tuple[Guidance, ...]


def decide(
    findings: tuple[Finding, ...], *, policy: Policy, nation: Nation, author_confirmed: bool
) -> Decision:
    """What the policy does about a story; the most severe of the rules set off wins.

    An author's confirmation turns ``pause`` and ``review`` into ``continue``. ``advise`` stays: nothing
    was held, so nothing was asked.

    Raises:
        ValueError: a label is found twice.
    """
    if not findings:
        return Decision(action=Action.CONTINUE, rules={}, guidance=())
    pairs = _pair_with_rules(findings, policy)
    action = _most_severe(_action(finding, rule) for finding, rule in pairs)
    rules = {rule.label: rule.id for _, rule in pairs}
    confirmed = _confirmed(policy) if author_confirmed else ()
    if confirmed and action in _HELD:
        return Decision(action=Action.CONTINUE, rules=rules, guidance=confirmed)
    moderator = _for_moderator(pairs, policy=policy, nation=nation)
    clear = tuple(finding.label for finding, _ in pairs if finding.clear)
    # While a person still has to look, there is nothing yet to tell the author.
    author = (draft_message(clear, policy=policy, nation=nation),) if clear and action in _TOLD else ()
    return Decision(action=action, rules=rules, guidance=confirmed + moderator + author)


def draft_message(labels: tuple[Label, ...], *, policy: Policy, nation: Nation) -> Guidance:
    """The one message that the author of a story with these labels (at least one) would get.

    ``decide`` offers it where labels are clear; a moderator who finds a possible label clear after
    all gets it from here.
    """
    rules = policy.rules_for(labels)
    points = policy.points_for(rules)
    notes = policy.notes_for(rules, nation=nation)
    bases = [*(rule.basis for rule in rules), *(p.basis for p in points), *(note.basis for note in notes)]
    links = policy.links_for(rules, nation=nation) + tuple(link for note in notes for link in note.links)
    return Guidance(
        rule=_lead(rules).id,
        audience="author",
        basis=Basis.READING if Basis.READING in bases else Basis.STATED,
        section="; ".join(dict.fromkeys(point.section for point in points)),
        text=policy.message(labels, nation=nation),
        links=links,
    )


def _pair_with_rules(findings: tuple[Finding, ...], policy: Policy) -> tuple[tuple[Finding, Rule], ...]:
    by_label = {finding.label: finding for finding in findings}
    if len(by_label) < len(findings):
        raise ValueError("findings: a label stands twice. Give each label once.")
    return tuple((by_label[rule.label], rule) for rule in policy.rules_for(by_label))


def _action(finding: Finding, rule: Rule) -> Action:
    return rule.when_clear if finding.clear else rule.when_possible


def _most_severe(actions: Iterable[Action]) -> Action:
    return min(actions, key=list(Action).index)


def _lead(rules: tuple[Rule, ...]) -> Rule:
    return min(rules, key=lambda rule: list(Action).index(rule.when_clear))


def _confirmed(policy: Policy) -> tuple[Guidance, ...]:
    rule = policy.confirmed
    return (
        Guidance(
            rule=rule.id,
            audience="moderator",
            basis=rule.basis,
            section=rule.section,
            text=rule.moderator,
        ),
    )


def _for_moderator(
    pairs: tuple[tuple[Finding, Rule], ...], *, policy: Policy, nation: Nation
) -> tuple[Guidance, ...]:
    guidance: list[Guidance] = []
    for finding, rule in pairs:
        guidance.append(_rule_guidance(finding, rule, policy=policy, nation=nation))
        guidance += _note_guidance(rule, policy=policy, nation=nation)
    return tuple(guidance)


def _rule_guidance(finding: Finding, rule: Rule, *, policy: Policy, nation: Nation) -> Guidance:
    # The policy speaks of clear cases only: all that we do about possible ones is our reading.
    return Guidance(
        rule=rule.id,
        audience="moderator",
        basis=rule.basis if finding.clear else Basis.READING,
        section=rule.section,
        text=rule.moderator_clear if finding.clear else rule.moderator_possible,
        links=policy.links_for((rule,), nation=nation),
    )


def _note_guidance(rule: Rule, *, policy: Policy, nation: Nation) -> list[Guidance]:
    return [
        Guidance(
            rule=rule.id,
            audience="moderator",
            basis=note.basis,
            section=note.section,
            text=note.moderator,
            links=note.links,
        )
        for note in policy.notes_for((rule,), nation=nation)
    ]
