from dataclasses import replace
from math import exp, log
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from classifier.assessment import Nation
from classifier.encoder import Encoder
from classifier.labels import LABELS
from classifier.story import Story
from classifier.windows import Piece, Window, WindowSize, read_windows
from training.export import export_encoder
from training.features import Features, collate, featurise
from training.head import loss, piece_logits, read_batch, story_logits
from training.settings import TrainingSettings
from training.stories import LabelledStory
from training.train import load_tokenizer, new_model, predict_logits

TINY = TrainingSettings(layers=1, hidden=32, window=WindowSize(tokens=48, overlap=16))
TEXTS = (
    "Kind nurses.",
    "I put in a complaint. They have not replied! What now?",
    "We waited in the hall for our turn, then waited again.\n" * 9 + "I shall complain to the ombudsman.",
    "ward " * 130,
    "Caf\u00e9 \U0001f622 closed \u2026 \u4f60\u597d",
)


def story(text, *, title="", number=0):
    return LabelledStory(
        story=Story(id=f"U01-{number}", title=title, text=text),
        labels=(),
        evidence=(),
        nation=Nation.UNKNOWN,
        borderline=False,
        phenomena=(),
    )


STORIES = tuple(
    story(text, title="A day" if number % 2 else "", number=number) for number, text in enumerate(TEXTS)
)


@pytest.fixture(scope="module")
def model():
    return new_model(TINY).eval()


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer(TINY)


@pytest.fixture(scope="module")
def batch(tokenizer):
    return collate([featurise(one, tokenizer=tokenizer, settings=TINY) for one in STORIES])


def cross_entropy(logit, target):
    chance = 1 / (1 + exp(-logit))
    return -log(chance if target else 1 - chance)


# --- pooling


def test_piece_logits_equal_a_plain_loop():
    logits = torch.randn(3, 11, 4, generator=torch.Generator().manual_seed(1))
    pieces = torch.tensor([[0, 1, 2, 0], [0, 2, 10, 0], [2, 0, 11, 1], [1, 10, 11, 1], [1, 3, 7, 2]])
    expected = torch.stack(
        [logits[window, start:end].mean(dim=0) for window, start, end, _ in pieces.tolist()]
    )
    torch.testing.assert_close(piece_logits(logits, pieces), expected)


def test_tokens_outside_a_piece_never_count():
    logits = torch.full((1, 6, 4), 1e4)
    logits[0, 2:4] = torch.tensor([[1.0, 2, 3, 4], [3.0, 4, 5, 6]])
    assert piece_logits(logits, torch.tensor([[0, 2, 4, 0]])).tolist() == [[2, 3, 4, 5]]


def test_story_logits_are_the_largest_of_each_label_on_its_own():
    logits = torch.tensor([[1.0, -5, 0, 2], [-9.0, -9, -9, -9], [0.0, 5, -1, 2], [-2.0, -3, -4, -5]])
    pieces = torch.tensor([[0, 1, 2, 0], [0, 2, 3, 1], [1, 1, 2, 0], [1, 2, 3, 1]])
    assert story_logits(logits, pieces, stories=2).tolist() == [[1, 5, 0, 2], [-2, -3, -4, -5]]


def test_only_the_best_sentence_learns_from_the_story_s_label():
    logits = torch.tensor([[1.0, 1, 1, 1], [2.0, 0, 2, 0]], requires_grad=True)
    pieces = torch.tensor([[0, 1, 2, 0], [0, 2, 3, 0]])
    story_logits(logits, pieces, stories=1).sum().backward()
    assert logits.grad.tolist() == [[0, 1, 0, 1], [1, 0, 1, 0]]


# --- losses


def made_by_hand():
    """Two stories of one window each, two sentences and one; a model that answers with token ids."""
    one = Features(
        (Window(np.array([0, 1, 2, 0]), (Piece(0, 1, 2), Piece(1, 2, 3))),),
        np.array([1, 0, 0, 0], dtype=np.float32),
        np.array([[0, 0, 0, 0], [1, 0, 0, 0]], dtype=np.float32),
        np.array([[0.25, 1, 1, 1], [1, 1, 1, 1]], dtype=np.float32),
        1.0,
    )
    other = Features(
        (Window(np.array([0, 3, 0, 0]), (Piece(0, 1, 3),)),),
        np.zeros(4, dtype=np.float32),
        np.zeros((1, 4), dtype=np.float32),
        np.ones((1, 4), dtype=np.float32),
        0.5,
    )

    def model(*, input_ids, attention_mask):
        return SimpleNamespace(logits=input_ids[..., None].float().expand(-1, -1, 4))

    return model, collate([one, other])


def by_story():
    # logits: 2 everywhere in the first story (largest of 1 and 2), 1.5 in the second (mean of 3 and 0)
    first = cross_entropy(2, 1) + 3 * cross_entropy(2, 0)
    return (first + 0.5 * 4 * cross_entropy(1.5, 0)) / (4 * 1 + 4 * 0.5)


def by_sentence():
    first = 0.25 * cross_entropy(1, 0) + 3 * cross_entropy(1, 0)
    second = cross_entropy(2, 1) + 3 * cross_entropy(2, 0)
    third = 0.5 * 4 * cross_entropy(1.5, 0)
    return (first + second + third) / (3.25 + 4 + 4 * 0.5)


@pytest.mark.parametrize("weight", [0.0, 1.0, 2.5])
def test_loss_is_the_weighted_story_loss_plus_the_weighted_sentence_loss(weight):
    model, batch = made_by_hand()
    found = loss(model, batch, sentence_loss=weight)
    assert found.item() == pytest.approx(by_story() + weight * by_sentence(), rel=1e-6)


def test_a_teacher_adds_the_squared_distance_from_its_piece_logits():
    model, batch = made_by_hand()

    def teacher(*, input_ids, attention_mask):  # pieces at 1, 2 and 1.5 are taught 3, 6 and 4.5
        return SimpleNamespace(logits=3 * model(input_ids=input_ids, attention_mask=attention_mask).logits)

    alone = loss(model, batch, sentence_loss=1.0).item()
    taught = loss(model, batch, sentence_loss=1.0, teacher=teacher, teacher_loss=0.5).item()
    assert taught - alone == pytest.approx(0.5 * (2**2 + 4**2 + 3**2) / 3, rel=1e-5)


def test_a_teacher_learns_nothing(batch):
    model, teacher = new_model(TINY), new_model(replace(TINY, seed=2))
    loss(model, batch, sentence_loss=1.0, teacher=teacher, teacher_loss=1.0).backward()
    assert not [weight for weight in teacher.parameters() if weight.grad is not None]


def test_loss_vanishes_when_every_logit_is_right_and_sure():
    certain = Features(
        (Window(np.array([0, 1, 0]), (Piece(0, 1, 2),)),),
        np.ones(4, dtype=np.float32),
        np.ones((1, 4), dtype=np.float32),
        np.ones((1, 4), dtype=np.float32),
        1.0,
    )

    def model(*, input_ids, attention_mask):
        return SimpleNamespace(logits=torch.full((*input_ids.shape, 4), 200.0))

    assert loss(model, collate([certain]), sentence_loss=1.0).item() == 0.0


def test_loss_of_real_words_reaches_every_weight_of_the_encoder(batch):
    model = new_model(TINY)
    loss(model, batch, sentence_loss=1.0).backward()
    assert [name for name, weight in model.named_parameters() if weight.grad is None] == []


# --- windows and stories


def test_padding_and_neighbours_never_change_a_story_s_logits(model, tokenizer, batch):
    with torch.inference_mode():
        together = story_logits(*read_batch(model, batch), stories=len(STORIES))
    alone = predict_logits(model, STORIES, tokenizer=tokenizer, settings=TINY)
    assert any((group["attention_mask"] == 0).any() for group in batch["groups"])
    np.testing.assert_allclose(together.numpy(), alone, atol=1e-5)


def test_what_stands_under_the_padding_does_not_matter(model, tokenizer):
    found = [featurise(one, tokenizer=tokenizer, settings=TINY) for one in STORIES]
    with torch.inference_mode():
        (zeros, _), (sevens, _) = (read_batch(model, collate(found, pad_id=pad)) for pad in (0, 7))
    torch.testing.assert_close(zeros, sevens)


def test_pieces_come_group_after_group(model, batch):
    logits, pieces = read_batch(model, batch)
    assert len(batch["groups"]) > 1
    assert pieces.tolist() == [row for group in batch["groups"] for row in group["pieces"].tolist()]
    assert logits.shape == (len(pieces), len(LABELS))


def test_serving_computes_the_sentence_logits_of_training(model, tokenizer, tmp_path):
    full, _ = export_encoder(model, tmp_path)
    encoder = Encoder(Path(full).read_bytes())
    for one in STORIES:
        readable = read_windows(one.story, tokenizer=tokenizer, size=TINY.window)
        features = featurise(one, tokenizer=tokenizer, settings=TINY)
        with torch.inference_mode():
            logits, pieces = read_batch(model, collate([features]))
        served = encoder.sentence_logits(readable)
        np.testing.assert_allclose(served, by_number(logits, pieces, readable, features), atol=1e-4)


def by_number(logits, pieces, readable, features):
    """Piece logits put back on sentence numbers, largest of each: (sentences, 4)."""
    windows = sorted(features.windows, key=lambda window: len(window.token_ids))
    numbers = [piece.sentence for window in windows for piece in window.pieces]
    found = np.full((len(readable.sentences), len(LABELS)), -np.inf, dtype=np.float32)
    for number, row in zip(numbers, logits.numpy(), strict=True):
        found[number] = np.maximum(found[number], row)
    assert len(pieces) == len(numbers)
    return found
