"""A policy as a page to read in a terminal or to paste into a wiki."""

from classifier.assessment import Nation
from classifier.policy.document import Policy
from classifier.policy.parts import Basis, Rule

_BASIS = {Basis.STATED: "stated by the policy", Basis.READING: "our reading of the policy"}


def render_policy(policy: Policy) -> str:
    """The whole policy as Markdown that reads well as plain text; ends with a line break."""
    sections = (
        _head(policy),
        _rules(policy),
        _messages(policy),
        _ombudsmen(policy),
        _differences(policy),
        _points(policy),
    )
    return "\n\n".join(sections) + "\n"


def _head(policy: Policy) -> str:
    return f"# {policy.title}\n\nVersion {policy.version}\n\n{policy.purpose}\n\n{policy.source}"


def _rules(policy: Policy) -> str:
    confirmed = policy.confirmed
    basis = _rests(confirmed.basis, confirmed.section)
    last = f"### {confirmed.id}\n\n- Basis: {basis}\n\n{confirmed.moderator}"
    return "\n\n".join(["## Rules", *(_rule(rule) for rule in policy.rules), last])


def _rule(rule: Rule) -> str:
    return (
        f"### {rule.id}\n\n"
        f"- Label: {rule.label}\n"
        f"- When it is clear: {rule.when_clear} ({_rests(rule.basis, rule.section)})\n"
        f"- When it is only possible: {rule.when_possible} ({_BASIS[Basis.READING]})\n\n"
        f"When it is clear: {rule.moderator_clear}\n\n"
        f"When it is only possible: {rule.moderator_possible}"
    )


def _rests(basis: Basis, section: str) -> str:
    return f"{_BASIS[basis]}: {section}"


def _messages(policy: Policy) -> str:
    parts = ["## Messages to authors"]
    for rule in policy.rules:
        message = policy.message([rule.label], nation=Nation.UNKNOWN)
        quoted = "\n".join(f"> {line}".rstrip() for line in message.splitlines())
        parts.append(f"### {rule.id}\n\n{quoted}")
    return "\n\n".join(parts)


def _ombudsmen(policy: Policy) -> str:
    lines = [f"- {body.country}: {body.name}, {body.url}" for body in policy.ombudsmen]
    notes = [f"{note.moderator} ({_rests(note.basis, note.section)})" for note in policy.notes]
    return "\n\n".join(["## Ombudsmen", "\n".join(lines), *notes])


def _differences(policy: Policy) -> str:
    rows = [f"| {row.aspect} | {row.feedback} | {row.complaint} |" for row in policy.differences]
    head = ["| | Public feedback | Formal complaint |", "| --- | --- | --- |"]
    return "\n".join(["## Public feedback and a formal complaint", "", *head, *rows])


def _points(policy: Policy) -> str:
    parts = ["## What the policy says"]
    for section in dict.fromkeys(point.section for point in policy.points):
        lines = [f"- {point.text}{_flag(point.basis)}" for point in policy.points if point.section == section]
        parts.append("\n".join([f"### {section}", "", *lines]))
    return "\n\n".join(parts)


def _flag(basis: Basis) -> str:
    return f" ({_BASIS[basis]})" if basis == Basis.READING else ""
