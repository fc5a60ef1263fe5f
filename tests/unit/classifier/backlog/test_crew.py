import json
import os
import signal
import sys
from dataclasses import replace
from multiprocessing import active_children

import pytest

from classifier.assessment import to_json
from classifier.backlog.crew import InProcess, Lost, Processes, in_order
from classifier.backlog.scorer import ScoredBatch, Scorer
from classifier.backlog.tally import Tally
from classifier.errors import BundleError, WorkerError


class FakeCrew:
    """Gives back what was submitted last; loses batch ``number`` as often as ``losses[number]`` says.

    ``held``: this batch comes back only when nothing else is left.
    """

    def __init__(self, *, workers=2, losses=None, held=None, at_once=1):
        self.workers = workers
        self.submitted = []
        self._losses, self._held, self._at_once = dict(losses or {}), held, at_once
        self._waiting = []

    def has_room(self):
        return len(self._waiting) < 2 * self.workers

    def submit(self, number, batch):
        self.submitted.append(number)
        self._waiting.append((number, batch))

    def wait(self):
        assert self._waiting, "nobody to wait for"
        self._waiting.sort(key=lambda entry: entry[0] != self._held)
        given, self._waiting = self._waiting[-self._at_once :], self._waiting[: -self._at_once]
        return [(number, self._outcome(number, batch)) for number, batch in reversed(given)]

    def close(self):
        pass

    def _outcome(self, number, batch):
        if self._losses.get(number):
            self._losses[number] -= 1
            return Lost("killed")
        return ScoredBatch(leaf=batch.place.encode(), rejects=(), tally=Tally())


@pytest.fixture
def batches(make_batch):
    """Batches of one row, under tags a, b, c ..."""
    return [(chr(ord("a") + number), make_batch("x", first=number)) for number in range(20)]


def run(batches, crew):
    return [(tag, scored.leaf.decode()) for tag, scored in in_order(batches, crew)]


def wanted(batches):
    return [(tag, batch.place) for tag, batch in batches]


# ---------------------------------------------------------------- in order


@pytest.mark.parametrize("workers", [1, 2, 3, 50])
@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_answers_come_in_the_order_of_the_batches(batches, workers, at_once):
    crew = FakeCrew(workers=workers, at_once=at_once)
    assert run(batches, crew) == wanted(batches)
    assert sorted(crew.submitted) == list(range(20))


def test_no_batches_wait_for_nobody():
    assert run([], FakeCrew()) == []


@pytest.mark.parametrize("held", [0, 1, 7, 19])
def test_batch_that_takes_long_keeps_its_place(batches, held):
    assert run(batches, FakeCrew(held=held)) == wanted(batches)


def test_batch_that_is_lost_is_given_to_another(batches):
    crew = FakeCrew(losses={0: 1, 5: 2, 19: 2})
    assert run(batches, crew) == wanted(batches)
    assert [crew.submitted.count(number) for number in (0, 1, 5, 19)] == [2, 1, 3, 3]


def test_all_batches_may_be_lost_at_once(batches):
    """One worker that is killed takes the others of its pool with it."""
    crew = FakeCrew(losses=dict.fromkeys(range(20), 2), at_once=100)
    assert run(batches, crew) == wanted(batches)


def test_batch_that_is_lost_a_third_time_ends_the_run(batches):
    crew = FakeCrew(losses={5: 3})
    found = in_order(batches, crew)
    seen = []
    with pytest.raises(WorkerError) as caught:
        seen.extend(tag for tag, _ in found)
    assert str(caught.value) == (
        "s.jsonl:5 to s.jsonl:5: 3 workers ended with these rows (killed). "
        "Run again with fewer --workers, or more memory; what is done is kept."
    )
    assert crew.submitted.count(5) == 3
    assert "".join(seen) == "abcde"[: len(seen)]


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize(("at_once", "ahead"), [(100, 2), (1, 4)], ids=["all are quick", "the first is slow"])
def test_batches_are_read_only_as_far_as_there_is_room(batches, workers, at_once, ahead):
    read, out, furthest = 0, 0, 0

    def source():
        nonlocal read, furthest
        for entry in batches:
            read += 1
            furthest = max(furthest, read - out)
            yield entry

    for _ in in_order(source(), FakeCrew(workers=workers, at_once=at_once)):
        out += 1
    assert (read, out) == (20, 20)
    assert furthest == ahead * workers


def test_answers_are_given_as_soon_as_they_are_there(batches):
    crew = FakeCrew(workers=1)
    found = in_order(iter(batches), crew)
    next(found)
    assert len(crew.submitted) <= 4


# ---------------------------------------------------------------- here


def test_worker_in_this_process_scores_one_batch_at_a_time(recipe, scorer, make_batch):
    crew = InProcess(recipe)
    assert crew.workers == 1
    assert crew.has_room()
    crew.submit(7, make_batch("I lodged a complaint."))
    assert not crew.has_room()
    assert crew.wait() == [(7, scorer.score(make_batch("I lodged a complaint.")))]
    assert crew.has_room()
    crew.close()


def test_worker_in_this_process_gives_answers_in_order(recipe, scorer, batches):
    found = list(in_order(batches, InProcess(recipe)))
    assert found == [(tag, scorer.score(batch)) for tag, batch in batches]


# ---------------------------------------------------------------- as processes


def end_process(pid=None):
    os.kill(pid or active_children()[0].pid, signal.SIGKILL)


class Deadly(Scorer):
    """A worker that some rows are the end of."""

    def score(self, batch):
        if any("deadly" in row.story.text for row in batch.rows):
            end_process(os.getpid())
        return super().score(batch)


class NeverReady(Scorer):
    """A worker that ends while it loads the model."""

    def __init__(self, recipe):
        end_process(os.getpid())


@pytest.fixture
def start():
    """Starts workers of a kind, and ends them."""
    crews = []

    def start(recipe, *, workers=1, kind=Scorer):
        crews.append(Processes(recipe, workers=workers, scorer=kind))
        return crews[-1]

    yield start
    for crew in crews:
        crew.close()
    assert active_children() == []


def test_worker_that_is_killed_costs_no_answer(recipe, scorer, batches, start):
    def source():
        for number, entry in enumerate(batches):
            if number == 8:
                end_process()
            yield entry

    found = list(in_order(source(), start(recipe)))
    assert found == [(tag, scorer.score(batch)) for tag, batch in batches]


def test_batch_that_workers_end_with_is_named_and_no_other(recipe, batches, make_batch, start):
    """Its neighbours wait in the same worker, and are as often not answered."""
    batches[6] = ("g", make_batch("deadly", first=6))
    seen = []
    with pytest.raises(WorkerError) as caught:
        seen.extend(tag for tag, _ in in_order(batches, start(recipe, kind=Deadly)))
    assert str(caught.value) == (
        "s.jsonl:6 to s.jsonl:6: 3 workers ended with these rows (killed, or out of memory). "
        "Run again with fewer --workers, or more memory; what is done is kept."
    )
    assert seen == list("abcdef")


def test_batches_behind_one_that_is_lost_go_to_the_next_worker(recipe, scorer, make_batch, start):
    crew = start(recipe, kind=Deadly)
    crew.submit(0, make_batch("deadly"))
    crew.submit(1, make_batch("I lodged a complaint."))
    assert crew.wait() == [(0, Lost("killed, or out of memory"))]
    assert crew.wait() == [(1, scorer.score(make_batch("I lodged a complaint.")))]
    assert crew.has_room()


def test_workers_that_end_before_they_begin_blame_no_rows(recipe, batches, start):
    with pytest.raises(WorkerError) as caught:
        list(in_order(batches, start(recipe, kind=NeverReady)))
    assert str(caught.value) == (
        "3 workers ended while they loaded the model (killed, or out of memory). "
        "Run again with fewer --workers, or more memory; what is done is kept."
    )


def test_model_that_workers_cannot_load_is_told_as_here(recipe, batches, start, tmp_path):
    with pytest.raises(BundleError) as caught:
        list(in_order(batches, start(replace(recipe, model=tmp_path))))
    assert str(caught.value) == (
        f"{tmp_path / 'bundle.json'}: No such file or directory. Name the folder of a model bundle."
    )


class Told(Scorer):
    """Answers with what else its process holds."""

    def score(self, batch):
        super().score(batch)
        told = [name for name in ("pandas", "torch") if sys.modules.get(name)]
        masked = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        return ScoredBatch(leaf=to_json([told, masked]).encode(), rejects=(), tally=Tally())


def test_workers_hold_no_torch_and_are_deaf_to_interrupts(recipe, make_batch, start):
    crew = start(recipe, kind=Told)
    crew.submit(0, make_batch("I lodged a complaint. It was upheld."))
    ((_, scored),) = crew.wait()
    assert json.loads(scored.leaf) == [[], True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
