import logging
from dataclasses import replace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from classifier.assessment import Nation
from classifier.labels import LABELS, Label
from classifier.story import Span, Story
from training.baselines import (
    EmbeddingsSvm,
    Keywords,
    ScoredBaseline,
    SequenceClassification,
    TfidfLogisticRegression,
    all_baselines,
    best_f1_threshold,
    sequences,
)
from training.baselines.baseline import whole_text
from training.baselines.batches import first_word_pieces, pad, read_by_length
from training.baselines.embeddings import embed
from training.baselines.scored import OneVsRest, held
from training.settings import TrainingSettings
from training.stories import LabelledStory, Quote

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS
TINY = TrainingSettings(layers=1, hidden=32, epochs=1)
SAYINGS = {
    frozenset({PLANNED}): "Soon I intend to write my grievance down",
    frozenset({ONGOING}): "Weeks pass and they still investigate",
    frozenset({COMPLETED}): "Finally upheld, closed with an apology",
    frozenset({OMBUDSMAN}): "Everything has gone to the ombudsman",
    frozenset({COMPLETED, OMBUDSMAN}): "Upheld, closed with an apology, gone to the ombudsman",
    frozenset(): "Kind nurses and a lovely clean ward",
}


def labelled(text, labels=(), *, title="", number=0):
    quotes = tuple(Quote(label, Span("text", 0, len(text))) for label in labels)
    return LabelledStory(
        story=Story(id=f"U01-{number:04}", title=title, text=text),
        labels=tuple(label for label in LABELS if label in labels),
        evidence=quotes,
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )


def separable(copies):
    """Each saying `copies` times, with words around it that say nothing."""
    places = ("in Leeds", "in Perth", "in Cardiff", "in Derry")
    return [
        labelled(f"{saying} {places[(copy + number) % 4]}.", labels, number=10 * copy + number)
        for copy in range(copies)
        for number, (labels, saying) in enumerate(SAYINGS.items())
    ]


def truth(stories):
    return [frozenset(story.labels) for story in stories]


def predicted(text, *, title=""):
    return Keywords().predict([labelled(text, title=title)])[0]


# --- all of them


def test_all_four_baselines_are_named_once_cheapest_first(tmp_path):
    names = [baseline.name for baseline in all_baselines(TINY, folder=tmp_path)]
    assert names == ["keywords", "tfidf-logistic-regression", "embeddings-svm", "sequence-classification"]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    baselines = all_baselines(TINY, folder=tmp_path_factory.mktemp("baselines"))
    return [baseline.fit(separable(4), separable(2)) for baseline in baselines]


def test_fitting_gives_the_baseline_itself(fitted):
    kinds = [Keywords, TfidfLogisticRegression, EmbeddingsSvm, SequenceClassification]
    assert [type(baseline) for baseline in fitted] == kinds


def test_every_baseline_gives_each_story_its_labels(fitted):
    for baseline in fitted:
        answers = baseline.predict(separable(2))
        assert len(answers) == 12
        assert all(isinstance(answer, frozenset) for answer in answers)
        assert all(isinstance(label, Label) for answer in answers for label in answer)


def test_every_baseline_gives_no_story_no_answer(fitted):
    assert [baseline.predict([]) for baseline in fitted] == [[]] * 4


def test_scores_of_a_story_do_not_depend_on_its_neighbours_or_their_order(fitted):
    stories = [labelled("kind " * 90), *separable(1)]
    for baseline in fitted[1:]:
        together = baseline.scores(stories)
        np.testing.assert_allclose(baseline.scores(stories[:1]), together[:1], atol=1e-5)
        np.testing.assert_allclose(baseline.scores(stories[3:4]), together[3:4], atol=1e-5)


def test_no_baseline_looks_at_the_labels_of_the_stories_it_predicts(fitted):
    dev = separable(2)
    bare = [replace(story, labels=(), evidence=()) for story in dev]
    for baseline in fitted:
        assert baseline.predict(bare) == baseline.predict(dev)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_scored_baseline_that_has_learnt_nothing_says_so(tmp_path, number):
    baseline = all_baselines(TINY, folder=tmp_path)[number]
    with pytest.raises(NotFittedError, match=f"{baseline.name}: has learnt nothing yet"):
        baseline.predict(separable(1))


def test_title_is_read_before_the_text():
    assert whole_text(Story(id="a", title="Ward 7", text="Kind.")) == "Ward 7\nKind."


def test_blank_title_adds_nothing():
    assert whole_text(Story(id="a", title="  ", text="Kind.")) == "Kind."


# --- keyword rules


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("I am going to make a formal complaint about the wait.", {PLANNED}),
        ("How do I go about making a complaint? How do I complain?", {PLANNED}),
        ("I'm thinking of complaining.", {PLANNED}),
        ("I have lodged an official complaint with the trust.", {ONGOING}),
        ("We're at Stage 2 now.", {ONGOING}),
        ("My complaint went in on Monday and I have heard nothing.", {ONGOING}),
        ("I put in a complaint and it was upheld.", {COMPLETED}),
        ("They sent their final response.", {COMPLETED}),
        ("I have sent it all to the PHSO.", {OMBUDSMAN}),
        ("My complaint was dismissed so the Ombudsman is next.", {COMPLETED, OMBUDSMAN}),
        ("No complaints at all, and I can't complain about the food.", set()),
        ("The presenting complaint was a sore knee; I complained of pain.", set()),
        ("I don\u2019t want to make a complaint.", set()),
        ("I was going to complain but let it be.", set()),
        ("We decided against making a complaint.", set()),
        ("The nurses were wonderful.", set()),
        ("I went to the Financial Ombudsman over the insurance.", set()),
    ],
)
def test_keywords_give_exactly_these_labels(text, labels):
    assert predicted(text) == labels


def test_a_phrase_that_is_no_complaint_leaves_a_complaint_elsewhere_alone():
    assert predicted("No complaints about the nurses. I have made a complaint about parking.") == {ONGOING}


def test_keywords_read_the_title_and_any_capitals():
    assert predicted("Nothing more to say.", title="GOING TO THE OMBUDSMAN") == {OMBUDSMAN}


def test_keywords_do_not_reach_over_the_end_of_a_sentence():
    assert predicted("They mislaid the complaint. I am waiting for an operation.") == set()


def test_keywords_match_typographic_apostrophes_too():
    assert (
        predicted("I\u2019ll be making a complaint.") == predicted("I'll be making a complaint.") == {PLANNED}
    )


# --- thresholds


def scores(*values):
    return np.array(values, dtype=np.float64)


def holds(*values):
    return np.array(values, dtype=np.bool_)


def test_threshold_lies_halfway_between_the_scores_it_parts():
    assert best_f1_threshold(scores(-1, 3, 1, -3), holds(0, 1, 1, 0)) == 0.0
    assert best_f1_threshold(scores(0, 3, 2, -3), holds(0, 1, 1, 0)) == 1.0


def test_threshold_is_open_below_where_every_story_had_best_count():
    assert best_f1_threshold(scores(4, 2, 1), holds(1, 1, 1)) == -np.inf
    assert best_f1_threshold(scores(4, 2, 1), holds(0, 1, 1)) == -np.inf


def test_best_f1_may_take_a_false_story_to_gain_a_true_one():
    # over 5: 2/3; over 3: 2/4; over 1: 4/5
    assert best_f1_threshold(scores(5, 3, 1, -1), holds(1, 0, 1, 0)) == 0.0


def test_of_equally_good_thresholds_the_highest_is_taken():
    # one story of one right: 2/3; two of four right: 4/6
    assert best_f1_threshold(scores(4, 3, 2, 1), holds(1, 0, 0, 1)) == 3.5


def test_equal_scores_are_never_parted():
    # parting the two 2s would give F1 1, which no threshold can
    assert best_f1_threshold(scores(2, 2, 0), holds(1, 0, 0)) == 1.0


@pytest.mark.parametrize(("values", "truths"), [((1, 2), (0, 0)), ((7, 7), (1, 0)), ((7,), (1,)), ((), ())])
def test_threshold_is_undecided_where_dev_has_nothing_to_choose_by(values, truths):
    assert best_f1_threshold(scores(*values), holds(*truths)) == 0.0


def test_single_precision_scores_give_a_threshold_strictly_between_neighbours():
    low = np.float32(1)
    high = np.nextafter(low, np.float32(2))
    threshold = best_f1_threshold(np.array([high, low]), holds(1, 0))
    assert float(low) < threshold < float(high)


def test_held_has_a_row_a_story_and_a_column_a_label():
    stories = [labelled("a", (COMPLETED, PLANNED)), labelled("b")]
    assert held(stories).tolist() == [[True, False, True, False], [False] * 4]
    assert held([]).shape == (0, 4)


def test_a_label_that_training_never_or_always_held_gets_a_constant_score():
    features = np.array([[0.0], [1.0]])
    one_vs_rest = OneVsRest.over(features, held([labelled("a", (PLANNED,))] * 2), scorer=_unreachable)
    assert one_vs_rest.scores(features).tolist() == [[1, -1, -1, -1]] * 2


def _unreachable():
    raise AssertionError("nothing can be learnt from one class")


@pytest.mark.parametrize(("score", "reached"), [(0.99, False), (1.0, True), (1.01, True)])
def test_a_label_holds_at_its_threshold_and_above(score, reached):
    baseline = _Numbers().fit([], [labelled("2", (OMBUDSMAN,)), labelled("0")])
    assert baseline.predict([labelled(str(score))]) == [{OMBUDSMAN} if reached else set()]


class _Numbers(ScoredBaseline):
    """Scores the ombudsman by the number that a story consists of, the other labels below 0."""

    name = "numbers"

    def learn(self, train):
        pass

    def scores(self, stories):
        return np.array([[-1, -1, -1, float(story.story.text)] for story in stories])


# --- TF-IDF


def test_tfidf_learns_a_separable_set_exactly():
    baseline = TfidfLogisticRegression(TINY).fit(separable(4), separable(2))
    unseen = [labelled(f"{saying} in Belfast.", labels) for labels, saying in SAYINGS.items()]
    assert baseline.predict(unseen) == truth(unseen)


def test_tfidf_ignores_words_of_a_single_training_story():
    train = [*separable(3), labelled("zebra zebra zebra", (PLANNED,))]
    baseline = TfidfLogisticRegression(TINY).fit(train, separable(2))
    one, other = labelled("zebra"), labelled("giraffe")
    assert (baseline.scores([one]) == baseline.scores([other])).all()


def test_without_dev_stories_the_learnt_boundary_stands():
    baseline = TfidfLogisticRegression(TINY).fit(separable(4), [])
    at_zero = baseline.scores(separable(2)) >= 0
    assert baseline.predict(separable(2)) == [
        frozenset(label for label, yes in zip(LABELS, row, strict=True) if yes) for row in at_zero
    ]


# --- word pieces


def test_a_story_is_cut_after_its_first_word_pieces():
    long = labelled("ward " * 500)
    (row,) = first_word_pieces([long], settings=TINY, limit=128)
    assert (len(row), row[0], row[-1]) == (128, 101, 102)


def test_padding_is_masked():
    batch = pad([[101, 7, 102], [101, 102]])
    assert batch["input_ids"].tolist() == [[101, 7, 102], [101, 102, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]


def test_rows_read_by_length_come_back_in_their_own_order():
    rows = [[1] * (1 + (7 * number) % 50) for number in range(70)]
    shapes = []

    def count(inputs):
        shapes.append(inputs["input_ids"].shape)
        return inputs["attention_mask"].sum(dim=1, keepdim=True)

    read = read_by_length(rows, read=count, device="cpu")
    assert read[:, 0].tolist() == [len(row) for row in rows]
    assert [batch for batch, _ in shapes] == [32, 32, 6]
    assert [longest for _, longest in shapes] == sorted(longest for _, longest in shapes)


# --- embeddings


def test_embedding_does_not_depend_on_batch_neighbours():
    short, long = labelled("Kind staff."), labelled("They kept us waiting for hours and hours. " * 40)
    together = embed([short, long, *separable(2)], settings=TINY)
    assert together.shape == (14, 32)
    np.testing.assert_allclose(together[0], embed([short], settings=TINY)[0], atol=1e-5)
    np.testing.assert_allclose(together[1], embed([long], settings=TINY)[0], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_embedding_is_blind_past_256_word_pieces():
    start = "ward " * 254
    same, other = embed([labelled(start), labelled(start + "complaint upheld")], settings=TINY)
    np.testing.assert_allclose(same, other, atol=1e-5)


def test_embeddings_and_svm_tell_sayings_apart_even_on_an_untrained_encoder():
    train = separable(4)
    assert EmbeddingsSvm(TINY).fit(train, train).predict(train) == truth(train)


# --- stock sequence classification


def test_sequence_classification_resumes_and_answers_the_same(tmp_path):
    train, dev = separable(4), separable(2)
    first = SequenceClassification(TINY, folder=tmp_path).fit(train, dev)
    (run,) = tmp_path.iterdir()
    (checkpoint,) = run.glob("checkpoint-*")
    assert checkpoint.name == "checkpoint-2"  # 24 stories in batches of 16, one epoch
    written = (checkpoint / "model.safetensors").stat().st_mtime_ns
    again = SequenceClassification(TINY, folder=tmp_path).fit(train, dev)
    assert (checkpoint / "model.safetensors").stat().st_mtime_ns == written
    np.testing.assert_allclose(again.scores(dev), first.scores(dev), atol=1e-6)


def test_sequence_classification_stopped_half_way_ends_where_it_would_have(tmp_path, monkeypatch):
    settings, train = replace(TINY, epochs=2), separable(4)
    straight = SequenceClassification(settings, folder=tmp_path / "straight").fit(train, train)
    batches, collate = [], sequences._collate

    def stop_in_second_epoch(rows):
        batches.append(rows)
        if len(batches) == 4:
            raise KeyboardInterrupt
        return collate(rows)

    with monkeypatch.context() as patch:
        patch.setattr(sequences, "_collate", stop_in_second_epoch)
        with pytest.raises(KeyboardInterrupt):
            SequenceClassification(settings, folder=tmp_path / "stopped").fit(train, train)
    assert [c.name for c in tmp_path.glob("stopped/*/checkpoint-*")] == ["checkpoint-2"]
    resumed = SequenceClassification(settings, folder=tmp_path / "stopped").fit(train, train)
    np.testing.assert_allclose(resumed.scores(train), straight.scores(train), atol=1e-5)


def test_sequence_classification_keeps_runs_on_other_stories_apart(tmp_path):
    for copies in (1, 2):
        SequenceClassification(TINY, folder=tmp_path).fit(separable(copies), separable(1))
    assert len(list(tmp_path.iterdir())) == 2


def test_sequence_classification_learns_in_three_epochs_however_many_are_set(tmp_path):
    train = [labelled("kind ward"), labelled("complaint upheld", (COMPLETED,))] * 24
    baseline = SequenceClassification(replace(TINY, epochs=9), folder=tmp_path).fit(train, train)
    (checkpoint,) = tmp_path.glob("*/checkpoint-*")
    assert checkpoint.name == "checkpoint-9"  # 48 stories in batches of 16, three epochs
    assert [COMPLETED in labels for labels in baseline.predict(train[:2])] == [False, True]


def test_training_neither_prints_nor_logs_a_story(tmp_path, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    train = [*separable(1), labelled("canarywordxyz canarywordxyz", (PLANNED,))]
    SequenceClassification(TINY, folder=tmp_path).fit(train, train).predict(train)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "canarywordxyz" not in caplog.text + printed.err
