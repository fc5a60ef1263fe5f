"""Workers on a Ray cluster: actors that hold the model, wherever there is a core for them.

The model and the policy are sent along, and answers come back here, so only this machine needs to reach the
files. A worker or a node that ends costs the batches it had; they go to others.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from classifier.backlog.crew import Lost
from classifier.backlog.scorer import Recipe, ScoredBatch, Scorer
from classifier.backlog.shards import Batch
from classifier.bundle import load_manifest
from classifier.errors import WorkerError

try:
    import ray
    from ray.exceptions import RayActorError
except ImportError:
    raise WorkerError(
        "--engine ray: needs ray, which is not installed. Run: pip install 'complaint-context[ray]'"
    ) from None

_PATIENCE_S = 120
"""How long to wait for a first worker, or for another when none is left."""
_OBJECT_STORE_BYTES = 2**28
"""Of a cluster that is started here; batches are small."""
_POLICY = "policy.toml"


class RayCrew:
    """Workers that are Ray actors.

    Args:
        address: of a running cluster (``auto``: the one on this machine); None starts one here.
        workers: None fills the cluster.
        cpus: how much of a core each worker keeps, above 0; below 1 on small machines.

    Raises:
        WorkerError: the cluster cannot be reached, or has not so many cores.
    """

    def __init__(
        self, recipe: Recipe, *, address: str | None = None, workers: int | None = None, cpus: float = 1.0
    ) -> None:
        self._owner = not ray.is_initialized()
        _connect(address)
        self.workers = _count(workers, cpus)
        self._actor = ray.remote(num_cpus=cpus, max_restarts=0)(_RayScorer)
        self._recipe, self._files = recipe, ray.put(_files(recipe))
        self._alive = list[Any]()
        self._starting = dict[Any, Any]()
        self._running = dict[Any, tuple[int, Batch, Any]]()  # in the order in which they were given
        for _ in range(self.workers):
            self._start()

    def has_room(self) -> bool:
        return len(self._running) < 2 * max(1, len(self._alive))

    def submit(self, number: int, batch: Batch) -> None:
        while not self._alive:
            self._wait_for_a_worker()
        busy = Counter(actor for _, _, actor in self._running.values())
        actor = min(self._alive, key=lambda one: busy[one])
        self._running[actor.score.remote(batch)] = number, batch, actor

    def wait(self) -> list[tuple[int, ScoredBatch | Lost]]:
        while True:
            self._note_started(timeout_s=0)
            done, _ = ray.wait([*self._running, *self._starting], num_returns=1)
            for reference in done:
                if reference in self._running and (outcomes := self._outcomes(reference)):
                    return outcomes

    def close(self) -> None:
        for actor in (*self._alive, *self._starting.values()):
            ray.kill(actor)
        if self._owner:
            ray.shutdown()

    def _outcomes(self, reference: Any) -> list[tuple[int, ScoredBatch | Lost]]:
        number, _, actor = self._running[reference]
        try:
            scored = ray.get(reference)
        except RayActorError as error:
            return self._lose(actor, Lost(type(error).__name__))
        del self._running[reference]
        return [(number, scored)]

    def _lose(self, actor: Any, lost: Lost) -> list[tuple[int, ScoredBatch | Lost]]:
        """Only the batch that the worker was at is lost; those that waited behind it go to others."""
        self._alive.remove(actor)
        self._start()
        outcomes, waited = list[tuple[int, ScoredBatch | Lost]](), list[tuple[int, Batch]]()
        for reference in [one for one, (_, _, its) in self._running.items() if its == actor]:
            number, batch, _ = self._running.pop(reference)
            try:
                outcomes.append((number, ray.get(reference)))
            except RayActorError:
                waited.append((number, batch))
        if waited:
            outcomes.append((waited[0][0], lost))
        for number, batch in waited[1:]:
            self.submit(number, batch)
        return outcomes

    def _start(self) -> None:
        actor = self._actor.remote(self._recipe, self._files)
        self._starting[actor.ready.remote()] = actor

    def _note_started(self, *, timeout_s: float) -> None:
        if not self._starting:
            return
        done, _ = ray.wait(list(self._starting), num_returns=1, timeout=timeout_s)
        for reference in done:
            actor = self._starting.pop(reference)
            try:
                ray.get(reference)
                self._alive.append(actor)
            except RayActorError:  # its node ended while it loaded the model
                self._start()

    def _wait_for_a_worker(self) -> None:
        before = len(self._starting)
        self._note_started(timeout_s=_PATIENCE_S)
        if not self._alive and len(self._starting) == before:
            raise WorkerError(
                f"ray: no worker began within {_PATIENCE_S} s. Look at `ray status`: the cluster may be "
                "full, or have lost its nodes; what is done is kept."
            )


class _RayScorer:
    """The actor."""

    def __init__(self, recipe: Recipe, files: dict[str, bytes]) -> None:
        with TemporaryDirectory() as name:
            folder = Path(name)
            for file, content in files.items():
                (folder / file).write_bytes(content)
            policy = folder / _POLICY if _POLICY in files else None
            self._scorer = Scorer(replace(recipe, model=folder, policy=policy))

    def ready(self) -> None:
        """Answers when the model is loaded."""

    def score(self, batch: Batch) -> ScoredBatch:
        return self._scorer.score(batch)


def _files(recipe: Recipe) -> dict[str, bytes]:
    names = ("bundle.json", *load_manifest(recipe.model)["files"])
    files = {name: (recipe.model / name).read_bytes() for name in names}
    return files | ({_POLICY: recipe.policy.read_bytes()} if recipe.policy else {})


def _connect(address: str | None) -> None:
    if ray.is_initialized():
        return
    here = {} if address else {"object_store_memory": _OBJECT_STORE_BYTES, "include_dashboard": False}
    try:
        ray.init(address=address or "local", logging_level="error", log_to_driver=False, **here)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise WorkerError(
            f"--address {address}: no Ray cluster answers ({type(error).__name__}). Start one with "
            "`ray start --head`, or leave --address out to have one started here."
        ) from None


def _count(workers: int | None, cpus: float) -> int:
    if cpus <= 0:
        raise WorkerError(f"--cpus-per-worker {cpus}: is not above 0. A worker needs a part of a core.")
    cores = ray.cluster_resources().get("CPU", 0.0)
    fit = int(cores / cpus + 1e-9)
    if fit < (workers or 1):
        raise WorkerError(
            f"--workers {workers or 1} with --cpus-per-worker {cpus:g}: need {(workers or 1) * cpus:g} "
            f"cores, the cluster has {cores:g}. Ask for fewer, or for less of a core each."
        )
    return workers or fit
