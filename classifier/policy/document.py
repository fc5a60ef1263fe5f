"""A site's policy on stories and formal complaints, read from a TOML file and checked on load."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from classifier.assessment import Action, Link, Nation
from classifier.labels import LABELS, Label, in_order
from classifier.policy.parts import (
    Confirmation,
    Difference,
    Frame,
    Messages,
    Note,
    Ombudsman,
    Point,
    Rule,
)
from classifier.policy.source import Source, build, read_source

CARE_OPINION_UK = Path(__file__).with_name("care_opinion_uk.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One site's policy: one rule a label, and the words that go with them."""

    version: str
    title: str
    source: str
    purpose: str
    messages: Messages
    confirmed: Confirmation
    rules: tuple[Rule, ...]
    points: tuple[Point, ...]
    ombudsmen: tuple[Ombudsman, ...]
    differences: tuple[Difference, ...]
    notes: tuple[Note, ...] = ()

    def rule_for(self, label: Label) -> Rule:
        """The one rule of a label."""
        return next(rule for rule in self.rules if rule.label == label)

    def rules_for(self, labels: Iterable[Label]) -> tuple[Rule, ...]:
        """The rules of some labels, in the order of ``LABELS``."""
        return tuple(self.rule_for(label) for label in in_order(set(labels)))

    def ombudsmen_for(self, nation: Nation) -> tuple[Ombudsman, ...]:
        """The ombudsman of a nation; all of them where the nation is unknown or has none here."""
        return tuple(body for body in self.ombudsmen if body.nation == nation) or self.ombudsmen

    def notes_for(self, rules: Iterable[Rule], *, nation: Nation) -> tuple[Note, ...]:
        """The notes that go with some rules in a nation; an unknown nation may be any of them."""
        ids = {rule.id for rule in rules}
        return tuple(
            note for note in self.notes if note.rule in ids and nation in (note.nation, Nation.UNKNOWN)
        )

    def points_for(self, rules: Iterable[Rule]) -> tuple[Point, ...]:
        """What the author should think about under some rules, each point once."""
        points = {point.id: point for point in self.points}
        return tuple(points[name] for name in dict.fromkeys(name for rule in rules for name in rule.consider))

    def links_for(self, rules: Iterable[Rule], *, nation: Nation) -> tuple[Link, ...]:
        """The addresses that go with some rules, the ombudsman's of the story's nation among them."""
        rules = tuple(rules)
        links = [link for rule in rules for link in rule.links]
        if any(rule.names_ombudsmen for rule in rules):
            links += [body.link for body in self.ombudsmen_for(nation)]
        return tuple(dict.fromkeys(links))

    def message(self, labels: Iterable[Label], *, nation: Nation) -> str:
        """One message to the author for all of ``labels`` (at least one), ready to send.

        It asks for an answer unless all the rules only advise.
        """
        rules = self.rules_for(labels)
        frame = self._frame(rules)
        told = " ".join(rule.told for rule in rules)
        points = "\n".join(f"- {point.text}" for point in self.points_for(rules))
        parts = (frame.opening, told, frame.lead, points, self._addresses(rules, nation), frame.closing)
        return "\n\n".join(part for part in parts if part)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and booleans, ready for JSON.

        Each rule also carries its ``message`` as an author would get it, nation unknown.
        """
        plain = json.loads(json.dumps(asdict(self)))
        for rule in plain["rules"]:
            rule["message"] = self.message([Label(rule["label"])], nation=Nation.UNKNOWN)
        return plain

    def _frame(self, rules: tuple[Rule, ...]) -> Frame:
        asks = any(rule.when_clear in (Action.PAUSE, Action.REVIEW) for rule in rules)
        return self.messages.pause if asks else self.messages.advise

    def _addresses(self, rules: tuple[Rule, ...], nation: Nation) -> str:
        links = self.links_for(rules, nation=nation)
        notes = self.notes_for(rules, nation=nation)
        if not links and not notes:
            return ""
        lines = [f"{link.title}: {link.url}" for link in links] + [note.author for note in notes]
        return "\n".join([self.messages.where_to_ask, "", *(f"- {line}" for line in lines)])


def load_policy(path: str | Path | None = None) -> Policy:
    """The policy in a TOML file; Care Opinion's, which ships with the package, by default.

    Raises:
        PolicyError: ``file:line: fact. What to do.`` for the first fault found.
    """
    source = read_source(CARE_OPINION_UK if path is None else Path(path))
    policy = build(Policy, source)
    _check_repeats(policy, source)
    _check_labels(policy, source)
    _check_names(policy, source)
    _check_nations(policy, source)
    _check_addresses(policy, source)
    return policy


def _check_repeats(policy: Policy, source: Source) -> None:
    for table, key in (("rules", "id"), ("rules", "label"), ("points", "id"), ("ombudsmen", "nation")):
        seen: set[str] = set()
        for n, part in enumerate(getattr(policy, table)):
            value = getattr(part, key)
            if value in seen:
                fact = f'{key} "{value}" stands in [[{table}]] twice'
                raise source.fault(f"{table}[{n}].{key}", fact, "Keep one of the two.")
            seen.add(value)


def _check_labels(policy: Policy, source: Source) -> None:
    ruled = {rule.label for rule in policy.rules}
    for label in LABELS:
        if label not in ruled:
            raise source.fault(
                "rules[0]", f'no rule has the label "{label}"', "Add a [[rules]] table for it."
            )


def _check_names(policy: Policy, source: Source) -> None:
    points = {point.id for point in policy.points}
    for n, rule in enumerate(policy.rules):
        for name in rule.consider:
            if name not in points:
                fact = f'"{name}" is the id of no [[points]] table'
                raise source.fault(f"rules[{n}].consider", fact, "Add the point or mend the id.")
    rules = {rule.id for rule in policy.rules}
    for n, note in enumerate(policy.notes):
        if note.rule not in rules:
            fact = f'"{note.rule}" is the id of no [[rules]] table'
            raise source.fault(f"notes[{n}].rule", fact, "Mend the id.")


def _check_nations(policy: Policy, source: Source) -> None:
    for table in ("ombudsmen", "notes"):
        for n, part in enumerate(getattr(policy, table)):
            if part.nation == Nation.UNKNOWN:
                nations = ", ".join(nation for nation in Nation if nation != Nation.UNKNOWN)
                fact = f'"{part.nation}" is no nation that [[{table}]] can name'
                raise source.fault(f"{table}[{n}].nation", fact, f"Use one of: {nations}.")


def _check_addresses(policy: Policy, source: Source) -> None:
    # The console makes links of these, so nothing but a web address may pass.
    urls = [(f"ombudsmen[{n}].url", body.url) for n, body in enumerate(policy.ombudsmen)]
    for table in ("rules", "notes"):
        for n, part in enumerate(getattr(policy, table)):
            urls += [(f"{table}[{n}].links[{m}].url", link.url) for m, link in enumerate(part.links)]
    for path, url in urls:
        if not url.startswith(("https://", "http://")):
            raise source.fault(path, f'"{url}" is no web address', "Begin it with https://.")
