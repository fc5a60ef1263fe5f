"""Trains the gate (``classifier.gate``): a small convolution over the base encoder's word embeddings.

The embeddings are the base's own, cut down to their main directions and not trained, so that words which no
training story holds stand beside those that mean the like. A story's score is a soft maximum over its word
pieces; quoted words help to say where.

The threshold is found on stories that the scoring network has not learnt from: dev, and the training stories
by networks that were each fitted without a fifth of them. Only with so many can a share of 99.9% be shown.
"""

import logging
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from scipy.stats import beta
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from classifier.cues import find_cues, has_cue
from classifier.gate import Gate, GateNumbers
from classifier.pieces import StoryPieces, cut_pieces
from classifier.story import FIELDS, Span
from training.augment import Augmenter
from training.settings import TrainingSettings, base_folder
from training.splits import Splits, families
from training.stories import LabelledStory

logger = logging.getLogger(__name__)

KEPT = 0.999
"""What the lower bound (95%, one-sided) of the share of positives kept is asked to reach."""

FOLDS = 5
_SHARPNESS = 2.0
"""Of the soft maximum: at 2, one word piece far above the others gives nearly its own score."""
_WARM_UP_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """How the gate is trained; written into the bundle.

    ``width``: directions kept of the embeddings. ``filters``: patterns learnt, each over ``reach`` word
    pieces (odd). ``piece_loss``: weight of the loss over word pieces beside that over stories.
    ``unquoted_weight``: of an unquoted word piece in a story with a label, 0..1. ``borderline_weight``: of a
    borderline story.

    Cues are blanked out, since what they light is read anyway; so the network learns what else tells. For the
    same reason an unlabelled story with a cue counts ``cued_unlabelled_weight``, a labelled one
    ``cued_weight``, and a labelled one without any ``oblique_weight``.
    """

    width: int = 96
    filters: int = 160
    reach: int = 7
    epochs: int = 10
    stories_per_batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    dropout: float = 0.3
    piece_loss: float = 0.5
    unquoted_weight: float = 0.1
    borderline_weight: float = 0.3
    cued_weight: float = 0.5
    cued_unlabelled_weight: float = 0.0
    oblique_weight: float = 3.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFigures:
    """What the threshold keeps of the settled stories with a label, scored by networks that never saw them.

    ``missed``: ids of those held back. ``kept_at_least``: lower 95% bound (Clopper and Pearson)
    of the share kept. ``dev_passed_unlabelled``: share of dev stories without a label that get through all
    the same; they were written to be hard.
    """

    positives: int
    missed: tuple[str, ...]
    kept_at_least: float
    dev_passed_unlabelled: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class TrainedGate:
    """A gate with its threshold, and what that keeps."""

    numbers: GateNumbers
    figures: GateFigures


def train_gate(
    splits: Splits, *, base: str, tokenizer: Tokenizer, settings: GateSettings, seed: int
) -> TrainedGate:
    """Fits the gate on the training stories, and its threshold on scores from outside them.

    Args:
        base: as in ``TrainingSettings``. tokenizer: the encoder's; must neither truncate nor pad.
    """
    table = word_embeddings(base, width=settings.width)
    fitter = _Fitter(table, tokenizer, settings, seed)
    whole = fitter.fit(splits.train)
    outside = [(one, score) for one, score in zip(splits.dev, fitter.scores(whole, splits.dev), strict=True)]
    for number, fold in enumerate(folds(splits.train), start=1):
        logger.info("gate: fold %d of %d", number, FOLDS)
        held_out = {labelled.id for labelled in fold}
        part = fitter.fit(tuple(one for one in splits.train if one.id not in held_out))
        outside += zip(fold, fitter.scores(part, fold), strict=True)
    threshold, figures = choose_threshold(outside, dev=splits.dev)
    return TrainedGate(whole_numbers(whole, threshold=threshold), figures)


def folds(stories: Sequence[LabelledStory]) -> list[tuple[LabelledStory, ...]]:
    """``FOLDS`` parts that no family straddles, in an order that the stories alone decide."""
    groups = sorted(families(list(stories)), key=lambda family: min(one.id for one in family))
    random.Random(0).shuffle(groups)
    return [tuple(one for group in groups[part::FOLDS] for one in group) for part in range(FOLDS)]


def choose_threshold(
    scored: Sequence[tuple[LabelledStory, float]], *, dev: Sequence[LabelledStory]
) -> tuple[float, GateFigures]:
    """The highest threshold that keeps enough of the settled positives, and what it does.

    A story with a cue is kept whatever its score. Where even keeping all does not show ``KEPT``, the weakest
    positive sets the threshold.
    """
    positive = [(one, score) for one, score in scored if one.labels and not one.borderline]
    weakest = sorted((score, one.id) for one, score in positive if not has_cue(one.story, only_to_read=True))
    missed = 0
    while missed < len(weakest) - 1 and kept_at_least(len(positive), missed + 1) >= KEPT:
        missed += 1
    threshold = weakest[missed][0] if weakest else 0.0
    by_id = {one.id: score for one, score in scored}
    plain = [one for one in dev if not one.labels]
    passed = sum(has_cue(one.story, only_to_read=True) or by_id[one.id] >= threshold for one in plain)
    return threshold, GateFigures(
        positives=len(positive),
        missed=tuple(story for score, story in weakest if score < threshold),
        kept_at_least=kept_at_least(len(positive), missed),
        dev_passed_unlabelled=passed / max(1, len(plain)),
    )


def kept_at_least(positives: int, missed: int) -> float:
    """Lower bound, at 95% and one-sided, of the share kept when ``missed`` of ``positives`` were not.

    >>> round(kept_at_least(3000, 0), 4), round(kept_at_least(1000, 1), 4)
    (0.999, 0.9953)
    """
    return float(beta.ppf(0.05, positives - missed, missed + 1)) if positives > missed else 0.0


def word_embeddings(base: str, *, width: int) -> Tensor:
    """The base encoder's word embeddings in their ``width`` main directions, (vocabulary, width)."""
    weights = load_file(str(Path(base_folder(base)) / "model.safetensors"))
    (table,) = [value.float() for name, value in weights.items() if name.endswith("word_embeddings.weight")]
    table = torch.nn.functional.normalize(table - table.mean(dim=0), dim=1)
    width = min(width, *table.shape)
    _, directions = torch.linalg.eigh((table.T @ table).double())
    main = table @ directions.flip(1)[:, :width].float()
    return main / main.std()


@dataclass(frozen=True, slots=True)
class _Example:
    """Word pieces of a story, fields apart by pieces of nothing; which of them are quoted (0 or 1)."""

    ids: NDArray[np.int64]
    quoted: NDArray[np.float32]
    target: float
    weight: float


class _Net(torch.nn.Module):
    """Scores word pieces; the arithmetic of ``classifier.gate.Gate`` in floats."""

    def __init__(self, table: Tensor, settings: GateSettings) -> None:
        super().__init__()
        nothing = torch.zeros(1, table.shape[1])
        self.register_buffer("table", torch.cat([table, nothing]))
        self.reach = settings.reach
        self.filters = torch.nn.Linear(settings.reach * table.shape[1], settings.filters)
        self.out = torch.nn.Linear(settings.filters, 1)
        torch.nn.init.constant_(self.out.bias, -3.0)
        self.dropout = torch.nn.Dropout(settings.dropout)

    @property
    def nothing(self) -> int:
        """The id of what lies around a field."""
        return len(self.table) - 1

    def forward(self, ids: Tensor) -> Tensor:
        """Scores of the pieces with a whole reach around them: (pieces,) -> (pieces - reach + 1,)."""
        width = self.table.shape[1]
        row = self.dropout(self.table[ids]).reshape(-1)
        seen = row.unfold(0, self.reach * width, width)
        return self.out(self.dropout(torch.relu(self.filters(seen)))).squeeze(1)


@dataclass(frozen=True, slots=True)
class _Joined:
    """Examples end to end.

    ``owner``, ``real``, ``quoted``, of the pieces with a whole reach around them: whose they are, whether
    they are words at all, whether they are quoted. ``target`` and ``weight``: of each example.
    """

    ids: Tensor
    owner: Tensor
    real: Tensor
    quoted: Tensor
    target: Tensor
    weight: Tensor


@dataclass(frozen=True, slots=True)
class _Fitter:
    table: Tensor
    tokenizer: Tokenizer
    settings: GateSettings
    seed: int

    def fit(self, stories: Sequence[LabelledStory]) -> _Net:
        """A network that has learnt from ``stories``."""
        dice = random.Random(self.seed)
        torch.manual_seed(self.seed)
        net = _Net(self.table, self.settings)
        each = self.settings.stories_per_batch
        steps = self.settings.epochs * -(-len(stories) // each)
        optimiser = torch.optim.AdamW(
            net.parameters(), lr=self.settings.learning_rate, weight_decay=self.settings.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: min(1.0, (step + 1) / _WARM_UP_STEPS) * (1 - step / steps)
        )
        # Joining stories would only lengthen them: a maximum over word pieces has no use for that.
        augment = Augmenter.over(tuple(stories), settings=TrainingSettings(joined_share=0.0, seed=self.seed))
        for epoch in range(self.settings.epochs):
            drawn = [augment(one, epoch=epoch) for one in dice.sample(list(stories), len(stories))]
            examples = self._examples(drawn)
            total = 0.0
            for start in range(0, len(examples), each):
                loss = self._loss(net, self._join(net, examples[start : start + each]))
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                total += loss.item()
            logger.info("gate: epoch %d, loss %.4f", epoch + 1, total * each / len(examples))
        return net.eval()

    def scores(self, net: _Net, stories: Sequence[LabelledStory]) -> list[float]:
        """The score of each story's most telling word piece, as the gate in service computes it."""
        gate = Gate(whole_numbers(net, threshold=0.0))
        return gate.story_scores(cut_pieces([one.story for one in stories], tokenizer=self.tokenizer))

    def _examples(self, stories: Sequence[LabelledStory]) -> list[_Example]:
        cut = cut_pieces([one.story for one in stories], tokenizer=self.tokenizer)
        return [self._example(one, pieces) for one, pieces in zip(stories, cut, strict=True)]

    def _example(self, labelled: LabelledStory, pieces: StoryPieces) -> _Example:
        nothing, room = len(self.table), self.settings.reach // 2
        ids, quoted = [nothing] * room, [0.0] * room
        quotes = [quote.span for quote in labelled.evidence]
        cues = find_cues(labelled.story)
        for field in FIELDS:
            encoding = pieces.of(field)
            places = [Span(field, *offset) for offset in encoding.offsets]
            blank = [any(map(place.overlaps, cues)) for place in places]
            ids += [nothing if hidden else one for one, hidden in zip(encoding.ids, blank, strict=True)]
            quoted += [float(any(map(place.overlaps, quotes))) for place in places]
            ids, quoted = ids + [nothing] * room, quoted + [0.0] * room
        return _Example(
            np.array(ids),
            np.array(quoted, dtype=np.float32),
            float(bool(labelled.labels)),
            self._weight(labelled, bool(cues)),
        )

    def _weight(self, labelled: LabelledStory, cue: bool) -> float:
        weight = self.settings.borderline_weight if labelled.borderline else 1.0
        if cue:
            weight *= self.settings.cued_weight if labelled.labels else self.settings.cued_unlabelled_weight
        elif labelled.labels:
            weight *= self.settings.oblique_weight
        return weight

    def _join(self, net: _Net, examples: Sequence[_Example]) -> _Joined:
        room = self.settings.reach // 2
        ids = torch.from_numpy(np.concatenate([one.ids for one in examples]))
        inner = slice(room, len(ids) - room)
        owner = np.repeat(np.arange(len(examples)), [len(one.ids) for one in examples])
        quoted = np.concatenate([one.quoted for one in examples])
        return _Joined(
            ids,
            torch.from_numpy(owner)[inner],
            ids[inner] != net.nothing,
            torch.from_numpy(quoted)[inner],
            torch.tensor([one.target for one in examples]),
            torch.tensor([one.weight for one in examples]),
        )

    def _loss(self, net: _Net, batch: _Joined) -> Tensor:
        scores = net(batch.ids)
        stories = soft_maximum(scores.masked_fill(~batch.real, -1e4), batch.owner, len(batch.target))
        by_story = binary_cross_entropy_with_logits(stories, batch.target, reduction="none") * batch.weight
        unquoted = (batch.target[batch.owner] > 0) & (batch.quoted == 0)
        weight = torch.where(unquoted, self.settings.unquoted_weight, 1.0) * batch.real
        by_piece = binary_cross_entropy_with_logits(scores, batch.quoted, reduction="none") * weight
        return by_story.mean() + self.settings.piece_loss * by_piece.sum() / weight.sum()


def soft_maximum(scores: Tensor, owner: Tensor, owners: int) -> Tensor:
    """Of each owner's scores, at least the largest of them: (pieces,) -> (owners,)."""
    top = scores.new_full((owners,), -1e4).scatter_reduce(0, owner, scores.detach(), reduce="amax")
    above = torch.exp(_SHARPNESS * (scores - top[owner]))
    return top + torch.log(scores.new_zeros(owners).index_add(0, owner, above)) / _SHARPNESS


def whole_numbers(net: _Net, *, threshold: float) -> GateNumbers:
    """``net`` in whole numbers; the scales of table and filters go into the weights."""
    table = net.table[:-1].double().numpy()
    filters = net.filters.weight.detach().double().numpy()  # (filters, reach * width)
    table_scale = np.abs(table).max() / 127
    scales = np.maximum(np.abs(filters).max(axis=1), 1e-12) / 127
    weights = net.out.weight.detach().double().numpy()[0] * scales * table_scale
    unit = np.maximum(np.abs(weights).max(), 1e-30) / 32767
    shape = (len(scales), net.reach, table.shape[1])
    return GateNumbers(
        embeddings=np.round(table / table_scale).astype(np.int8),
        filters=np.round(filters / scales[:, np.newaxis]).reshape(shape).transpose(1, 2, 0).astype(np.int8),
        biases=np.round(net.filters.bias.detach().double().numpy() / scales / table_scale).astype(np.int32),
        weights=np.round(weights / unit).astype(np.int16),
        bias=np.array(round(float(net.out.bias.detach()) / unit), dtype=np.int64),
        unit=np.array(unit),
        threshold=np.array(threshold),
    )
