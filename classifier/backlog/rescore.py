"""What another model or another policy would change in a scored backlog, story by story, with the reason.

Where only the policy is another, the answers themselves tell; else the stories are scored again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from classifier.assessment import Nation, to_json, to_plain
from classifier.backlog.answers import Answer, read_answers
from classifier.backlog.crew import InProcess
from classifier.backlog.job import Job
from classifier.backlog.ledger import Ledger
from classifier.backlog.manifest import read_manifest
from classifier.backlog.places import Form, Kind, kind_of, open_whole
from classifier.backlog.rows import Columns
from classifier.backlog.score import MakeCrew, Step, score
from classifier.backlog.shards import SHARD_ROWS
from classifier.bundle import RELEASED
from classifier.errors import RowError
from classifier.labels import Label
from classifier.policy.decide import Finding, decide
from classifier.policy.document import Policy, load_policy

_SHOWN = ("labels", "scores", "action", "reasons", "evidence", "model", "policy")
"""Of each answer, in a change: enough to judge it by."""
_POLICY_FACTS = ("policy", "policy_sha256", "form", "packing")
"""What may differ between two runs while their labels and scores are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescoring:
    """Answers from before, and what they are to be compared with.

    ``before``: a file or folder that ``score`` wrote. ``source``: the stories, None to decide from the
    answers alone. ``output``: a .jsonl file for the changes. ``answers``: where all new answers go, None to
    drop them.
    """

    before: str
    output: Path
    source: str | None = None
    answers: str | None = None
    columns: Columns = field(default_factory=Columns)
    shard_rows: int = SHARD_ROWS
    model: Path = RELEASED
    policy: Path | None = None
    gate: bool = True

    def job(self) -> Job:
        """The scoring of the stories; its answers are in parts where they are not to be kept."""
        return Job(
            source=self.source or "",
            output=self.answers or str(self.output) + ".answers",
            columns=self.columns,
            shard_rows=self.shard_rows,
            model=self.model,
            policy=self.policy,
            gate=self.gate,
        )


@dataclass(slots=True, kw_only=True)
class Changes:
    """Counts: ``moves`` by action before and after; ``why`` by reason; ``guidance``: stories with the same
    decision and other guidance; ``new`` had no answer before; ``gone`` have none now."""

    stories: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)
    guidance: int = 0
    new: int = 0
    gone: int = 0

    @property
    def changed(self) -> int:
        """How many decisions are others."""
        return self.moves.total()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "stories": self.stories,
            "changed": self.changed,
            "moves": {f"{old} -> {new}": number for (old, new), number in sorted(self.moves.items())},
            "why": dict(sorted(self.why.items())),
            "guidance_only": self.guidance,
            "new": self.new,
            "gone": self.gone,
        }


def rescore(
    request: Rescoring,
    *,
    make_crew: MakeCrew = InProcess,
    on_step: Callable[[Step], None] = lambda step: None,
) -> Changes:
    """Writes each story whose decision is another, and counts what changed.

    Raises:
        RowError: answers or stories cannot be read; stories are needed and not given.
        BundleError, PolicyError, WorkerError: as ``score``.
    """
    if kind_of(request.output) != Kind(Form.JSONL):
        raise RowError(f"{request.output}: changes are written as JSON lines. Name a .jsonl file.")
    if request.source is None:
        _check_same_model(request)
        policy = load_policy(request.policy)
        answers = read_answers(request.before)
        return _write(((answer, decide_again(answer, policy=policy)) for answer in answers), request.output)
    job = request.job()
    score(job, make_crew=make_crew, on_step=on_step)
    changes = _write(match(read_answers(request.before), read_answers(job.output)), request.output)
    if request.answers is None:
        for file in (job.rejects, job.manifest):
            file.unlink(missing_ok=True)
        Ledger(job.parts_folder, job.recipe().kind, {}).clear()
    return changes


def decide_again(answer: Answer, *, policy: Policy) -> Answer:
    """The answer under another policy; what was found stays as it is."""
    findings = tuple(Finding(label=Label(one["label"]), clear=one["clear"]) for one in answer["reasons"])
    decision = decide(findings, policy=policy, nation=Nation(answer["nation"]), author_confirmed=False)
    rules = {str(label): rule for label, rule in decision.rules.items()}
    return answer | {
        "action": str(decision.action),
        "reasons": [one | {"rule": rules[one["label"]]} for one in answer["reasons"]],
        "guidance": [to_plain(item) for item in decision.guidance],
        "policy": policy.version,
    }


def match(before: Iterable[Answer], after: Iterable[Answer]) -> Iterator[tuple[Answer | None, Answer | None]]:
    """Pairs of the same id, in the order of ``after``; at the end those that only ``before`` has.

    Both are read as far as they have to be, so two files in the same order take no memory to speak of.
    """
    source, waiting = iter(before), dict[str, Answer]()
    for new in after:
        while new["id"] not in waiting and (old := next(source, None)) is not None:
            waiting[old["id"]] = old
        yield waiting.pop(new["id"], None), new
    yield from ((old, None) for old in (*waiting.values(), *source))


def why(before: Answer, after: Answer) -> str | None:
    """What made the decision another: ``model``, ``thresholds`` or ``policy``; None where it is the same."""
    if _found(before) != _found(after):
        return "thresholds" if before["scores"] == after["scores"] else "model"
    same = (before["action"], _rules(before)) == (after["action"], _rules(after))
    return None if same else "policy"


def _found(answer: Answer) -> list[tuple[str, bool]]:
    return sorted((one["label"], one["clear"]) for one in answer["reasons"])


def _rules(answer: Answer) -> list[str]:
    return sorted(one["rule"] for one in answer["reasons"])


def _write(pairs: Iterable[tuple[Answer | None, Answer | None]], output: Path) -> Changes:
    changes = Changes()
    try:
        with open_whole(output) as stream:
            for before, after in pairs:
                _note(before, after, changes, stream)
    except OSError as error:
        raise RowError(
            f"{output}: cannot be written ({error.strerror}). Mend that, or name another."
        ) from None
    return changes


def _note(before: Answer | None, after: Answer | None, changes: Changes, stream: IO[bytes]) -> None:
    changes.stories += after is not None
    changes.new += before is None
    changes.gone += after is None
    if before is None or after is None:
        return
    reason = why(before, after)
    if reason is None:
        changes.guidance += before["guidance"] != after["guidance"]
        return
    changes.moves[before["action"], after["action"]] += 1
    changes.why[reason] += 1
    row = {
        "id": after["id"],
        "changed": [name for name in ("labels", "action", "reasons") if before[name] != after[name]],
        "why": reason,
        "before": {name: before[name] for name in _SHOWN},
        "after": {name: after[name] for name in _SHOWN},
    }
    stream.write((to_json(row) + "\n").encode())


def _check_same_model(request: Rescoring) -> None:
    manifest = read_manifest(Job(source="", output=request.before).manifest)
    if manifest is None:
        raise RowError(
            f"{request.before}: has no manifest beside it, so nobody knows which model wrote it. "
            "Give the stories with --stories."
        )
    facts = request.job().recipe().facts()
    if other := [
        name for name, fact in facts.items() if name not in _POLICY_FACTS and fact != manifest.facts.get(name)
    ]:
        raise RowError(
            f"{request.before}: was written with another {', '.join(other)}, so the stories have to be read "
            "again. Give them with --stories."
        )
