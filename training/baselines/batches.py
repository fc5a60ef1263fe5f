"""Stories as a stock encoder reads them: cut after so many word pieces, padded, batched by length."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from training.baselines.baseline import whole_text
from training.settings import TrainingSettings
from training.stories import LabelledStory
from training.train import load_tokenizer

_STORIES_PER_BATCH = 32


def first_word_pieces(
    stories: Sequence[LabelledStory], *, settings: TrainingSettings, limit: int
) -> list[list[int]]:
    """Token ids of each story's first word pieces, at most ``limit`` with the special tokens.

    Whatever comes later in a story goes unread: this is the cut that the product does not make.
    """
    tokenizer = load_tokenizer(settings)
    tokenizer.enable_truncation(limit)
    return [coded.ids for coded in tokenizer.encode_batch_fast([whole_text(s.story) for s in stories])]


def pad(rows: Sequence[list[int]], *, pad_id: int = 0) -> dict[str, torch.Tensor]:
    """``input_ids`` and ``attention_mask``, both (rows, tokens of the longest row)."""
    longest = max(len(row) for row in rows)
    return {
        "input_ids": torch.tensor([row + [pad_id] * (longest - len(row)) for row in rows]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows]),
    }


def read_by_length(
    rows: Sequence[list[int]],
    *,
    read: Callable[[dict[str, torch.Tensor]], torch.Tensor],
    device: torch.device,
) -> NDArray[np.float32]:
    """``read`` over batches of rows of like length; shape (rows, n), in the order of ``rows``."""
    order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
    batches = [order[i : i + _STORIES_PER_BATCH] for i in range(0, len(order), _STORIES_PER_BATCH)]
    with torch.inference_mode():
        parts = []
        for batch in batches:
            inputs = {key: value.to(device) for key, value in pad([rows[number] for number in batch]).items()}
            parts.append(read(inputs).float().cpu().numpy())
    return np.concatenate(parts)[np.argsort(order)]
