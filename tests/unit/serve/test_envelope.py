import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.story import Story
from serve.envelope import Received, Refused, open_envelope
from serve.problems import ProblemError


def _open(*stories, max_stories=64, max_story_chars=1000):
    content = json.dumps({"stories": stories}).encode()
    return open_envelope(content, max_stories=max_stories, max_story_chars=max_story_chars)


def _fault(*stories):
    (refused,) = _open(*stories)
    return refused.id, refused.problem.kind.name, refused.problem.detail


def test_story_is_received_with_title_and_confirmation():
    assert _open({"id": "1", "title": "T", "text": "a", "author_confirmed": True}) == (
        Received(Story(id="1", title="T", text="a"), author_confirmed=True),
    )


def test_title_and_confirmation_may_be_left_out():
    assert _open({"id": "1", "text": "a"}) == (Received(Story(id="1", text="a"), author_confirmed=False),)


@pytest.mark.parametrize(
    ("story", "id", "detail"),
    [
        (
            {"id": "1", "text": " "},
            "1",
            "text: the story is empty. Send the author's words in text (or title).",
        ),
        (
            {"id": "1", "text": "a\ud83d"},
            "1",
            "text: character 1 is half of a surrogate pair. Send the text as valid Unicode.",
        ),
        ({"id": "1", "text": 7}, "1", "text: is int, not text. Send a string."),
        ({"id": "1", "text": "a", "title": None}, "1", "title: is missing, not text. Send a string."),
        ({"id": "1"}, "1", "text: is missing. Send a string."),
        ({"text": "a"}, None, "id: is missing. Send a string."),
        ({"id": 1, "text": "a"}, None, "id: is int, not text. Send a string."),
        (
            {"id": "\udc00", "text": "a"},
            None,
            "id: character 0 is half of a surrogate pair. Send the text as valid Unicode.",
        ),
        (
            {"id": "1", "text": "a", "secret": "b"},
            "1",
            "story: has an unknown key. Known keys: id, title, text, author_confirmed.",
        ),
        (
            {"id": "1", "text": "a", "author_confirmed": "yes"},
            "1",
            "author_confirmed: is not a boolean. Send true or false.",
        ),
        ("a story", None, "story: is not an object. Send an object with id and text."),
    ],
)
def test_bad_story_is_refused_with_what_to_do(story, id, detail):
    assert _fault(story) == (id, "bad-story", detail)


def test_bad_story_leaves_the_others_alone():
    first, second, third = _open({"id": "1", "text": "a"}, {"id": "2"}, {"id": "3", "text": "c"})
    assert (first.story.text, type(second), third.story.text) == ("a", Refused, "c")


def test_every_story_of_a_shared_id_is_refused():
    places = _open({"id": "1", "text": "a"}, {"id": "2", "text": "b"}, {"id": "1", "text": "c"})
    assert [getattr(place, "problem", None) and place.problem.kind.name for place in places] == [
        "repeated-id",
        None,
        "repeated-id",
    ]


def test_stories_without_an_id_do_not_share_one():
    assert [place.problem.kind.name for place in _open({"text": "a"}, {"text": "b"})] == ["bad-story"] * 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ([], "bad-request"),
        ("stories", "bad-request"),
        ({}, "bad-request"),
        ({"stories": []}, "bad-request"),
        ({"stories": {}}, "bad-request"),
        ({"stories": [{}], "more": 1}, "bad-request"),
        ({"stories": [{}] * 65}, "too-many-stories"),
    ],
)
def test_bad_envelope_is_refused(body, kind):
    with pytest.raises(ProblemError) as caught:
        open_envelope(json.dumps(body).encode(), max_stories=64, max_story_chars=1000)
    assert caught.value.kind.name == kind


def test_most_stories_are_received_and_one_more_is_not():
    stories = [{"id": str(n), "text": "a"} for n in range(3)]
    assert len(_open(*stories[:2], max_stories=2)) == 2
    with pytest.raises(ProblemError, match=r"stories: there are 3\. Send at most 2 in one request\."):
        _open(*stories, max_stories=2)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "title", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(_JSON, min_size=1, max_size=5))
def test_every_story_has_a_place_whatever_it_is(stories):
    assert len(_open(*stories)) == len(stories)


def test_title_and_text_together_may_be_as_long_as_the_limit_and_no_longer():
    short = {"id": "1", "title": "ab", "text": "é" * 1998}
    long = {"id": "2", "title": "abc", "text": "é" * 1998}
    received, refused = _open(short, long, max_story_chars=2000)
    assert len(received.story.text) == 1998
    assert (refused.id, refused.problem.kind.name, refused.problem.detail) == (
        "2",
        "bad-story",
        "text: with its title it is longer than 2,000 characters. Give it to a person.",
    )


def test_id_may_have_500_characters_and_a_longer_one_is_refused_and_not_sent_back():
    (received,) = _open({"id": "é" * 500, "text": "a"})
    assert received.story.id == "é" * 500
    said = (None, "bad-story", "id: is longer than 500 characters. Send a shorter one.")
    assert _fault({"id": "é" * 501, "text": "a"}) == said
    assert [
        (place.id, place.problem.kind.name, place.problem.detail)
        for place in _open(*[{"id": "x" * 501, "text": "a"}] * 2)
    ] == [said] * 2
