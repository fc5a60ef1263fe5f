from hypothesis import given
from hypothesis import strategies as st

from classifier.assessment import Evidence
from classifier.labels import LABELS, Label
from classifier.story import Story
from serve.highlight import Stretch, highlight


def _quote(label, start, end, field="text"):
    return Evidence(label=label, text="", field=field, start=start, end=end, score=0.9)


def _stretches(text, *quotes, title=""):
    return highlight(Story(id="1", title=title, text=text), field="text", evidence=quotes)


def test_story_without_evidence_is_one_stretch():
    assert _stretches("all of it") == (Stretch("all of it", ()),)


def test_empty_field_has_no_stretch():
    assert _stretches("", title="T") == ()


def test_evidence_is_cut_out_to_the_letter():
    assert _stretches("ab😀cd", _quote(Label.ONGOING, 2, 4)) == (
        Stretch("ab", ()),
        Stretch("😀c", (Label.ONGOING,)),
        Stretch("d", ()),
    )


def test_words_that_carry_two_labels_are_marked_once_with_both():
    quotes = (_quote(Label.COMPLETED, 0, 2), _quote(Label.ONGOING, 0, 2))
    assert _stretches("abc", *quotes) == (
        Stretch("ab", (Label.ONGOING, Label.COMPLETED)),
        Stretch("c", ()),
    )


def test_overlapping_evidence_is_cut_where_it_overlaps():
    quotes = (_quote(Label.PLANNED, 0, 3), _quote(Label.ONGOING, 2, 4))
    assert [(s.text, s.labels) for s in _stretches("abcd", *quotes)] == [
        ("ab", (Label.PLANNED,)),
        ("c", (Label.PLANNED, Label.ONGOING)),
        ("d", (Label.ONGOING,)),
    ]


def test_evidence_in_the_title_marks_nothing_in_the_text():
    assert _stretches("abc", _quote(Label.ONGOING, 0, 2, field="title"), title="abc") == (Stretch("abc", ()),)


@given(
    st.text(min_size=1),
    st.lists(st.tuples(st.sampled_from(LABELS), st.integers(0, 20), st.integers(0, 20)), max_size=4),
)
def test_stretches_joined_are_the_words_of_the_author(text, places):
    quotes = [_quote(label, min(a, len(text)), min(max(a, b), len(text))) for label, a, b in places]
    story = Story(id="1", title="T", text=text)
    stretches = highlight(story, field="text", evidence=tuple(quotes))
    assert "".join(stretch.text for stretch in stretches) == text
