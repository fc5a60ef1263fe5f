from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.markup import view_of

ODD = (
    "<br />",
    "<br>\n",
    "</p>",
    "<p class='x'>",
    "<b>",
    "&#39;",
    "&amp;nbsp;",
    "&shy;",
    "&lt;br&gt;",
    "&",
    "<",
    ">",
)
TEXTS = st.lists(st.sampled_from((*ODD, "word", " ", "\n", "😀", "e\u0301", "com\u00adplaint"))).map("".join)


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("I&#39;ve, I&#x27;ve, I&rsquo;ve, I&apos;ve", "I've, I've, I\u2019ve, I've"),
        ("fish &amp; chips", "fish & chips"),
        ("fish &amp;amp; chips, I&amp;#39;ve", "fish & chips, I've"),
        ("stage&nbsp;2&#160;reply", "stage\u00a02\u00a0reply"),
        ("caf&eacute;", "café"),
        ("I don&#146;t", "I don\u2019t"),
        ("com&shy;plaint com\u00adplaint com&#8203;plaint com\u200bplaint", "complaint " * 3 + "complaint"),
        ("formal<br>complaint", "formal\ncomplaint"),
        ("one<br />\ntwo<BR/>\r\nthree", "one\ntwo\nthree"),
        ("one<br><br>two", "one\n\ntwo"),
        ("<p>One.</p>\n<p>Two.</p>", "\nOne.\n\nTwo.\n"),
        ("one&lt;br /&gt;two&amp;lt;p&amp;gt;three", "one\ntwo\nthree"),
        ("a <b>formal</b> com<i>plaint</i>", "a formal complaint"),
        ('<span style="color: red">to</span> <a href=x target="_blank">PALS</a>', "to PALS"),
        ("<td>one</td><td>two</td>", " one  two "),
        ("<!-- I complained -->", " I complained "),
    ],
)
def test_markup_is_looked_through(sent, seen):
    assert view_of(sent).text == seen


@pytest.mark.parametrize(
    "words",
    [
        "The nurses were kind.",
        "a < b, <3, <50 and >6",
        "<my ward> and <name removed>",
        "<b I complained to them>",
        "R&D; A&E & co, &nosuchthing; &#12345678;",
        "👩\u200d👧 \ufeffstart \u200b",
        "",
    ],
)
def test_what_is_no_markup_is_seen_as_it_is(words):
    view = view_of(words)
    assert (view.text, view.starts, view.ends) == (words, None, None)


def test_places_are_code_points_of_the_field_as_sent():
    sent = "😀 I&#39;ve com&shy;plained<br>twice"
    view = view_of(sent)
    assert view.text == "😀 I've complained\ntwice"
    assert [sent[slice(*view.place(*place))] for place in ((2, 6), (7, 17), (17, 18), (18, 23))] == [
        "I&#39;ve",
        "com&shy;plained",
        "<br>",
        "twice",
    ]


@settings(max_examples=200, deadline=None)
@given(sent=TEXTS)
def test_places_follow_one_another_and_no_word_is_hidden(sent):
    view = view_of(sent)
    places = [view.place(at, at + 1) for at in range(len(view.text))]
    assert all(start < end for start, end in places)
    assert all(before[1] <= after[0] for before, after in pairwise(places))
    assert view.text.count("word") == sent.count("word")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("I can't, Mr O-Neil_2", ("i", "can", "'", "t", ",", "mr", "o", "-", "neil", "_", "2")),
        ("Caf\u00e9 Sia\u0302n\u2019s", ("caf\u00e9", "sia\u0302n", "\u2019", "s")),
        ("com&shy;plain", ("complain",)),
        (" \n", ()),
    ],
)
def test_words_of_a_view_are_its_runs_of_letters_and_its_marks(sent, words):
    assert view_of(sent).words == words


@given(st.text(st.sampled_from("aZ09_-'., \n\t\x00")))
def test_words_of_an_ascii_view_are_those_of_any_other(words):
    assert (*view_of(words).words, "\u00e9") == view_of(f"{words} \u00e9").words
