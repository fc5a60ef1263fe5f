"""How far a draft may be off, found on dev, and how many windows it saves from being read for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from classifier.bundle import draft_floor
from classifier.encoder import Encoder
from classifier.windows import WindowSize, read_windows
from training.export import Decisions
from training.stories import LabelledStory


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftFigures:
    """``margin``: by how much at most the draft of a dev sentence lay below the logit that is read for good.

    ``windows_saved``: the share of dev windows, 0..1, whose draft stands with that margin;
    ``ordinary_windows_saved``: of those of stories without a label.
    """

    margin: float
    windows_saved: float
    ordinary_windows_saved: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BothReadings:
    """Dev stories, read both ways by an encoder that makes drafts; logits are uncalibrated.

    ``logits``: of each story, read for good, shape (stories, 4). ``drafts``: the largest of each window's
    draft, shape (windows, 4). ``shortfall``: by how much at most a sentence's draft lay below its logit, 0 if
    it never did. ``ordinary``: whether a window is of a story without a label, shape (windows,).
    """

    logits: NDArray[np.float32]
    drafts: NDArray[np.float32]
    shortfall: float
    ordinary: NDArray[np.bool_]


def read_both_ways(
    encoder: Path, dev: Sequence[LabelledStory], *, tokenizer: Tokenizer, size: WindowSize
) -> BothReadings:
    """Reads each dev window both ways."""
    session = Encoder(encoder.read_bytes(), threads=2)
    logits, drafts, ordinary, shortfall = [], [], [], 0.0
    for labelled in dev:
        found = []
        for window in read_windows(labelled.story, tokenizer=tokenizer, size=size).windows:
            draft, good = (session.piece_logits(window, draft=way) for way in (True, False))
            shortfall = max(shortfall, float((good - draft).max()))
            found.append(good.max(axis=0))
            drafts.append(draft.max(axis=0))
            ordinary.append(not labelled.labels)
        logits.append(np.max(found, axis=0))
    return BothReadings(
        logits=np.stack(logits), drafts=np.stack(drafts), shortfall=shortfall, ordinary=np.array(ordinary)
    )


def measure_drafts(readings: BothReadings, *, decisions: Decisions) -> DraftFigures:
    """With the largest shortfall as margin no decision on dev can change.

    Other stories may have a larger one, but it only matters where it hides a sentence that just reaches its
    threshold.
    """
    margin = float(np.ceil(readings.shortfall * 100) / 100)
    floor = draft_floor(thresholds=decisions.thresholds, calibration=decisions.calibration, margin=margin)
    saved, plain = (readings.drafts < floor).all(axis=1), readings.ordinary
    return DraftFigures(
        margin=margin,
        windows_saved=float(saved.mean()),
        ordinary_windows_saved=float(saved[plain].mean()) if plain.any() else 0.0,
    )
