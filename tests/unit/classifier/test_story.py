import dataclasses
import pickle

import pytest

from classifier import Span, Story, StoryError

CANARY = "heliotrope walrus"


def refusal(**parts):
    with pytest.raises(StoryError) as caught:
        Story(**{"id": "s", "text": "Words.", **parts})
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "start", "end", "quoted"),
    [
        ("a😀bc", 1, 3, "😀b"),
        ("👩‍👩‍👧 came", 0, 5, "👩‍👩‍👧"),
        ("cafe\u0301s", 3, 5, "e\u0301"),
        ("one\r\ntwo", 3, 5, "\r\n"),
        ("fish &amp; chips", 5, 10, "&amp;"),
        ("  ends  ", 0, 8, "  ends  "),
        ("words", 2, 2, ""),
    ],
)
def test_quote_is_the_slice_in_code_points(text, start, end, quoted):
    assert Story(id="s", text=text).quote(Span("text", start, end)) == quoted


def test_quote_of_the_title_is_taken_from_the_title():
    assert Story(id="s", title="My title", text="My text").quote(Span("title", 3, 8)) == "title"


def test_words_are_kept_to_the_letter():
    text = "\ufeff  A\u00a0story\r\nwith \x07 &lt;all&gt; of it\u2028 e\u0301 \n\n"
    story = Story(id=" 1 ", title=" T ", text=text)
    assert (story.id, story.title, story.text) == (" 1 ", " T ", text)


def test_story_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Story(id="s", text="Words.").text = "Other words."


def test_story_may_have_only_a_title():
    assert Story(id="s", title="Kind nurses", text="").text == ""


def test_title_may_be_left_out():
    assert Story(id="s", text="Words.").title == ""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Span("text", 0, 5), Span("text", 4, 9), True),
        (Span("text", 4, 9), Span("text", 0, 5), True),
        (Span("text", 0, 9), Span("text", 4, 5), True),
        (Span("text", 0, 5), Span("text", 5, 9), False),
        (Span("text", 5, 9), Span("text", 0, 5), False),
        (Span("text", 0, 5), Span("title", 0, 5), False),
    ],
)
def test_spans_overlap_when_they_share_a_character_of_one_field(one, other, expected):
    assert one.overlaps(other) is expected


@pytest.mark.parametrize("blank", ["", " ", "\n\t\r\n", "\u00a0\u2003"])
def test_blank_story_is_refused(blank):
    message = "text: the story is empty. Send the author's words in text (or title)."
    assert refusal(text=blank, title=blank) == message


@pytest.mark.parametrize(
    ("value", "kind"), [(None, "missing"), (7, "int"), (1.5, "float"), (b"Words.", "bytes"), (["W"], "list")]
)
@pytest.mark.parametrize("part", ["id", "title", "text"])
def test_part_that_is_no_string_is_refused(part, value, kind):
    assert refusal(**{part: value}) == f"{part}: is {kind}, not text. Send a string."


@pytest.mark.parametrize(("part", "value"), [("id", "\ud83d"), ("title", "\udc00"), ("text", "\ud83d.")])
def test_half_a_surrogate_pair_is_refused_with_its_place(part, value):
    message = f"{part}: character 2 is half of a surrogate pair. Send the text as valid Unicode."
    assert refusal(**{part: "ab" + value}) == message


def test_refusal_does_not_hold_the_words():
    for parts in (
        {"text": CANARY + "\ud800"},
        {"text": [CANARY]},
        {"title": CANARY.encode(), "text": CANARY},
    ):
        assert "walrus" not in refusal(**parts)


def test_each_field_is_seen_as_a_reader_would_see_it_and_only_once():
    story = Story(id="s", title="A &amp; E", text="<b>Kind</b>")
    assert [(field, view.text) for field, view in story.views.items()] == [
        ("title", "A & E"),
        ("text", "Kind"),
    ]
    assert story.views["text"] is story.views["text"]


def test_a_story_that_was_looked_at_equals_one_that_was_not():
    seen = Story(id="s", text="Kind staff.")
    assert seen.views
    assert seen == Story(id="s", text="Kind staff.")
    assert pickle.loads(pickle.dumps(seen)) == seen
