"""From the body of Label Studio's ``/predict`` to the stories of its tasks, each read or refused on its own.

Label Studio sends more with a task than is needed: what is not named here is passed over.
"""

from typing import Any

from classifier.errors import StoryError
from classifier.story import Story
from serve.body import read_json
from serve.envelope import Received, Refused, check_length
from serve.problems import BAD_REQUEST, BAD_STORY, TOO_MANY_STORIES, ProblemError

MAX_TASKS = 1000
"""Most tasks of a request; Label Studio sends all that an annotator has ticked in one."""

_SHAPE = 'Send {"tasks": [{"data": {"id": "1", "text": "..."}}]}.'


def open_tasks(content: bytes, *, max_story_chars: int) -> tuple[Received | Refused, ...]:
    """The stories of a request, in the order of its tasks; an answer is told by its place, so ids may repeat.

    Raises:
        ProblemError: the request itself has not the right shape.
    """
    tasks = read_object(content).get("tasks")
    if not isinstance(tasks, list) or not tasks:
        raise ProblemError(BAD_REQUEST, f"tasks: is not a list of one task or more. {_SHAPE}")
    if len(tasks) > MAX_TASKS:
        detail = f"tasks: there are {len(tasks)}. Send at most {MAX_TASKS} in one request."
        raise ProblemError(TOO_MANY_STORIES, detail)
    return tuple(_open(task, max_chars=max_story_chars) for task in tasks)


def read_object(content: bytes) -> dict[str, Any]:
    """The JSON object in ``content``.

    Raises:
        ProblemError: it is none.
    """
    found = read_json(content)
    if not isinstance(found, dict):
        raise ProblemError(BAD_REQUEST, "body: is not an object. Send one JSON object.")
    return found


def _open(task: Any, *, max_chars: int) -> Received | Refused:
    try:
        story = _story(task)
        check_length(story, max_chars=max_chars)
        return Received(story, author_confirmed=False)
    except ProblemError as problem:
        return Refused(None, problem)
    except StoryError as error:
        return Refused(None, ProblemError(BAD_STORY, str(error)))


def _story(task: Any) -> Story:
    data = task.get("data") if isinstance(task, dict) else None
    if not isinstance(data, dict):
        raise ProblemError(BAD_STORY, "data: is not an object. Give each task's data an id and a text.")
    title = data.get("title")
    return Story(id=data.get("id"), title="" if title is None else title, text=data.get("text"))
