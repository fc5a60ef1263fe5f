"""The head: token logits -> sentence logits (mean) -> story logits (max), and the two losses.

The model itself is a stock token-classification encoder with four outputs; only what happens to its logits
is ours, and ``classifier.encoder`` does the same in numpy.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss


def piece_logits(token_logits: Tensor, pieces: Tensor) -> Tensor:
    """Mean of each piece's token logits.

    Args:
        token_logits: (windows, tokens, labels).
        pieces: (pieces, 4): window, start, end, story.

    Returns:
        (pieces, labels).
    """
    window, start, end, _ = pieces.unbind(dim=1)
    running = torch.nn.functional.pad(token_logits.cumsum(dim=1), (0, 0, 1, 0))
    return (running[window, end] - running[window, start]) / (end - start).unsqueeze(1)


def story_logits(logits: Tensor, pieces: Tensor, *, stories: int) -> Tensor:
    """Largest piece logit of each story and label: (pieces, labels) -> (stories, labels)."""
    empty = logits.new_full((stories, logits.shape[1]), -torch.inf)
    index = pieces[:, 3:4].expand_as(logits)
    return empty.scatter_reduce(0, index, logits, reduce="amax")


def loss(
    model: Module,
    batch: dict[str, Any],
    *,
    sentence_loss: float,
    teacher: Module | None = None,
    teacher_loss: float = 0.0,
) -> Tensor:
    """Story loss plus ``sentence_loss`` times the sentence loss, both weighted binary cross-entropies.

    With a ``teacher``, plus ``teacher_loss`` times the mean squared distance from its piece logits.
    """
    sentences, pieces = read_batch(model, batch)
    stories = story_logits(sentences, pieces, stories=len(batch["story_target"]))
    target = torch.cat([group["sentence_target"] for group in batch["groups"]])
    weight = torch.cat([group["sentence_weight"] for group in batch["groups"]])
    by_story = _cross_entropy(stories, batch["story_target"], batch["story_weight"].unsqueeze(1))
    value = by_story + sentence_loss * _cross_entropy(sentences, target, weight)
    if teacher is None:
        return value
    with torch.no_grad():
        taught, _ = read_batch(teacher, batch)
    return value + teacher_loss * mse_loss(sentences, taught)


def read_batch(model: Module, batch: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Piece logits (pieces, labels) of a collated batch, and its pieces (pieces, 4), group after group."""
    groups = batch["groups"]
    logits = [
        piece_logits(
            # A running sum in bfloat16 would lose the later tokens of a window.
            model(input_ids=group["input_ids"], attention_mask=group["attention_mask"]).logits.float(),
            group["pieces"],
        )
        for group in groups
    ]
    return torch.cat(logits), torch.cat([group["pieces"] for group in groups])


def _cross_entropy(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    weight = weight.expand_as(target)
    return binary_cross_entropy_with_logits(logits, target, weight=weight, reduction="sum") / weight.sum()
