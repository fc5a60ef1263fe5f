from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from classifier.assessment import Nation
from classifier.labels import LABELS
from classifier.story import Span, Story
from classifier.windows import Piece, Window, WindowSize
from training.features import Features, collate, featurise, token_count
from training.settings import TrainingSettings
from training.stories import LabelledStory, Quote

PLANNED, ONGOING, COMPLETED, OMBUDSMAN = LABELS
PAD, UNK, CLS, SEP = range(4)
SETTINGS = TrainingSettings(unquoted_weight=0.25, borderline_weight=0.5)
TEXT = "We waited. I put in a form. Tea came."


@pytest.fixture(scope="module")
def tokenizer():
    """Every word is one word piece, and so is every mark."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return tokenizer


def labelled(text, *quotes, title="", borderline=False):
    """``quotes``: label, words of text."""
    return LabelledStory(
        story=Story(id="U01-1", title=title, text=text),
        labels=tuple(label for label in LABELS if label in {label for label, _ in quotes}),
        evidence=tuple(
            Quote(label, Span("text", text.index(words), text.index(words) + len(words)))
            for label, words in quotes
        ),
        nation=Nation.UNKNOWN,
        borderline=borderline,
        phenomena=(),
    )


def features(*lengths, sentences=1, weight=1.0, first=0):
    """A story of windows of so many tokens, each with one sentence piece over its inside."""
    windows = tuple(
        Window(np.arange(first, first + length, dtype=np.int64), (Piece(0, 1, length - 1),))
        for length in lengths
    )
    ones = np.ones((sentences, 4), dtype=np.float32)
    return Features(windows, np.zeros(4, dtype=np.float32), ones, ones, weight)


# --- targets


def test_sentence_shows_a_label_where_a_quote_overlaps_it(tokenizer):
    found = featurise(labelled(TEXT, (ONGOING, "put in a form")), tokenizer=tokenizer, settings=SETTINGS)
    assert found.story_target.tolist() == [0, 1, 0, 0]
    assert found.sentence_target.tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_quote_over_two_sentences_marks_both(tokenizer):
    found = featurise(
        labelled(TEXT, (PLANNED, "waited. I"), (ONGOING, "form")), tokenizer=tokenizer, settings=SETTINGS
    )
    assert found.sentence_target[:, LABELS.index(PLANNED)].tolist() == [1, 1, 0]
    assert found.sentence_target[:, LABELS.index(ONGOING)].tolist() == [0, 1, 0]


def test_quote_in_the_title_marks_the_title(tokenizer):
    story = Story(id="U01-1", title="A form.", text=TEXT)
    shown = LabelledStory(
        story=story,
        labels=(ONGOING,),
        evidence=(Quote(ONGOING, Span("title", 0, 7)),),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )
    found = featurise(shown, tokenizer=tokenizer, settings=SETTINGS)
    assert found.sentence_target[:, LABELS.index(ONGOING)].tolist() == [1, 0, 0, 0]


def test_only_unquoted_sentences_of_a_held_label_weigh_less(tokenizer):
    found = featurise(labelled(TEXT, (ONGOING, "a form")), tokenizer=tokenizer, settings=SETTINGS)
    assert found.sentence_weight.tolist() == [[1, 0.25, 1, 1], [1, 1, 1, 1], [1, 0.25, 1, 1]]
    assert found.sentence_weight.dtype == found.sentence_target.dtype == np.float32


def test_story_without_labels_weighs_the_same_everywhere(tokenizer):
    found = featurise(labelled(TEXT), tokenizer=tokenizer, settings=SETTINGS)
    assert found.story_target.tolist() == [0, 0, 0, 0]
    assert (found.sentence_target == 0).all()
    assert (found.sentence_weight == 1).all()


@pytest.mark.parametrize(("borderline", "weight"), [(False, 1.0), (True, 0.5)])
def test_borderline_story_weighs_less_as_a_whole(tokenizer, borderline, weight):
    found = featurise(labelled(TEXT, borderline=borderline), tokenizer=tokenizer, settings=SETTINGS)
    assert found.weight == weight


def test_token_count_is_what_all_windows_read(tokenizer):
    size = WindowSize(tokens=16, overlap=0)
    # 12 word pieces and two special ones; then twice ten pieces, too many for one window
    assert token_count(labelled(TEXT), tokenizer=tokenizer, size=size) == 14
    twice = labelled(f"{'ward ' * 9}. {'bed ' * 9}.")
    assert token_count(twice, tokenizer=tokenizer, size=size) == 24


# --- batches


def test_batch_of_two_stories_is_laid_out_as_documented():
    one = Features(
        (Window(np.array([2, 7, 8, 9, 3]), (Piece(0, 1, 3), Piece(1, 3, 4))),),
        np.array([0, 1, 0, 0], dtype=np.float32),
        np.array([[0, 1, 0, 0], [0, 0, 0, 0]], dtype=np.float32),
        np.array([[1, 1, 1, 1], [1, 0.25, 1, 1]], dtype=np.float32),
        0.5,
    )
    other = Features(
        (Window(np.array([2, 5, 6, 7, 8, 3]), (Piece(0, 1, 5),)),),
        np.array([1, 0, 0, 1], dtype=np.float32),
        np.array([[1, 0, 0, 1]], dtype=np.float32),
        np.ones((1, 4), dtype=np.float32),
        1.0,
    )
    batch = collate([other, one])
    (group,) = batch["groups"]
    assert batch["story_target"].tolist() == [[1, 0, 0, 1], [0, 1, 0, 0]]
    assert batch["story_weight"].tolist() == [1.0, 0.5]
    assert group["input_ids"].tolist() == [[2, 7, 8, 9, 3, 0], [2, 5, 6, 7, 8, 3]]
    assert group["attention_mask"].tolist() == [[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]]
    assert group["pieces"].tolist() == [[0, 1, 3, 1], [0, 3, 4, 1], [1, 1, 5, 0]]
    assert group["sentence_target"].tolist() == [[0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1]]
    assert group["sentence_weight"].tolist() == [[0.5] * 4, [0.5, 0.125, 0.5, 0.5], [1] * 4]


def test_padding_has_the_id_asked_for():
    (group,) = collate([features(5), features(6)], pad_id=9)["groups"]
    assert group["input_ids"][0].tolist() == [0, 1, 2, 3, 4, 9]


def test_windows_of_unlike_length_go_into_groups_of_their_own():
    batch = collate([features(100, 10), features(12, 13), features(119, 121)])
    assert [tuple(group["input_ids"].shape) for group in batch["groups"]] == [
        (2, 12),
        (1, 13),
        (2, 119),
        (1, 121),
    ]


def test_group_without_a_scored_sentence_keeps_its_shape():
    silent = Features(
        (Window(np.array([2, 3]), ()),),
        np.zeros(4, dtype=np.float32),
        np.zeros((0, 4), dtype=np.float32),
        np.zeros((0, 4), dtype=np.float32),
        1.0,
    )
    (group,) = collate([silent])["groups"]
    assert {name: tuple(group[name].shape) for name in ("pieces", "sentence_target", "sentence_weight")} == {
        "pieces": (0, 4),
        "sentence_target": (0, 4),
        "sentence_weight": (0, 4),
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(3, 256), min_size=1, max_size=6), min_size=1, max_size=8))
def test_groups_hold_every_window_once_and_stretch_none_far(stories):
    # each window starts with a token id of its own, so it can be told from all others
    batch = collate([features(*lengths, first=1000 * number) for number, lengths in enumerate(stories)])
    seen = Counter()
    for group in batch["groups"]:
        lengths = group["attention_mask"].sum(dim=1).tolist()
        assert group["input_ids"].shape[1] == max(lengths) <= 1.2 * min(lengths)
        for window, start, end, story in group["pieces"].tolist():
            assert group["input_ids"][window, 0] == 1000 * story
            assert (start, end) == (1, lengths[window] - 1)
            seen[story, lengths[window]] += 1
        assert torch.equal(group["attention_mask"].bool(), _filled(lengths))
    assert seen == Counter((number, length) for number, lengths in enumerate(stories) for length in lengths)


def _filled(lengths):
    return torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]


def test_every_sentence_of_a_long_story_is_scored_in_some_window(tokenizer):
    story = labelled("\n".join(f"{'ward ' * 12}form {number}." for number in range(30)), (ONGOING, "form 17"))
    cut = TrainingSettings(window=WindowSize(tokens=64, overlap=20))
    batch = collate([featurise(story, tokenizer=tokenizer, settings=cut)])
    targets = torch.cat([group["sentence_target"] for group in batch["groups"]])
    assert targets.shape == (30, 4)
    assert targets.sum(dim=0).tolist() == [0, 1, 0, 0]
