"""The queue in front of the classifier: who is read when, with whom, and who is turned away."""

import asyncio
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.story import Story
from serve.batcher import Batcher, QueueSize, Urgency
from serve.envelope import Received
from serve.problems import QUEUE_FULL, ProblemError

POISON = "hemlock"
SIZE = {"stories": 64, "chars": 10_000, "batch_tokens": 100, "window_s": 0}


class Desk:
    """Reads stories and keeps what each batch held; the story ``gate`` holds its thread up until let go."""

    def __init__(self, assessment) -> None:
        self.batches: list[list[str]] = []
        self.begun, self.gate = threading.Event(), threading.Event()
        self._assessment = assessment

    def reader(self):
        batch: list[str] = []
        self.batches.append(batch)

        def read(story, *, author_confirmed=False):
            batch.append(story.id)
            if story.id == "gate":
                self.begun.set()
                assert self.gate.wait(10)
            return self._assessment

        return read

    async def read(self, *rounds, threads=1, **size):
        """Submits each round of (urgency, {id: chars}) behind the gate; the batches read after it."""
        batcher = Batcher(self.reader, threads=threads, size=QueueSize(**SIZE | size))
        gates = batcher.submit([_story("gate")] * threads, urgency=Urgency.LIVE)
        await asyncio.to_thread(self.begun.wait, 5)
        futures = [
            future
            for urgency, stories in rounds
            for future in batcher.submit(
                [_story(id, chars) for id, chars in stories.items()], urgency=urgency
            )
        ]
        self.gate.set()
        await asyncio.gather(*gates, *futures)
        batcher.close()
        return [batch for batch in self.batches if batch != ["gate"]]


def _story(id: str, chars: int = 4) -> Received:
    return Received(Story(id=id, text="a" * chars), author_confirmed=False)


@pytest.fixture
def desk(assessment):
    return Desk(assessment)


class Panic(BaseException):
    """As a library written in Rust raises it: no Exception."""


WORDS = st.sampled_from(("lodged", "shall", "upheld", "ombudsman", "We", "waited", "😀", POISON))
SENTENCES = st.lists(WORDS, min_size=1, max_size=30).map(" ".join)
TEXTS = st.lists(SENTENCES, min_size=1, max_size=8).map(". ".join)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=12), batch_tokens=st.integers(1, 200))
def test_stories_get_in_a_batch_what_they_get_alone_whatever_is_wrong_with_their_neighbours(
    classifier, texts, batch_tokens
):
    def read(story, *, author_confirmed=False):
        if POISON in story.text:
            raise Panic
        return classifier.assess(story, author_confirmed=author_confirmed)

    async def read_together(stories):
        size = QueueSize(**SIZE | {"batch_tokens": batch_tokens, "chars": 1_000_000})
        batcher = Batcher(lambda: read, threads=2, size=size)
        answers = await asyncio.gather(*batcher.submit(stories, urgency=Urgency.LIVE))
        batcher.close()
        return answers

    stories = [Received(Story(id=str(n), text=text), n % 2 == 0) for n, text in enumerate(texts)]
    for received, answer in zip(stories, asyncio.run(read_together(stories)), strict=True):
        if POISON in received.story.text:
            assert repr(answer.outcome) == "RuntimeError('Panic')"
        else:
            alone = classifier.assess(received.story, author_confirmed=received.author_confirmed)
            assert answer.outcome == alone


def test_short_stories_are_read_with_short_ones(desk):
    stories = {"short-1": 40, "long-1": 160, "short-2": 40, "long-2": 160}
    batches = asyncio.run(desk.read((Urgency.LIVE, stories)))
    assert batches == [["short-1", "short-2"], ["long-1", "long-2"]]


@pytest.mark.parametrize(
    ("tokens", "batches"), [(19, [["0"], ["1"], ["2"]]), (20, [["0", "1"], ["2"]]), (21, [["0", "1"], ["2"]])]
)
def test_batch_holds_what_fits_its_budget_of_tokens(desk, tokens, batches):
    stories = {"0": 40, "1": 40, "2": 40}  # ten tokens each
    assert asyncio.run(desk.read((Urgency.LIVE, stories), batch_tokens=tokens)) == batches


def test_story_over_the_budget_is_a_batch_of_its_own(desk):
    assert asyncio.run(desk.read((Urgency.LIVE, {"0": 900, "1": 900}))) == [["0"], ["1"]]


def test_threads_that_are_free_share_what_waits(assessment):
    batches = []

    def reader():
        batches.append(batch := [])
        return lambda story, author_confirmed=False: batch.append(story.id) or assessment

    async def read():
        batcher = Batcher(reader, threads=2, size=QueueSize(**SIZE))
        stories = [_story(str(n)) for n in range(4)]
        answers = await asyncio.gather(*batcher.submit(stories, urgency=Urgency.LIVE))
        batcher.close()
        return answers

    answers = asyncio.run(read())
    assert sorted(batches) == [["0", "1"], ["2", "3"]]
    assert [answer.stages.batch_stories for answer in answers] == [2, None, 2, None]
    assert all(answer.stages.queued_s >= 0 and answer.stages.read_s >= 0 for answer in answers)


def test_live_stories_go_first(desk):
    rounds = (Urgency.BULK, {"bulk": 4}), (Urgency.LIVE, {"live": 4})
    assert asyncio.run(desk.read(*rounds)) == [["live"], ["bulk"]]


def test_bulk_stories_do_not_wait_for_ever(desk):
    live = {f"live-{n}": 40 for n in range(9)}
    rounds = (Urgency.BULK, {"bulk-1": 40, "bulk-2": 40}), (Urgency.LIVE, live)
    batches = asyncio.run(desk.read(*rounds, batch_tokens=10))
    assert [batch[0].split("-")[0] for batch in batches] == ["live"] * 7 + ["bulk"] + ["live"] * 2 + ["bulk"]


@pytest.mark.parametrize("urgency", list(Urgency))
def test_request_for_which_there_is_no_room_is_refused_as_a_whole(desk, urgency):
    async def crowd():
        batcher = Batcher(desk.reader, threads=1, size=QueueSize(**SIZE | {"stories": 3}))
        batcher.submit([_story("1"), _story("2")], urgency=urgency)
        with pytest.raises(ProblemError) as caught:
            batcher.submit([_story("3"), _story("4")], urgency=urgency)
        waiting = batcher.waiting
        (other,) = (other for other in Urgency if other is not urgency)
        batcher.submit([_story("3"), _story("4")], urgency=other)  # each urgency has its own room
        batcher.submit([_story("3")], urgency=urgency)
        both = batcher.waiting
        batcher.close()
        return caught.value, waiting, both

    problem, waiting, both = asyncio.run(crowd())
    assert (problem.kind, problem.headers, waiting, both) == (QUEUE_FULL, {"retry-after": "2"}, 2, 5)


def test_long_stories_fill_the_queue_by_their_characters(desk):
    async def crowd():
        batcher = Batcher(desk.reader, threads=1, size=QueueSize(**SIZE | {"chars": 100}))
        batcher.submit([_story("1", 90)], urgency=Urgency.LIVE)
        batcher.submit([_story("2", 10)], urgency=Urgency.LIVE)
        with pytest.raises(ProblemError):
            batcher.submit([_story("3", 1)], urgency=Urgency.LIVE)
        batcher.submit([_story("4", 101)], urgency=Urgency.BULK)  # alone, a story of any length has room
        waiting = batcher.waiting
        batcher.close()
        return waiting

    assert asyncio.run(crowd()) == 3


def test_story_that_nobody_waits_for_leaves_the_queue(desk):
    async def leave():
        batcher = Batcher(desk.reader, threads=1, size=QueueSize(**SIZE))
        first, second = batcher.submit([_story("1"), _story("2")], urgency=Urgency.LIVE)
        first.cancel()
        await asyncio.sleep(0)
        waiting = batcher.waiting
        await second
        batcher.close()
        return waiting

    assert (asyncio.run(leave()), desk.batches) == (1, [["2"]])


def test_story_that_nobody_waits_for_is_passed_over_in_its_batch(desk):
    async def leave():
        batcher = Batcher(desk.reader, threads=1, size=QueueSize(**SIZE))
        stories = [_story("gate"), _story("left"), _story("last")]
        gate, left, last = batcher.submit(stories, urgency=Urgency.LIVE)
        await asyncio.to_thread(desk.begun.wait, 5)
        left.cancel()
        desk.gate.set()
        await asyncio.gather(gate, last)
        batcher.close()

    asyncio.run(leave())
    assert desk.batches == [["gate", "last"]]


def test_an_idle_service_reads_at_once_however_long_the_window(assessment):
    async def ask():
        batcher = Batcher(Desk(assessment).reader, threads=2, size=QueueSize(**SIZE | {"window_s": 3600}))
        (future,) = batcher.submit([_story("alone")], urgency=Urgency.LIVE)
        async with asyncio.timeout(30):
            answer = await future
        batcher.close()
        return answer.outcome

    assert asyncio.run(ask()) is assessment


def test_each_story_is_answered_as_soon_as_it_is_read(desk):
    async def ask():
        batcher = Batcher(desk.reader, threads=1, size=QueueSize(**SIZE))
        first, gate = batcher.submit([_story("1"), _story("gate")], urgency=Urgency.LIVE)
        async with asyncio.timeout(30):
            await first
        waits = not gate.done()
        desk.gate.set()
        await gate
        batcher.close()
        return waits

    assert asyncio.run(ask())
    assert desk.batches == [["1", "gate"]]


def test_thread_is_free_again_though_nobody_waited_for_the_last_story_of_its_batch(desk):
    async def leave():
        batcher = Batcher(desk.reader, threads=1, size=QueueSize(**SIZE))
        gate, left = batcher.submit([_story("gate"), _story("left")], urgency=Urgency.LIVE)
        await asyncio.to_thread(desk.begun.wait, 5)
        left.cancel()
        desk.gate.set()
        await gate
        (later,) = batcher.submit([_story("later")], urgency=Urgency.LIVE)
        async with asyncio.timeout(30):
            await later
        batcher.close()

    asyncio.run(leave())
    assert desk.batches == [["gate"], ["later"]]
