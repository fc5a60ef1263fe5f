"""The classifier behind the service: loaded once, then read by a few threads beside the event loop."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from classifier.assess import ComplaintClassifier
from classifier.assessment import Assessment
from classifier.errors import ComplaintContextError
from classifier.story import Story
from serve.problems import NOT_READY, ProblemError
from serve.shield import log_place

logger = logging.getLogger(__name__)

ClassifierSource = Callable[[], ComplaintClassifier]

_WARM_UP = Story(id="warm-up", text="I made a formal complaint last week.")
_RETRY_AFTER_S = "2"


class Assessor:
    """Assesses stories off the event loop, at most ``threads`` at a time, the others in turn."""

    def __init__(self, source: ClassifierSource, *, threads: int) -> None:
        self._source = source
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="assessor")
        self._classifier: ComplaintClassifier | None = None
        self._settled = asyncio.Event()
        self.failed = False

    @property
    def classifier(self) -> ComplaintClassifier:
        """The loaded classifier.

        Raises:
            ProblemError: it is not loaded yet, or cannot be.
        """
        if self.failed:
            raise ProblemError(NOT_READY, "model: cannot be loaded. Ask the operator to look at the log.")
        if self._classifier is None:
            detail = "model: is still being loaded. Try again soon; until then a person takes the story."
            raise ProblemError(NOT_READY, detail, headers={"retry-after": _RETRY_AFTER_S})
        return self._classifier

    async def load(self) -> None:
        """Loads the classifier and has it read one story; sets ``failed`` and logs why if that fails."""
        try:
            loop = asyncio.get_running_loop()
            self._classifier = await loop.run_in_executor(self._pool, self._load)
        except ComplaintContextError as error:
            self.failed = True
            logger.error("%s", error)  # names files and what is wrong with them; no story was read yet
        except Exception as error:  # a broken model may fail in ways that no list would cover
            self.failed = True
            log_place(error)
        finally:
            self._settled.set()

    async def settled(self) -> None:
        """Waits until loading has ended, well or not."""
        await self._settled.wait()

    async def assess(self, story: Story, *, author_confirmed: bool) -> Assessment:
        """The assessment of one story.

        Raises:
            ProblemError: the classifier is not ready.
        """
        classifier = self.classifier
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: classifier.assess(story, author_confirmed=author_confirmed)
        )

    def close(self) -> None:
        """Ends the threads after what they are reading now."""
        self._pool.shutdown(cancel_futures=True)

    def _load(self) -> ComplaintClassifier:
        classifier = self._source()
        classifier.assess(_WARM_UP)
        return classifier
