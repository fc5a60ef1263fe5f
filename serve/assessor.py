"""The classifier behind the service: loaded, warmed, kept in use, exchanged for a newer one.

load      the first classifier; until it is there every request gets a 503
assess    a story through the queue to its assessment
reload    the bundle is read again; what cannot be loaded leaves the old one in service
observers told of each assessment and of a change of model; their faults harm no answer
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from classifier.assess import ComplaintClassifier
from classifier.assessment import Assessment
from classifier.errors import ComplaintContextError
from classifier.story import Story
from serve.batcher import RETRY_AFTER, Answer, Batcher, QueueSize, Stages, Urgency
from serve.envelope import Received
from serve.problems import BAD_MODEL, NOT_READY, STOPPING, TIMED_OUT, ProblemError
from serve.settings import Settings
from serve.shadow import Shadow
from serve.shield import log_place

logger = logging.getLogger(__name__)

ClassifierSource = Callable[[], ComplaintClassifier]

_WARM_UP = Story(id="warm-up", text="I made a formal complaint last week. " * 40)
"""Long enough to fill a window, so that the encoder has claimed all its memory before the first story."""


class Observer(Protocol):
    """Is told what the assessor does, in the event loop; must be quick and keep no story's words."""

    def assessed(self, story: Story, assessment: Assessment, stages: Stages) -> None:
        """A story was assessed."""

    def model_changed(self, classifier: ComplaintClassifier) -> None:
        """Another classifier reads from now on; also called for the first."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Names of the models before and after a reload."""

    old: str
    new: str


class Assessor:
    """Assesses stories off the event loop, each in its turn, with the classifier that is in service."""

    def __init__(self, source: ClassifierSource, *, settings: Settings) -> None:
        self._source = source
        self._classifier: ComplaintClassifier | None = None
        self._settled = asyncio.Event()
        self._reloading = asyncio.Lock()
        self._stopping = False
        self._timeout_s = settings.timeout_s
        self._batcher = Batcher(
            lambda: self.classifier.assess, threads=settings.threads, size=_size(settings)
        )
        self.shadow = Shadow(settings.shadow, busy=lambda: self._batcher.busy)
        self.observers: list[Observer] = []
        self.failed = False

    @property
    def classifier(self) -> ComplaintClassifier:
        """The classifier in service, loaded and warmed.

        Raises:
            ProblemError: there is none yet, or it cannot be loaded.
        """
        if self.failed:
            raise ProblemError(NOT_READY, "model: cannot be loaded. Ask the operator to look at the log.")
        if self._classifier is None:
            detail = "model: is still being loaded. Try again soon; until then a person takes the story."
            raise ProblemError(NOT_READY, detail, headers=RETRY_AFTER)
        return self._classifier

    @property
    def waiting(self) -> int:
        """How many stories wait to be read."""
        return self._batcher.waiting

    async def load(self) -> None:
        """Loads the first classifier; sets ``failed`` and logs why if that cannot be."""
        try:
            self.swap(await asyncio.to_thread(self._load))
        except ComplaintContextError as error:
            self.failed = True
            logger.error("%s", error)  # names files and what is wrong with them; no story was read yet
        except Exception as error:  # a broken model may fail in ways that no list would cover
            self.failed = True
            log_place(error)
        finally:
            self._settled.set()
        await self.shadow.load()  # nobody waits for it

    async def settled(self) -> None:
        """Waits until the first loading has ended, well or not."""
        await self._settled.wait()

    def check_ready(self) -> None:
        """Returns if a request that begins now can be answered.

        Raises:
            ProblemError: no classifier is ready, or the service is stopping.
        """
        if self._stopping:
            detail = "service: is stopping. Try again soon, or ask another one."
            raise ProblemError(STOPPING, detail, headers=RETRY_AFTER)
        self.classifier  # noqa: B018 - raises

    async def assess(
        self, story: Story, *, author_confirmed: bool = False, urgency: Urgency = Urgency.LIVE
    ) -> Assessment:
        """The assessment of one story.

        Raises:
            ProblemError: not ready, too many stories wait, or the time is over.
            Exception: what the classifier raised on this story.
        """
        (outcome,) = await self.assess_many([Received(story, author_confirmed)], urgency=urgency)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def assess_many(
        self, stories: Sequence[Received], *, urgency: Urgency = Urgency.LIVE
    ) -> list[Assessment | Exception]:
        """For each story, in order, its assessment or what the classifier raised on it.

        Whoever cancels this takes the stories that still wait out of the queue.

        Raises:
            ProblemError: not ready, no room for all of them, or the time is over.
        """
        self.classifier  # noqa: B018 - raises; a request that began before a stop is still answered
        futures = self._batcher.submit(stories, urgency=urgency)
        for received, future in zip(stories, futures, strict=True):  # also of a request that is given up
            future.add_done_callback(partial(self._tell, received))
        try:
            async with asyncio.timeout(self._timeout_s):
                return [(await future).outcome for future in futures]
        except TimeoutError:
            detail = f"request: took longer than {self._timeout_s:g} s. Give its stories to a person."
            raise ProblemError(TIMED_OUT, detail) from None
        finally:
            for future in futures:
                future.cancel()  # those of a request that is given up

    async def reload(self) -> Exchange:
        """Reads the bundle and the policy again, warms them and puts them in service between two batches.

        Raises:
            ProblemError: not ready, or they cannot be loaded; the old classifier then stays in service.
        """
        async with self._reloading:
            old = self.classifier.bundle.name
            self.swap(await self._load_again(old))
            new = self.classifier.bundle.name
        logger.warning("model: %s took the place of %s.", new, old)
        return Exchange(old, new)

    def swap(self, classifier: ComplaintClassifier) -> None:
        """Has ``classifier`` read from the next batch on."""
        self._classifier = classifier
        for tell in (self.shadow.model_changed, *(observer.model_changed for observer in self.observers)):
            _guarded(partial(tell, classifier))

    def stop(self) -> None:
        """Takes no more requests; those that have begun are still answered."""
        self._stopping = True

    def close(self) -> None:
        """Ends the threads after what they are reading now."""
        self.shadow.close()
        self._batcher.close()

    def _load(self) -> ComplaintClassifier:
        try:
            classifier = self._source()
            classifier.assess(_WARM_UP)
        except Exception:
            raise
        except BaseException as error:  # a panic in a library's Rust is no Exception
            raise RuntimeError(type(error).__name__) from error
        return classifier

    async def _load_again(self, old: str) -> ComplaintClassifier:
        try:
            return await asyncio.to_thread(self._load)
        except ComplaintContextError as error:
            logger.error("%s Until then %s stays in service.", error, old)
            raise ProblemError(BAD_MODEL, f"{error} Until then {old} stays in service.") from None
        except Exception as error:
            log_place(error)
            logger.error("model: cannot be used; %s stays in service. Export the bundle anew.", old)
            detail = f"model: failed on its first story; {old} stays in service. Export the bundle anew."
            raise ProblemError(BAD_MODEL, detail) from None

    def _tell(self, received: Received, future: asyncio.Future[Answer]) -> None:
        if future.cancelled():
            return
        answer = future.result()
        if not isinstance(answer.outcome, Exception):  # in the loop's next round: who asked is answered first
            future.get_loop().call_soon(self._tell_of, received, answer.outcome, answer.stages)

    def _tell_of(self, received: Received, assessment: Assessment, stages: Stages) -> None:
        story = received.story
        self.shadow.offer(story, assessment, author_confirmed=received.author_confirmed)
        for observer in self.observers:
            _guarded(partial(observer.assessed, story, assessment, stages))


def _guarded(call: Callable[[], None]) -> None:
    try:
        call()
    except Exception as error:  # whoever watches must not harm what is watched
        log_place(error)


def _size(settings: Settings) -> QueueSize:
    return QueueSize(
        stories=settings.queue_stories,
        chars=settings.queue_chars,
        batch_tokens=settings.batch_tokens,
        window_s=settings.batch_window_ms / 1000,
    )
