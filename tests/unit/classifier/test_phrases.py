import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.markup import view_of
from classifier.phrases import Found, Phrasebook, Wordings, expand, letter_runs, longest, read_words

BOOK = Phrasebook(
    {
        "idiom": Wordings(any_case=("can't complain", "no (real |)complaints")),
        "mp": Wordings(as_written=("MP",)),
    }
)


def keys(text):
    return [found.key for found in BOOK.find(read_words(text))]


@pytest.mark.parametrize(
    "text",
    ["I can't go", "I can\u2019t go", "I can&#39;t go", "I can&rsquo;t go", "I can&#x27;t go", "I can`t go"],
)
def test_every_way_to_write_an_apostrophe_reads_the_same(text):
    assert read_words(text).forms == ("I", "can't", "go")


def test_words_know_their_places_in_code_points():
    text = "😀 Mam\u2019s café"
    words = read_words(text)
    assert words.forms == ("😀", "Mam", "'s", "café")
    assert [text[start:end] for start, end in zip(words.starts, words.ends, strict=True)] == [
        "😀",
        "Mam",
        "\u2019s",
        "café",
    ]


def test_a_combining_mark_stays_with_its_letter():
    assert read_words("Sia\u0302n rang").forms == ("Sia\u0302n", "rang")


def test_hyphens_and_hard_spaces_separate_words_and_ampersands_read_and():
    assert read_words("stage-2 no&nbsp;win Argyll &amp; Bute A&E").forms == (
        *("stage", "2", "no", "win", "Argyll", "and", "Bute", "A", "and", "E"),
    )


def test_empty_text_has_no_words_and_no_phrases():
    assert read_words("").forms == ()
    assert keys("") == []


def test_choices_expand_and_nest_and_apostrophes_may_be_left_out():
    assert expand("a (b|c (d|))") == ("a b", "a c d", "a c")
    assert expand("can't (x|y)") == ("can't x", "cant x", "can't y", "cant y")


@pytest.mark.parametrize(
    "text", ["NO REAL COMPLAINTS", "No\ncomplaints", "no   complaints", "(no complaints)", "cant complain"]
)
def test_a_phrase_is_found_in_any_capitals_and_spacing(text):
    assert keys(text) == ["idiom"]


@pytest.mark.parametrize("text", ["no. Complaints", "no\n\ncomplaints", "no, complaints"])
def test_no_phrase_reaches_over_a_mark_or_a_blank_line(text):
    assert keys(text) == []


def test_a_phrase_as_written_needs_its_capitals():
    assert keys("my MP, not my mp or Mp") == ["mp"]


def test_the_longest_of_overlapping_phrases_wins_and_the_earlier_of_equals():
    short, long, later = Found("a", 1, 2), Found("b", 0, 3), Found("c", 2, 5)
    assert longest([short, later, long]) == (long,)


def test_two_keys_on_the_same_words_both_stay():
    assert longest([Found("b", 0, 2), Found("a", 0, 2)]) == (Found("a", 0, 2), Found("b", 0, 2))


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="abcxyz_-' \n&#39;\u2019e\u0301SAB", max_size=60))
def test_what_holds_a_phrase_may_hold_one(text):
    book = Phrasebook({"k": Wordings(any_case=("a", "b c", "ab 's", "x-y z"), as_written=("SAB", "can't"))})
    if book.find(read_words(text)):
        assert book.may_hold(letter_runs(view_of(text).text))


@pytest.mark.parametrize("text", ["I CAN&#39;T", "an x_y-z", "the SAB's"])
def test_phrases_in_odd_spellings_may_be_held(text):
    book = Phrasebook({"k": Wordings(any_case=("can't", "y z"), as_written=("SAB",))})
    assert book.find(read_words(text))
    assert book.may_hold(letter_runs(view_of(text).text))


def test_a_text_with_half_a_phrase_holds_none():
    book = Phrasebook({"k": Wordings(any_case=("chief executive",))})
    assert not book.may_hold(letter_runs("the chief of staff"))
