"""From the body of ``POST /v1/classify`` to its stories, each read or refused on its own."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from classifier.errors import StoryError
from classifier.story import Story
from serve.body import read_json
from serve.problems import BAD_REQUEST, BAD_STORY, REPEATED_ID, TOO_MANY_STORIES, ProblemError
from serve.schemas import MAX_ID_CHARS, StoryRequest

_SHAPE = 'Send {"stories": [{"id": "1", "text": "..."}]}.'
_KEYS = ", ".join(StoryRequest.model_fields)


@dataclass(frozen=True, slots=True)
class Received:
    """A story that can be assessed."""

    story: Story
    author_confirmed: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A story that cannot be assessed; ``id`` is None where it had none that can be sent back."""

    id: str | None
    problem: ProblemError


def open_envelope(
    content: bytes, *, max_stories: int, max_story_chars: int
) -> tuple[Received | Refused, ...]:
    """The stories of a request, in its order. All stories that share an id are refused: an answer
    under that id could be taken for the other's.

    Raises:
        ProblemError: the request itself has not the right shape.
    """
    items = _items(read_json(content), max_stories)
    counts = Counter(_id(item) for item in items)
    repeated = {id for id, count in counts.items() if id is not None and count > 1}
    return tuple(_open(item, repeated=_id(item) in repeated, max_chars=max_story_chars) for item in items)


def _items(value: Any, max_stories: int) -> list[Any]:
    if not isinstance(value, dict):
        raise ProblemError(BAD_REQUEST, f"body: is not an object. {_SHAPE}")
    if list(value) != ["stories"]:
        raise ProblemError(BAD_REQUEST, f'body: must have the one key "stories". {_SHAPE}')
    items = value["stories"]
    if not isinstance(items, list) or not items:
        raise ProblemError(BAD_REQUEST, f"stories: is not a list of one story or more. {_SHAPE}")
    if len(items) > max_stories:
        detail = f"stories: there are {len(items)}. Send at most {max_stories} in one request."
        raise ProblemError(TOO_MANY_STORIES, detail)
    return items


def _open(item: Any, *, repeated: bool, max_chars: int) -> Received | Refused:
    try:
        if repeated:
            raise ProblemError(REPEATED_ID, "id: stands twice in this request. Give each story its own id.")
        received = _read(item)
        check_length(received.story, max_chars=max_chars)
        return received
    except ProblemError as problem:
        return Refused(_id(item), problem)
    except StoryError as error:
        return Refused(_id(item), ProblemError(BAD_STORY, str(error)))


def check_length(story: Story, *, max_chars: int) -> None:
    """Passes if ``story`` is short enough to be read in reasonable time, and its id to be kept and sent back.

    Raises:
        ProblemError: it is not.
    """
    if len(story.id) > MAX_ID_CHARS:
        raise ProblemError(BAD_STORY, f"id: is longer than {MAX_ID_CHARS} characters. Send a shorter one.")
    if len(story.title) + len(story.text) > max_chars:
        raise ProblemError(
            BAD_STORY,
            f"text: with its title it is longer than {max_chars:,} characters. Give it to a person.",
        )


def _read(item: Any) -> Received:
    if not isinstance(item, dict):
        raise ProblemError(BAD_STORY, "story: is not an object. Send an object with id and text.")
    if not item.keys() <= StoryRequest.model_fields.keys():
        raise ProblemError(BAD_STORY, f"story: has an unknown key. Known keys: {_KEYS}.")
    for key in ("id", "text"):
        if key not in item:
            raise ProblemError(BAD_STORY, f"{key}: is missing. Send a string.")
    confirmed = item.get("author_confirmed", False)
    if not isinstance(confirmed, bool):
        raise ProblemError(BAD_STORY, "author_confirmed: is not a boolean. Send true or false.")
    story = Story(id=item["id"], title=item.get("title", ""), text=item["text"])
    return Received(story, confirmed)


def _id(item: Any) -> str | None:
    found = item.get("id") if isinstance(item, dict) else None
    if not isinstance(found, str) or len(found) > MAX_ID_CHARS:
        return None
    try:
        found.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return found
