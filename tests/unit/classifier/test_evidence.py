import numpy as np
import pytest

from classifier.assessment import Evidence
from classifier.evidence import pick_evidence
from classifier.labels import Label
from classifier.story import Span, Story

P, O, C, B = Label  # noqa: E741
STORY = Story(id="s", title="Tïtle 😀", text="One. Two 👩‍👧. Thre\u0301e &amp; on.\r\nFour. Five.")
PLACES = (
    Span("title", 0, 7),
    Span("text", 0, 4),
    Span("text", 5, 13),
    Span("text", 14, 30),
    Span("text", 32, 37),
    Span("text", 38, 43),
)
QUOTES = ("Tïtle 😀", "One.", "Two 👩‍👧.", "Thre\u0301e &amp; on.", "Four.", "Five.")


def picked(scores, floors):
    """Label, first and last sentence and score of each quote; ``scores`` are those of one label or more."""
    probabilities = np.zeros((len(PLACES), 4))
    for label, column in scores.items():
        probabilities[:, list(Label).index(label)] = column
    evidence = pick_evidence(STORY, sentences=PLACES, probabilities=probabilities, floors=floors)
    assert all(quote.text == STORY.quote(Span(quote.field, quote.start, quote.end)) for quote in evidence)
    starts = [(place.field, place.start) for place in PLACES]
    ends = [(place.field, place.end) for place in PLACES]
    return [
        (q.label, starts.index((q.field, q.start)), ends.index((q.field, q.end)), q.score) for q in evidence
    ]


def test_quotes_are_the_words_of_their_places():
    assert tuple(STORY.quote(span) for span in PLACES) == QUOTES


def test_quote_comes_with_its_place_and_score():
    probabilities = np.zeros((6, 4))
    probabilities[3, 1] = 0.75
    evidence = pick_evidence(STORY, sentences=PLACES, probabilities=probabilities, floors={O: 0.5})
    assert evidence == (
        Evidence(label=O, text="Thre\u0301e &amp; on.", field="text", start=14, end=30, score=0.75),
    )
    assert type(evidence[0].score) is float


def test_best_comes_first():
    assert picked({O: [0.6, 0.0, 0.7, 0.0, 0.95, 0.0]}, {O: 0.5}) == [
        (O, 4, 4, 0.95),
        (O, 2, 2, 0.7),
        (O, 0, 0, 0.6),
    ]


def test_neighbours_that_reach_the_floor_are_one_passage_with_the_best_score():
    assert picked({O: [0.0, 0.0, 0.8, 0.9, 0.0, 0.0]}, {O: 0.8}) == [(O, 2, 3, 0.9)]


def test_neighbour_just_below_the_floor_is_left_out():
    assert picked({O: [0.0, 0.0, 0.799999, 0.9, 0.0, 0.0]}, {O: 0.8}) == [(O, 3, 3, 0.9)]


def test_passage_never_joins_title_and_text():
    assert picked({O: [0.9, 0.8, 0.0, 0.0, 0.0, 0.0]}, {O: 0.5}) == [(O, 0, 0, 0.9), (O, 1, 1, 0.8)]


def test_passage_is_three_sentences_at_most_and_takes_what_follows_first():
    found = picked({O: [0.0, 0.7, 0.9, 0.7, 0.7, 0.7]}, {O: 0.5})
    assert found == [(O, 2, 4, 0.9), (O, 1, 1, 0.7), (O, 5, 5, 0.7)]


def test_three_passages_are_the_most():
    story = Story(id="s", text="a. b. c. d. e. f. g.")
    places = tuple(Span("text", 3 * n, 3 * n + 2) for n in range(7))
    probabilities = np.zeros((7, 4))
    probabilities[::2, 1] = [0.6, 0.9, 0.8, 0.7]
    evidence = pick_evidence(story, sentences=places, probabilities=probabilities, floors={O: 0.5})
    assert [quote.text for quote in evidence] == ["c.", "e.", "g."]


def test_longer_sentence_beats_a_fragment_with_a_little_more():
    story = Story(id="s", text="Yes. And so. We have written all of it down for them and sent it off.")
    places = (Span("text", 0, 4), Span("text", 5, 12), Span("text", 13, len(story.text)))
    probabilities = np.zeros((3, 4))
    probabilities[:, 1] = [0.95, 0.0, 0.9]
    evidence = pick_evidence(story, sentences=places, probabilities=probabilities, floors={O: 0.5})
    assert [quote.score for quote in evidence] == [0.9, 0.95]


def test_fragment_over_the_floor_beats_any_sentence_below_it():
    story = Story(id="s", text="Yes. And so. We have written all of it down for them and sent it off.")
    places = (Span("text", 0, 4), Span("text", 5, 12), Span("text", 13, len(story.text)))
    probabilities = np.zeros((3, 4))
    probabilities[:, 1] = [0.95, 0.0, 0.93]
    evidence = pick_evidence(story, sentences=places, probabilities=probabilities, floors={O: 0.94})
    assert [quote.text for quote in evidence] == ["Yes."]


def test_best_is_quoted_even_below_the_floor():
    assert picked({O: [0.1, 0.2, 0.0, 0.0, 0.0, 0.0]}, {O: 0.8}) == [(O, 1, 1, 0.2)]


def test_labels_come_in_the_order_of_the_floors_and_one_sentence_may_carry_two():
    scores = {P: [0, 0, 0.9, 0, 0, 0], B: [0, 0, 0.7, 0, 0.9, 0]}
    assert picked(scores, {P: 0.5, B: 0.6}) == [(P, 2, 2, 0.9), (B, 4, 4, 0.9), (B, 2, 2, 0.7)]


@pytest.mark.parametrize("label", list(Label))
def test_label_without_a_floor_is_not_quoted(label):
    floors = {other: 0.5 for other in Label if other is not label}
    assert label not in [quoted for quoted, *_ in picked(dict.fromkeys(Label, [0.9] * 6), floors)]


def test_no_label_no_quotes():
    assert picked({O: [0.9] * 6}, {}) == []
