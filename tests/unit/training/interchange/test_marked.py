import pytest

from classifier.story import Span, Story
from training.interchange.marked import find_marked, widen
from training.stories import RecordError, find_words

STORY = Story(id="s", title="A complaint", text="😡 Waiting.\r\nA complaint went in. A complaint was lost.")
LATE = STORY.text.rindex("A complaint")


def marked(start, end, text=None, **more):
    value = {"start": start, "end": end} | ({} if text is None else {"text": text}) | more
    return find_marked(value, field="text", story=STORY)


def test_place_in_code_points_is_taken_as_it_is():
    assert STORY.quote(marked(2, 10, "Waiting.")) == "Waiting."


def test_place_in_utf16_units_is_found():
    assert marked(3, 11, "Waiting.") == Span("text", 2, 10)


def test_place_without_words_counts_code_points():
    assert marked(2, 10) == Span("text", 2, 10)


@pytest.mark.parametrize("shown", ["Waiting.\nA complaint", r"Waiting.\nA complaint", "Waiting. A complaint"])
def test_line_ends_may_be_shown_otherwise(shown):
    assert STORY.quote(marked(2, 23, shown)) == "Waiting.\r\nA complaint"


def test_wrong_place_of_words_that_stand_once_is_mended():
    assert STORY.quote(marked(5, 12, "was lost")) == "was lost"


def test_global_offsets_serve_where_start_is_a_path():
    path = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "globalOffsets": {"start": 2, "end": 10}}
    assert find_marked(path, field="text", story=STORY) == Span("text", 2, 10)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [(5, 12, "A complaint"), (5, 12, "nowhere"), (4, 4, ""), (0, 999, None), (-3, 5, None)],
)
def test_place_that_is_not_sure_is_refused(start, end, text):
    with pytest.raises(RecordError) as caught:
        marked(start, end, text)
    assert str(caught.value) == (
        f"evidence: what is marked in text from {start} to {end} are not the words that stand there. "
        "Mark them again, and export again."
    )


# --- quotes that keep the place


def test_first_place_of_words_needs_no_more_of_them():
    span = Span("text", 12, 23)
    assert widen(span, story=STORY) == span


def test_later_place_takes_words_around_it():
    span = widen(Span("text", LATE, LATE + 11), story=STORY)
    assert STORY.quote(span) == "in. A complaint was"
    assert find_words(STORY, STORY.quote(span)) == span


def test_title_that_stands_in_the_text_too_is_left_to_the_text():
    span = widen(Span("title", 2, 11), story=STORY)
    assert span == Span("title", 0, 11)
    assert find_words(STORY, STORY.quote(span)) == Span("text", 12, 23)
