import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from classifier.markup import view_of
from classifier.sentences import MAX_SENTENCE_TOKENS, sentences
from classifier.story import Span, Story

WORDS = ("I lodged it", "Dr. ", "e.g. ", "U.S.", "and ", "www.example.org/a.b", "&amp;", "&#39;")
MARKS = (". ", "! ", "...", "?!", "(", ")", '"', ", ", "- ")
SPACES = ("\n", "\r\n", "\n\n", " ", "  ", "\t", "\u00a0", "\u2028")
ODD = ("😀", "👩\u200d👧", "e\u0301", "\u0301", "\x00", "\u200b", "x" * 120, "😀" * 130, "!" * 101)
FRAGMENTS = st.sampled_from(WORDS + MARKS + SPACES + ODD)
TEXTS = st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.lists(FRAGMENTS).map("".join))


def split(text, *, title=""):
    story = Story(id="s", title=title, text=text)
    return [story.quote(span) for span in sentences(story)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I waited. Nobody came!", ["I waited.", "Nobody came!"]),
        ("Why? No idea", ["Why?", "No idea"]),
        ("  Spaces   around.   And  within. ", ["Spaces   around.", "And  within."]),
        ("Dr. Smith was kind.", ["Dr. Smith was kind."]),
        ("No stop\nNew line", ["No stop", "New line"]),
        ("Windows\r\nline", ["Windows", "line"]),
        ("Old\rline", ["Old", "line"]),
        ("Blank\n\n \nline", ["Blank", "line"]),
        ("- one\n- two", ["- one", "- two"]),
        ("Kind 😀. Very 👩‍👧 kind.", ["Kind 😀.", "Very 👩‍👧 kind."]),
        ("Cafe\u0301 was shut. E\u0301tienne left.", ["Cafe\u0301 was shut.", "E\u0301tienne left."]),
        ("Fish &amp; chips. I can&#39;t.", ["Fish &amp; chips.", "I can&#39;t."]),
        ("\ufeffStart. End.", ["\ufeffStart.", "End."]),
        ("x", ["x"]),
        ("I waited.<br>Nobody came.", ["I waited.", "Nobody came."]),
        ("<p>One <b>two</b>.</p>\n<p>Three.</p>", ["One <b>two</b>.", "Three."]),
        ("One.&nbsp;Two.", ["One.", "Two."]),
    ],
)
def test_story_is_cut_into_sentences(text, found):
    assert split(text) == found


def test_places_count_code_points_and_not_bytes():
    story = Story(id="s", text="😀😀 fe\u0301e. Two.")
    assert sentences(story) == (Span("text", 0, 8), Span("text", 9, 13))


def test_sentences_of_the_title_come_first():
    story = Story(id="s", title="My title. Part two", text="My text.")
    assert sentences(story) == (Span("title", 0, 9), Span("title", 10, 18), Span("text", 0, 8))


@pytest.mark.parametrize("blank", ["", "  ", "\r\n"])
def test_blank_field_has_no_sentences(blank):
    assert split("Text.", title=blank) == ["Text."]
    assert split(blank, title="Title.") == ["Title."]


def test_sentence_of_the_longest_length_stays_whole():
    text = " ".join(["word"] * MAX_SENTENCE_TOKENS)
    assert split(text) == [text]


def test_longer_sentence_without_a_pause_is_cut_at_the_longest_length():
    assert [len(piece.split()) for piece in split(" ".join(["word"] * 130))] == [60, 60, 10]


def test_longer_sentence_is_cut_after_its_last_comma():
    words = ["word"] * 70
    words[29], words[49] = "word,", "word,"
    assert [len(piece.split()) for piece in split(" ".join(words))] == [50, 20]


def test_longer_sentence_is_cut_before_its_last_joining_word():
    words = ["word"] * 70
    words[30], words[45] = "because", "AND"
    pieces = split(" ".join(words))
    assert [len(piece.split()) for piece in pieces] == [45, 25]
    assert pieces[1].startswith("AND word")


def test_comma_goes_before_a_later_joining_word():
    words = ["word"] * 70
    words[29], words[50] = "word;", "but"
    assert [len(piece.split()) for piece in split(" ".join(words))] == [30, 40]


def test_pause_that_would_leave_a_scrap_is_passed_over():
    words = ["word"] * 70
    words[10] = "word,"
    assert [len(piece.split()) for piece in split(" ".join(words))] == [59, 11]


def test_long_run_without_a_space_is_cut_and_nothing_is_lost():
    pieces = split("x" * 100_000)
    assert "".join(pieces) == "x" * 100_000
    assert {len(piece) for piece in pieces[:-1]} == {3000}


@pytest.mark.parametrize("mark", ["😀", "(", "!", "a(", "e\u0301", "\u0301", "https://a.b/"])
def test_long_run_of_marks_takes_no_more_than_its_length(mark):
    # Time that grew with the square of the run would show here as minutes.
    text = mark * (100_000 // len(mark))
    assert "".join(split(text)) == text


def test_full_stop_after_a_long_run_ends_its_sentence():
    address = "https://example.org/" + "a" * 200
    assert split(f"See {address}. Then I lodged it.") == [f"See {address}.", "Then I lodged it."]


def test_many_lines_are_many_sentences():
    # So would time that grew with the square of the lines.
    assert split("line\n" * 20_000) == ["line"] * 20_000


def test_story_of_sixty_thousand_words_is_read_to_its_end():
    found = split("We waited in the hall. " * 12_000)
    assert found == ["We waited in the hall."] * 12_000


@settings(max_examples=50, deadline=None)
@given(title=TEXTS, text=TEXTS)
@example(title="\r\n", text="\n.\n")
def test_every_character_but_white_space_and_markup_lies_in_exactly_one_sentence(title, text):
    assume(title.strip() or text.strip())
    spans = sentences(Story(id="s", title=title, text=text))
    for field, value in (("title", title), ("text", text)):
        inside = [place for span in spans if span.field == field for place in range(span.start, span.end)]
        assert inside == sorted(set(inside))
        view, inside = view_of(value), set(inside)
        left_out = [at for at in range(len(view.text)) if view.place(at, at + 1)[0] not in inside]
        assert all(view.text[at].isspace() for at in left_out)
    assert all(span.start < span.end for span in spans)


@settings(max_examples=50, deadline=None)
@given(text=TEXTS)
def test_sentence_begins_and_ends_with_a_word_or_mark_and_holds_no_line_break(text):
    assume(text.strip())
    for quote in split(text):
        assert quote == quote.strip()
        assert not {"\n", "\r"} & set(quote)
