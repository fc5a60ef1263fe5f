"""Scores a backlog: rows in, cut into shards, scored by workers, kept shard by shard, bound into one output.

    Input -> shards -> (done before? keep) -> in_order(crew) -> Ledger -> bind -> Manifest

Run again, it goes on where the run before ended, and scores anew only what was made from other stories,
another model or another policy.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, TypeVar

from classifier.assessment import to_json
from classifier.backlog.crew import Crew, InProcess, in_order
from classifier.backlog.forms import writing
from classifier.backlog.job import Input, Job
from classifier.backlog.ledger import Ledger, Receipt
from classifier.backlog.manifest import Manifest, list_files, read_manifest, same_facts, write_manifest
from classifier.backlog.places import open_whole, size_of
from classifier.backlog.scorer import Recipe, ScoredBatch
from classifier.backlog.shards import Batch, Shard
from classifier.backlog.tally import Tally
from classifier.errors import RowError

MakeCrew = Callable[[Recipe], Crew]
"""Makes the workers, once it is known that there is work for them."""

_FEW_BATCHES = 4
"""So few are sooner scored here than workers are started."""

Tag = TypeVar("Tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a run has come.

    ``position`` of ``size``: bytes of the input (size 0: unknown). ``tally``: of all that is done. ``rows``
    and ``bytes``: scored in this run; the others were done before.
    """

    position: int
    size: int
    tally: Tally
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run leaves.

    ``kept`` of ``shards`` were done before; ``redone`` had answers, but from other stories or from what
    ``changed`` names (facts of the recipe). ``rejects``: None where every row was a story.
    """

    tally: Tally
    rejects: Path | None
    shards: int
    kept: int = 0
    redone: int = 0
    changed: tuple[str, ...] = ()


def score(
    job: Job, *, make_crew: MakeCrew = InProcess, on_step: Callable[[Step], None] = lambda step: None
) -> Outcome:
    """Scores a backlog from its first story to the last that has no answer yet.

    Raises:
        RowError: the input as a whole cannot be read, or the output cannot be written.
        BundleError, PolicyError, WorkerError: what the stories are scored with fails.
    """
    job.check()
    recipe = job.recipe()
    facts = recipe.facts()
    if finished := _finished(job, facts):
        return finished
    try:
        return _Run(job, recipe, facts, make_crew, on_step).to_files()
    except OSError as error:
        raise RowError(
            f"{error.filename or job.output}: cannot be written ({error.strerror or error}). Mend that, and "
            "run the same command again: what is done is kept."
        ) from None


def score_to_stream(
    job: Job,
    stream: IO[bytes],
    *,
    on_reject: Callable[[dict[str, Any]], None],
    make_crew: MakeCrew = InProcess,
    on_step: Callable[[Step], None] = lambda step: None,
) -> Outcome:
    """As ``score``, to a stream and with nothing kept; ``on_reject`` is told of each row that is no story."""
    job.check()
    recipe = job.recipe()
    return _Run(job, recipe, recipe.facts(), make_crew, on_step).to_stream(stream, on_reject)


def _finished(job: Job, facts: dict[str, Any]) -> Outcome | None:
    """The outcome of the run before, if its output file is whole and was made from the same."""
    manifest = read_manifest(job.manifest)
    if manifest is None or job.to_folder or job.stream or not job.resume:
        return None
    if not same_facts(manifest.facts, facts) or size_of(job.output_path) != manifest.size:
        return None
    if manifest.tally.rejected and not job.rejects.exists():
        return None
    found = Input(job)
    if list_files(found.files) != manifest.files:
        return None
    if manifest.shards != tuple(shard.key for shard in found.shards(to_json(facts))):
        return None
    _ledger(job, facts).clear()  # the run before may have ended just before it did so
    number = len(manifest.shards)
    rejects = job.rejects if manifest.tally.rejected else None
    return Outcome(tally=manifest.tally, rejects=rejects, shards=number, kept=number)


def _ledger(job: Job, facts: dict[str, Any]) -> Ledger:
    return Ledger(job.parts_folder, job.recipe().kind, facts)


class _Run:
    """One run of a job."""

    def __init__(
        self,
        job: Job,
        recipe: Recipe,
        facts: dict[str, Any],
        make_crew: MakeCrew,
        on_step: Callable[[Step], None],
    ) -> None:
        self._job, self._recipe, self._facts, self._make_crew = job, recipe, facts, make_crew
        self._input, self._ledger = Input(job), _ledger(job, facts)
        self._meter = _Meter(self._input.size, on_step)
        self._receipts = dict[int, Receipt]()
        self._keys = list[str]()
        self._kept = self._redone = 0
        self._changed = set[str]()

    def to_files(self) -> Outcome:
        """Keeps what is done shard by shard, then binds it."""
        job = self._job
        with self._ledger.open():
            if not job.resume:
                self._ledger.forget_from(0)
            job.manifest.unlink(missing_ok=True)
            held = list[ScoredBatch]()
            for shard, scored in self._scored(self._unfinished()):
                held.append(scored)
                self._meter.count(shard, scored)
                if len(held) == len(shard.batches):
                    self._receipts[shard.number] = self._ledger.keep(shard, held)
                    held = []
            self._ledger.forget_from(len(self._keys))
            outcome = self._outcome()
            self._finish(outcome)
            if not job.to_folder:
                self._ledger.clear()
        return outcome

    def to_stream(self, stream: IO[bytes], on_reject: Callable[[dict[str, Any]], None]) -> Outcome:
        """Writes what is done at once."""
        form = writing(self._recipe.kind)
        total = Tally()
        stream.write(form.part([]))
        for shard, scored in self._scored(self._all()):
            stream.write(scored.leaf)
            stream.flush()
            for reject in scored.rejects:
                on_reject(reject)
            total += scored.tally
            self._meter.count(shard, scored)
        return Outcome(tally=total, rejects=None, shards=len(self._keys))

    def _scored(self, batches: Iterable[tuple[Tag, Batch]]) -> Iterator[tuple[Tag, ScoredBatch]]:
        """Starts workers only if there is something for them to do."""
        source = iter(batches)
        first = list(islice(source, _FEW_BATCHES))
        if not first:
            return
        few = len(first) < _FEW_BATCHES
        with closing(InProcess(self._recipe) if few else self._make_crew(self._recipe)) as crew:
            yield from in_order(chain(first, source), crew)

    def _all(self) -> Iterator[tuple[Shard, Batch]]:
        for shard in self._input.shards(to_json(self._facts)):
            self._keys.append(shard.key)
            yield from ((shard, batch) for batch in shard.batches)

    def _unfinished(self) -> Iterator[tuple[Shard, Batch]]:
        for shard in self._input.shards(to_json(self._facts)):
            self._keys.append(shard.key)
            if receipt := self._ledger.find(shard):
                self._kept += 1
                self._receipts[shard.number] = receipt
                self._meter.skip(shard, receipt)
            else:
                self._note_other(shard)
                yield from ((shard, batch) for batch in shard.batches)

    def _note_other(self, shard: Shard) -> None:
        if other := self._ledger.find_other(shard):
            self._redone += 1
            self._changed |= {name for name, fact in self._facts.items() if other.facts.get(name) != fact}

    def _outcome(self) -> Outcome:
        total = sum((self._receipts[number].tally for number in range(len(self._keys))), Tally())
        return Outcome(
            tally=total,
            rejects=self._job.rejects if total.rejected else None,
            shards=len(self._keys),
            kept=self._kept,
            redone=self._redone,
            changed=tuple(name for name in self._facts if name in self._changed),
        )

    def _finish(self, outcome: Outcome) -> None:
        job, numbers = self._job, range(len(self._keys))
        if not job.to_folder:
            _bind([self._ledger.part(number) for number in numbers], job.output_path, self._recipe)
        if rejected := [number for number in numbers if self._receipts[number].tally.rejected]:
            with open_whole(job.rejects) as stream:
                for reject in chain.from_iterable(map(self._ledger.rejects, rejected)):
                    stream.write(f"{to_json(reject)}\n".encode())
        else:
            job.rejects.unlink(missing_ok=True)
        manifest = Manifest(
            facts=self._facts,
            files=list_files(self._input.files),
            shards=tuple(self._keys),
            tally=outcome.tally,
            size=0 if job.to_folder else size_of(job.output_path),
        )
        write_manifest(job.manifest, manifest)


class _Meter:
    """Turns shards and batches that are done into steps."""

    def __init__(self, size: int, on_step: Callable[[Step], None]) -> None:
        self._size, self._on_step = size, on_step
        self._tally, self._rows, self._bytes, self._position = Tally(), 0, 0, 0
        self._left = dict[int, int]()

    def skip(self, shard: Shard, receipt: Receipt) -> None:
        """A shard that was done before."""
        self._tally += receipt.tally
        self._position = max(self._position, shard.position)
        self._tell()

    def count(self, shard: Shard, scored: ScoredBatch) -> None:
        """A batch that was scored now."""
        share = (shard.position - shard.start) // len(shard.batches)
        left = self._left.pop(shard.number, len(shard.batches)) - 1
        if left:
            self._left[shard.number] = left
        self._tally += scored.tally
        self._rows += scored.tally.stories + scored.tally.rejected
        self._bytes += share
        self._position = max(self._position, shard.position - left * share)
        self._tell()

    def _tell(self) -> None:
        step = Step(
            position=self._position, size=self._size, tally=self._tally, rows=self._rows, bytes=self._bytes
        )
        self._on_step(step)


def _bind(parts: list[Path], output: Path, recipe: Recipe) -> None:
    with open_whole(output) as stream:
        writing(recipe.kind).bind(parts, stream)
