"""A challenger that reads along: the same stories, after their answers, for nobody but the moderators.

    offer     a story that the model in service has just assessed
    report    how often the two disagreed on labels or action, and on which stories

It reads one story at a time and only while no story waits for the model in service; what comes meanwhile is
dropped and counted. (A thread of low priority would be worse: it could hold Python's lock and be kept from
running.) Its answers go nowhere but into the counts, and a disagreement holds no word of the story.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from classifier.assess import ComplaintClassifier
from classifier.assessment import Action, Assessment
from classifier.bundle import Bundle, load_bundle
from classifier.errors import ComplaintContextError
from classifier.labels import Label
from classifier.story import Story
from serve.problems import NO_SHADOW, ProblemError
from serve.shield import log_place

logger = logging.getLogger(__name__)

_KEPT = 100
"""Disagreements listed, the newest."""
_MAX_WAITING = 16
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a model makes of a story."""

    labels: tuple[Label, ...]
    action: Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A story of which the two models make different things; none of its words."""

    story_id: str
    in_service: Judgement
    challenger: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    story: Story
    author_confirmed: bool
    assessment: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowReport:
    """How the challenger did since the model in service was loaded; the newest disagreement comes first.

    ``failed`` counts stories that the challenger could not read, ``dropped`` those it had no time for.
    """

    in_service: str
    challenger: str
    read: int
    failed: int
    dropped: int
    disagreed: int
    disagreements: tuple[Disagreement, ...]


class Shadow:
    """Reads with the bundle in ``folder``, if there is one, whenever ``busy`` says no."""

    def __init__(self, folder: Path | None, *, busy: Callable[[], bool]) -> None:
        self._folder = folder
        self._busy = busy
        self._bundle: Bundle | None = None
        self._in_service: ComplaintClassifier | None = None
        self._challenger: ComplaintClassifier | None = None
        self._waiting: deque[_Answered] = deque()
        self._task: asyncio.Task[None] | None = None
        self._forget()

    @property
    def reads_along(self) -> bool:
        """Whether there is a challenger, and a model in service to compare it with."""
        return self._challenger is not None and self._in_service is not None

    async def load(self) -> None:
        """Loads the challenger. A bad one is logged and the service goes on without."""
        if self._folder is None:
            return
        try:
            self._bundle = await asyncio.to_thread(load_bundle, self._folder)
        except ComplaintContextError as error:
            logger.error("shadow: %s The service runs without it.", error)
        except Exception as error:
            log_place(error)
        else:
            self._take_policy()

    def model_changed(self, classifier: ComplaintClassifier) -> None:
        """Counts anew, against ``classifier`` and under its policy."""
        self._in_service = classifier
        self._forget()
        self._take_policy()

    def offer(self, story: Story, assessment: Assessment, *, author_confirmed: bool) -> None:
        """Takes a story that was answered with ``assessment``, if there is room."""
        if self._challenger is None or not self._is_in_service(assessment):
            return
        if len(self._waiting) >= _MAX_WAITING:
            self._dropped += 1
            return
        self._waiting.append(_Answered(story=story, author_confirmed=author_confirmed, assessment=assessment))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._read_all())

    def report(self) -> ShadowReport:
        """What was counted.

        Raises:
            ProblemError: there is no challenger.
        """
        if self._folder is None:
            raise ProblemError(NO_SHADOW, "shadow: none is set. Start the service with --shadow FOLDER.")
        if self._challenger is None or self._in_service is None:
            raise ProblemError(NO_SHADOW, "shadow: is not loaded. Ask the operator to look at the log.")
        return ShadowReport(
            in_service=self._in_service.bundle.name,
            challenger=self._challenger.bundle.name,
            read=self._read,
            failed=self._failed,
            dropped=self._dropped,
            disagreed=self._disagreed,
            disagreements=tuple(reversed(self._disagreements)),
        )

    def close(self) -> None:
        """Reads no further."""
        self._challenger = None
        self._waiting.clear()

    def _forget(self) -> None:
        self._read = self._failed = self._dropped = self._disagreed = 0
        self._disagreements: deque[Disagreement] = deque(maxlen=_KEPT)
        self._waiting.clear()

    def _take_policy(self) -> None:
        """Only the bundles are compared, so both decide under the policy in service."""
        if self._bundle is not None and self._in_service is not None:
            self._challenger = ComplaintClassifier(self._bundle, self._in_service.policy)

    async def _read_all(self) -> None:
        while self._waiting:
            if self._busy():
                await asyncio.sleep(_PAUSE_S)
                continue
            await self._compare(self._waiting.popleft())

    async def _compare(self, answered: _Answered) -> None:
        challenger, in_service = self._challenger, self._in_service
        if challenger is None:
            return
        try:
            other = await asyncio.to_thread(
                challenger.assess, answered.story, author_confirmed=answered.author_confirmed
            )
        except Exception as error:  # a challenger may be broken; nobody but the operator should notice
            log_place(error)
            other = None
        if in_service is self._in_service:  # else the counts were begun anew meanwhile
            self._note(answered.assessment, other)

    def _is_in_service(self, assessment: Assessment) -> bool:
        """Whether the model in service made it; a batch under way at a reload was read by the one before."""
        return self._in_service is not None and assessment.model == self._in_service.bundle.name

    def _note(self, assessment: Assessment, other: Assessment | None) -> None:
        if other is None:
            self._failed += 1
            return
        self._read += 1
        ours, theirs = _judgement(assessment), _judgement(other)
        if ours != theirs:
            self._disagreed += 1
            self._disagreements.append(
                Disagreement(story_id=assessment.id, in_service=ours, challenger=theirs)
            )


def _judgement(assessment: Assessment) -> Judgement:
    return Judgement(labels=assessment.labels, action=assessment.action)
