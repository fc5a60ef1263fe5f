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
    """Label and number of sentence for each quote; ``scores`` are those of one label or more."""
    probabilities = np.zeros((len(PLACES), 4))
    for label, column in scores.items():
        probabilities[:, list(Label).index(label)] = column
    evidence = pick_evidence(STORY, sentences=PLACES, probabilities=probabilities, floors=floors)
    return [(quote.label, QUOTES.index(quote.text), quote.score) for quote in evidence]


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


def test_best_come_first_and_three_are_the_most():
    assert picked({O: [0.6, 0.9, 0.7, 0.95, 0.8, 0.65]}, {O: 0.5}) == [(O, 3, 0.95), (O, 1, 0.9), (O, 4, 0.8)]


def test_others_than_the_best_must_reach_the_floor():
    scores = {O: [0.1, 0.8, 0.799999, 0.9, 0.0, 0.0]}
    assert picked(scores, {O: 0.8}) == [(O, 3, 0.9), (O, 1, 0.8)]


def test_best_is_quoted_even_below_the_floor():
    assert picked({O: [0.1, 0.2, 0.0, 0.0, 0.0, 0.0]}, {O: 0.8}) == [(O, 1, 0.2)]


def test_of_equals_the_earlier_comes_first():
    assert picked({O: [0.9] * 6}, {O: 0.8}) == [(O, 0, 0.9), (O, 1, 0.9), (O, 2, 0.9)]


def test_labels_come_in_the_order_of_the_floors_and_one_sentence_may_carry_two():
    scores = {P: [0, 0, 0.9, 0, 0, 0], B: [0, 0, 0.7, 0, 0.8, 0]}
    assert picked(scores, {P: 0.5, B: 0.6}) == [(P, 2, 0.9), (B, 4, 0.8), (B, 2, 0.7)]


@pytest.mark.parametrize("label", list(Label))
def test_label_without_a_floor_is_not_quoted(label):
    floors = {other: 0.5 for other in Label if other is not label}
    assert label not in [quoted for quoted, _, _ in picked(dict.fromkeys(Label, [0.9] * 6), floors)]


def test_no_label_no_quotes():
    assert picked({O: [0.9] * 6}, {}) == []
