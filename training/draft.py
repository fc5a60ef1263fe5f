"""How far a draft may be off, found on dev, and how many windows it saves from being read for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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


def measure_drafts(
    encoder: Path,
    dev: Sequence[LabelledStory],
    *,
    tokenizer: Tokenizer,
    size: WindowSize,
    decisions: Decisions,
) -> DraftFigures:
    """Reads each dev window both ways.

    With the largest shortfall as margin no decision on dev can change. Other stories may have a larger one,
    but it only matters where it hides a sentence that just reaches its threshold.
    """
    session = Encoder(encoder.read_bytes(), threads=2)
    drafts, shortfall, ordinary = [], 0.0, []
    for labelled in dev:
        for window in read_windows(labelled.story, tokenizer=tokenizer, size=size).windows:
            draft, good = (session.piece_logits(window, draft=way) for way in (True, False))
            shortfall = max(shortfall, float((good - draft).max()))
            drafts.append(draft.max(axis=0))
            ordinary.append(not labelled.labels)
    margin = float(np.ceil(shortfall * 100) / 100)
    floor = draft_floor(thresholds=decisions.thresholds, calibration=decisions.calibration, margin=margin)
    saved, plain = (np.stack(drafts) < floor).all(axis=1), np.array(ordinary)
    return DraftFigures(
        margin=margin,
        windows_saved=float(saved.mean()),
        ordinary_windows_saved=float(saved[plain].mean()) if plain.any() else 0.0,
    )
