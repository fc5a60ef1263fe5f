"""Turns labelled stories into what the encoder reads and what the losses compare with.

Windows come from ``classifier.windows``, the same preparation that serving uses.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from classifier.labels import LABELS
from classifier.windows import Window, WindowSize, read_windows
from training.settings import TrainingSettings
from training.stories import LabelledStory

_MOST_STRETCH = 1.2


@dataclass(frozen=True, slots=True)
class Features:
    """One story for the encoder.

    ``windows``: what is read. ``story_target``: float32, shape (4,). ``sentence_target`` and
    ``sentence_weight``: float32, shape (sentences, 4). ``weight``: of the whole story in the loss.
    """

    windows: tuple[Window, ...]
    story_target: NDArray[np.float32]
    sentence_target: NDArray[np.float32]
    sentence_weight: NDArray[np.float32]
    weight: float


def featurise(labelled: LabelledStory, *, tokenizer: Tokenizer, settings: TrainingSettings) -> Features:
    """Windows and targets of one story; a sentence shows a label when a quote of it overlaps the sentence."""
    readable = read_windows(labelled.story, tokenizer=tokenizer, size=settings.window)
    target = np.zeros((len(readable.sentences), len(LABELS)), dtype=np.float32)
    for quote in labelled.evidence:
        column = LABELS.index(quote.label)
        for row, sentence in enumerate(readable.sentences):
            if sentence.overlaps(quote.span):
                target[row, column] = 1.0
    held = np.array([label in labelled.labels for label in LABELS], dtype=np.float32)
    weight = np.where((held == 1) & (target == 0), settings.unquoted_weight, 1.0).astype(np.float32)
    story_weight = settings.borderline_weight if labelled.borderline else 1.0
    return Features(readable.windows, held, target, weight, story_weight)


def token_count(labelled: LabelledStory, *, tokenizer: Tokenizer, size: WindowSize) -> int:
    """Word pieces over all windows: what a story costs to read."""
    return sum(len(w.token_ids) for w in read_windows(labelled.story, tokenizer=tokenizer, size=size).windows)


def collate(batch: list[Features], *, pad_id: int = 0) -> dict[str, Any]:
    """Tensors of one batch.

    Windows are put into groups of like length, so that little is read that is only padding:
    ``groups`` holds, for each, ``input_ids`` and ``attention_mask`` (windows, tokens), ``pieces`` (pieces, 4)
    with window, start, end and story of each scored sentence piece, and ``sentence_target`` and
    ``sentence_weight`` (pieces, 4). Beside it ``story_target`` (stories, 4) and ``story_weight`` (stories,).
    """
    windows = [(story, window) for story, features in enumerate(batch) for window in features.windows]
    windows.sort(key=lambda entry: len(entry[1].token_ids))
    return {
        "groups": [_group(group, batch, pad_id) for group in _like_lengths(windows)],
        "story_target": torch.from_numpy(np.stack([features.story_target for features in batch])),
        "story_weight": torch.tensor([features.weight for features in batch], dtype=torch.float32),
    }


def _like_lengths(windows: list[tuple[int, Window]]) -> list[list[tuple[int, Window]]]:
    """Runs of the sorted ``windows`` in which the longest is at most a fifth longer than the shortest."""
    groups: list[list[tuple[int, Window]]] = []
    for entry in windows:
        if groups and len(entry[1].token_ids) <= _MOST_STRETCH * len(groups[-1][0][1].token_ids):
            groups[-1].append(entry)
        else:
            groups.append([entry])
    return groups


def _group(windows: list[tuple[int, Window]], batch: list[Features], pad_id: int) -> dict[str, torch.Tensor]:
    longest = max(len(window.token_ids) for _, window in windows)
    ids = torch.full((len(windows), longest), pad_id, dtype=torch.long)
    mask = torch.zeros((len(windows), longest), dtype=torch.long)
    pieces, targets, weights = [], [], []
    for row, (story, window) in enumerate(windows):
        ids[row, : len(window.token_ids)] = torch.from_numpy(window.token_ids)
        mask[row, : len(window.token_ids)] = 1
        for piece in window.pieces:
            pieces.append((row, piece.start, piece.end, story))
            targets.append(batch[story].sentence_target[piece.sentence])
            weights.append(batch[story].sentence_weight[piece.sentence] * batch[story].weight)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "pieces": torch.tensor(pieces, dtype=torch.long).reshape(-1, 4),
        "sentence_target": torch.from_numpy(np.array(targets, dtype=np.float32).reshape(-1, len(LABELS))),
        "sentence_weight": torch.from_numpy(np.array(weights, dtype=np.float32).reshape(-1, len(LABELS))),
    }
